"""The one currency of rendering, import, LMDB, export and live training: a batch of samples.

Samples travel in columns, because one Python object per line would cost more than its JPEG.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.effects import RECORDED

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]
MetaArray = NDArray[np.void]

# Strengths that are kept with every line, in this order; NaN where an engine does not know one.
EFFECTS = tuple(effect.recorded for effect in RECORDED)

UNKNOWN = 0xFFFF  # corpus or face of a sample that names none

META_DTYPE = np.dtype(
    [
        ("index", "<u8"),  # sample index within its render or its source
        ("sentence", "<u8"),  # hash of the normalised sentence, or of the label where none is known
        ("corpus", "<u2"),  # position in DatasetInfo.corpora, or UNKNOWN
        ("face", "<u2"),  # position in DatasetInfo.faces, or UNKNOWN
        ("height", "<u2"),  # pixels
        ("width", "<u2"),  # pixels
        ("inserted", "u1"),  # characters inserted for rare classes; 0 is text as it was
        ("attempt", "u1"),  # redraws that it took
        ("side", "u1"),  # Split.code, for samples that bring their own split
        ("effects", "<f2", (len(EFFECTS),)),
    ]
)


def unknown_meta(count: int) -> MetaArray:
    """META_DTYPE rows that claim nothing, numbered from 0, (count,)."""
    meta = np.zeros(count, META_DTYPE)
    meta["index"] = np.arange(count)
    meta["corpus"] = UNKNOWN
    meta["face"] = UNKNOWN
    meta["effects"] = np.nan
    return meta


def unknown_centres(texts: Sequence[str]) -> FloatArray:
    """Centres of the characters of labels where they are not known: NaN, (B, L)."""
    return np.full((len(texts), max(map(len, texts), default=0)), np.nan, np.float32)


def stack_rows(arrays: Sequence[FloatArray]) -> FloatArray:
    """Join arrays (B, L, ...) of differing L: (sum of B, longest L, ...), NaN beyond each L."""
    length = max((array.shape[1] for array in arrays), default=0)
    tail = arrays[0].shape[2:] if arrays else ()
    joined = np.full((sum(map(len, arrays)), length, *tail), np.nan, np.float32)
    row = 0
    for array in arrays:
        joined[row : row + len(array), : array.shape[1]] = array
        row += len(array)
    return joined


@dataclass(frozen=True, slots=True)
class LabelTable:
    """All that is known of B lines but their pixels, in columns.

    Attributes:
        texts: labels, normalised onto the alphabet where one is known.
        meta: META_DTYPE, (B,).
        centres: x of each character's centre in pixels, (B, L) float32, L at least the longest
            label; NaN beyond a label's end and where it is not known.
    """

    texts: list[str]
    meta: MetaArray
    centres: FloatArray

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, positions: IntArray) -> "LabelTable":
        """The lines at some positions, in that order."""
        texts = [self.texts[i] for i in positions.tolist()]
        return LabelTable(texts, self.meta[positions], self.centres[positions])

    @staticmethod
    def concatenate(parts: Sequence["LabelTable"]) -> "LabelTable":
        """The lines of all parts, in order."""
        return LabelTable(
            texts=[text for part in parts for text in part.texts],
            meta=np.concatenate([np.zeros(0, META_DTYPE), *(part.meta for part in parts)]),
            centres=stack_rows([part.centres for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class Samples:
    """B lines in columns.

    Attributes:
        images: encoded JPEG or PNG bytes, as they are stored.
        texts: labels, normalised onto the alphabet where one is known.
        meta: META_DTYPE, (B,).
        centres: x of each character's centre in pixels, (B, L) float32, L at least the longest
            label; NaN beyond a label's end and where it is not known.
        quads: corners of each character after all geometry, (B, L, 4, 2) float32 as (x, y) from
            the top left clockwise; None unless asked for.
        masks: the ink coverage of each line as PNG bytes; None unless asked for.
    """

    images: list[bytes]
    texts: list[str]
    meta: MetaArray
    centres: FloatArray
    quads: FloatArray | None = None
    masks: list[bytes] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def labels(self) -> LabelTable:
        """The lines without their pixels."""
        return LabelTable(self.texts, self.meta, self.centres)

    def take(self, positions: Sequence[int] | IntArray) -> "Samples":
        """The lines at some positions, in that order."""
        rows = np.asarray(positions, np.int64)
        chosen = rows.tolist()
        masks = self.masks
        return Samples(
            images=[self.images[i] for i in chosen],
            texts=[self.texts[i] for i in chosen],
            meta=self.meta[rows],
            centres=self.centres[rows],
            quads=None if self.quads is None else self.quads[rows],
            masks=None if masks is None else [masks[i] for i in chosen],
        )

    @staticmethod
    def concatenate(parts: Sequence["Samples"]) -> "Samples":
        """The lines of all parts, in order; quads and masks are kept where every part has them."""
        labels = LabelTable.concatenate([part.labels for part in parts])
        quads = [part.quads for part in parts if part.quads is not None]
        masks = [part.masks for part in parts if part.masks is not None]
        return Samples(
            [image for part in parts for image in part.images],
            labels.texts,
            labels.meta,
            labels.centres,
            stack_rows(quads) if quads and len(quads) == len(parts) else None,
            [m for part in masks for m in part] if masks and len(masks) == len(parts) else None,
        )

    @staticmethod
    def scatter(parts: Sequence[tuple[IntArray, "Samples"]]) -> "Samples":
        """Join parts, each line going to the position that its part names for it."""
        joined = Samples.concatenate([samples for _, samples in parts])
        positions = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in parts)])
        order = np.argsort(positions, kind="stable")
        return joined if np.array_equal(order, np.arange(len(order))) else joined.take(order)

    def replace_rows(self, rows: IntArray, new: "Samples") -> "Samples":
        """These lines, but those at the positions `rows` replaced by others, (len(rows),)."""
        order = np.arange(len(self))
        order[rows] = len(self) + np.arange(len(new))
        return Samples.concatenate([self, new]).take(order)


class Writer(Protocol):
    """A sink of samples: publishes when its block ends, leaves nothing when the block raises."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def write(self, samples: Samples) -> None: ...


class Plan(Protocol):
    """What to write on each line, for every index there is; knows no n."""

    @property
    def fingerprint(self) -> str: ...

    def texts(self, indices: NDArray[np.int64], attempt: int = 0) -> "Texts": ...


@dataclass(frozen=True, slots=True)
class Texts:
    """What B lines say.

    Attributes:
        class_ids: (B, L) uint16, zero (the blank) beyond a line's end.
        lengths: characters of each line, (B,).
        sentence: hash of the normalised sentence of each line, (B,) uint64.
        corpus: position in the plan's list of corpora, (B,) uint16.
        inserted: characters put into the window, (B,) uint8.
    """

    class_ids: NDArray[np.uint16]
    lengths: NDArray[np.int64]
    sentence: NDArray[np.uint64]
    corpus: NDArray[np.uint16]
    inserted: NDArray[np.uint8]


class Engine(Protocol):
    """Draws what a plan says; pure in (settings, seed, index)."""

    @property
    def seed(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def draw(self, texts: Texts, indices: NDArray[np.int64], attempt: int = 0) -> Samples: ...

    def widths(self, texts: Texts, indices: NDArray[np.int64]) -> NDArray[np.int64]: ...
