"""The one currency of rendering, import, LMDB, export and live training: a batch of samples.

Samples travel in columns, because a Python object a line would cost more than its JPEG.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet

# Strengths that are kept with every line, in this order; NaN where an engine does not know one.
EFFECTS = (
    "size_px",  # em size before perspective
    "stretch",  # width over height of the em square
    "spacing_em",  # extra pen advance between characters
    "weight",  # change of stroke width, negative is thinner
    "ink",  # gray level of the ink, 0 to 255
    "ground",  # gray level of the ground, 0 to 255
    "blur_px",  # standard deviation of the Gaussian blur
    "motion_px",  # length of the motion blur
    "resample",  # factor of down-and-up sampling, 1 is none
    "perspective_px",  # largest displacement of a frame corner
    "rotation_deg",
    "wave_px",  # amplitude of the baseline's wave
    "noise",  # standard deviation in gray levels
    "slope",  # difference of the ground from edge to edge, in gray levels
    "jpeg_quality",
)

UNKNOWN = 0xFFFF  # corpus or face of a sample that names none

META_DTYPE = np.dtype(
    [
        ("index", "<u8"),  # sample index within its render or its source
        ("sentence", "<u8"),  # hash of the normalised sentence, or of the label where none is known
        ("corpus", "<u2"),  # position in DatasetInfo.corpora, or UNKNOWN
        ("face", "<u2"),  # position in DatasetInfo.faces, or UNKNOWN
        ("height", "<u2"),  # pixels
        ("width", "<u2"),  # pixels
        ("inserted", "u1"),  # characters put into a real window; 0 is an untouched window
        ("attempt", "u1"),  # redraws that it took
        ("side", "u1"),  # Split.code, for samples that bring their own split
        ("effects", "<f2", (len(EFFECTS),)),
    ]
)


@dataclass(frozen=True, slots=True)
class Samples:
    """B samples in columns.

    Attributes:
        images: encoded JPEG or PNG bytes, as they are stored.
        texts: labels, normalised onto the alphabet where one is known.
        meta: META_DTYPE, (B,).
        centres: x of each character's centre in pixels, (B, L) float32, L the longest label;
            NaN beyond a label's end and where places are not known.
        quads: corners of each character after all geometry, (B, L, 4, 2) float32 as (x, y) from
            the top left clockwise; None unless asked for.
        masks: the ink coverage of each line as PNG bytes; None unless asked for.
    """

    images: list[bytes]
    texts: list[str]
    meta: NDArray[np.void]
    centres: NDArray[np.float32]
    quads: NDArray[np.float32] | None = None
    masks: list[bytes] | None = None

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class DatasetInfo:
    """What a dataset says of itself; numbers in META_DTYPE point into its tables.

    Attributes:
        alphabet: the classes that labels are made of.
        corpora: names of the text sources.
        faces: names of the faces.
        extra: whatever else the manifest holds (settings, versions, command).
    """

    alphabet: Alphabet
    corpora: tuple[str, ...] = ()
    faces: tuple[str, ...] = ()
    extra: dict[str, object] = field(default_factory=dict)


class Reader(Protocol):
    """A source of samples: tar shards, LMDB, or a foreign form."""

    @property
    def info(self) -> DatasetInfo: ...

    def __len__(self) -> int: ...

    def read(self, indices: Sequence[int]) -> Samples: ...


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
    def fingerprint(self) -> str: ...

    def draw(self, texts: Texts, indices: NDArray[np.int64], attempt: int = 0) -> Samples: ...

    def widths(self, texts: Texts, indices: NDArray[np.int64]) -> NDArray[np.int64]: ...
