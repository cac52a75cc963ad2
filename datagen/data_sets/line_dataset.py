"""Lines for training: many shards, several datasets with weights, one numbering.

Map-style and stateless but for a few tables: it pickles, forks and spawns, and each process opens
the shards it reads. Whole batches are fetched with one call per shard and decoded in one loop.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.data_sets.line_batch import LineBatch, decode_lines
from datagen.data_sets.opening import DataSets, open_data, outside_message, refuse_outside
from datagen.errors import AlphabetError, ShardError
from datagen.formats.data_folders import with_folders
from datagen.formats.reader import ShardLines, SplitReader
from datagen.formats.spans import Spans
from datagen.formats.widths import line_widths
from datagen.images import UintImages
from datagen.pack.pack_settings import DEFAULT_SPLIT
from datagen.split import PACKED, Split
from ocrbase.errors import SettingsError, listed
from ocrbase.weights import split_weights

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class DataPart:
    """One of the datasets that make up a LineDataset.

    Attributes:
        reader: of its shards.
        start: its first index.
        weight: share of the lines drawn in training relative to the others; None for its size.
    """

    reader: SplitReader
    start: int
    weight: float | None


def parse_data(specs: Sequence[str]) -> list[tuple[Path, float | None]]:
    """Read `PATH[:WEIGHT]`; a path may hold a colon before what is no number.

    Raises:
        SettingsError: naming all weights that are out of range.
    """
    return [(Path(path), w) for path, w in split_weights(specs, "data set", SettingsError)]


class LineDataset:
    """The lines of one split of one or several datasets, packed or rendered.

    Args:
        data: folders that `ocrgen pack`, `render` or `import` made, each with a weight or None; or
            what `open_data` gives, whose renders are divided by a share other than the default.
        split: training or validation.
        alphabet: what class ids refer to; the first dataset's own by default.

    Raises:
        ShardError: if a dataset is missing, damaged or has no line of this split.
        AlphabetError: if labels hold characters outside the alphabet; names them.
    """

    def __init__(
        self,
        data: Sequence[tuple[Path, float | None]] | DataSets,
        split: Split = Split.TRAIN,
        *,
        alphabet: Alphabet | None = None,
    ) -> None:
        sets = data if isinstance(data, DataSets) else open_data(data, alphabet=alphabet)
        readers = [item.reader(split) for item in sets.items]
        empty = [str(reader.folder) for reader in readers if not len(reader)]
        if empty or not readers:
            raise ShardError(
                f"no {split} lines in {listed(empty) or 'no data'}: make more lines, or divide them"
                " otherwise with --split"
            )
        self.split = split
        self.alphabet = alphabet or readers[0].info.alphabet
        _check_labels(readers, self.alphabet)
        self._spans = Spans.of([len(reader) for reader in readers])
        self.parts = tuple(
            DataPart(reader, start, item.weight)
            for reader, start, item in zip(
                readers, self._spans.starts.tolist(), sets.items, strict=False
            )
        )

    @classmethod
    def open(
        cls,
        *data: str | Path,
        split: str = "train",
        alphabet: Alphabet | None = None,
        share: float = DEFAULT_SPLIT,
    ) -> Self:
        """The lines of datasets, packed or rendered, each `PATH[:WEIGHT]`.

        Args:
            data: the datasets.
            split: "train" or "val".
            alphabet: what class ids refer to; the first dataset's own by default.
            share: of the lines of renders that are "train"; packed data keeps its split.

        Raises:
            SettingsError: if a weight, the split or the share is none.
            ShardError, AlphabetError: as above.
        """
        if split not in PACKED:
            raise SettingsError(f"split {split!r}: give one of {', '.join(PACKED)}")
        if not 0 < share <= 1:
            raise SettingsError(f"share {share:g}: give a share for training above 0, at most 1")
        sets = open_data(parse_data(with_folders(map(str, data))), share, alphabet=alphabet)
        return cls(sets, Split(split), alphabet=alphabet)

    def __len__(self) -> int:
        return self._spans.total

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the shards' checksums, the order and the alphabet, hexadecimal."""
        digest = hashlib.sha256(f"{self.split} {self.alphabet.fingerprint}".encode())
        for part in self.parts:
            for shard in part.reader.entries:
                digest.update(f"\n{shard.path} {shard.samples} {shard.checksum}".encode())
        return digest.hexdigest()

    @cached_property
    def widths(self) -> NDArray[np.int32]:
        """Width of each line at the height LINE_HEIGHT_PX, in pixels, (N,); decodes no image."""
        return np.concatenate([line_widths(part.reader) for part in self.parts])

    def batch(self, indices: Sequence[int] | IntArray) -> LineBatch:
        """Fetch and decode lines.

        Raises:
            ImageError: if an image cannot be decoded; names shard and key.
            ShardError: if entries are missing or damaged.
        """
        count = len(indices)
        images: list[UintImages] = [_NOTHING] * count
        texts = [""] * count
        stored = np.ones(count, np.float32)  # widths of the images as they are stored
        centres: list[tuple[IntArray, NDArray[np.float32]]] = []
        for shard, at, rows in self._by_shard(indices):
            lines = shard.encoded(rows)
            decoded = decode_lines(lines.images, shard, rows)
            for where, text, image in zip(at.tolist(), lines.texts, decoded, strict=True):
                texts[where], images[where] = text, image
            stored[at] = np.maximum(lines.widths, 1)
            centres.append((at, lines.centres))
        return self._collate(images, texts, stored, centres)

    def __getitem__(self, index: int) -> tuple[UintImages, str]:
        """One line: its image, (LINE_HEIGHT_PX, w) uint8, and its label on the alphabet.

        Raises:
            IndexError: if there is no such line.
            ImageError, ShardError: as `batch`.
        """
        (line,) = self.__getitems__([index])
        return line

    def __getitems__(self, indices: Sequence[int] | IntArray) -> list[tuple[UintImages, str]]:
        """Lines of a batch; torch's DataLoader calls this once where it is there."""
        rows = np.asarray(indices, np.int64)
        lines = self.batch(np.where(rows < 0, rows + len(self), rows))
        ids = zip(lines.class_ids, lines.lengths.tolist(), strict=True)
        texts = [self.alphabet.decode(row[:length].tolist()) for row, length in ids]
        return list(zip(lines.images, texts, strict=True))

    def texts_of(self, indices: Sequence[int] | IntArray) -> list[str]:
        """Labels of lines, normalised onto the alphabet; decodes no image."""
        texts = [""] * len(indices)
        for shard, at, rows in self._by_shard(indices):
            for where, text in zip(at.tolist(), shard.texts(rows), strict=True):
                texts[where] = self.alphabet.normalise(text)
        return texts

    def _by_shard(
        self, indices: Sequence[int] | IntArray
    ) -> Iterator[tuple[ShardLines, IntArray, IntArray]]:
        """Group lines by their shards: (shard, where in `indices`, rows of the shard)."""
        for part, at, rows in self._spans.locate(indices):
            for shard, chosen, own_rows in self.parts[part].reader.by_shard(rows):
                yield shard, at[chosen], own_rows

    def _collate(
        self,
        images: list[UintImages],
        texts: list[str],
        stored: NDArray[np.float32],
        parts: Sequence[tuple[IntArray, NDArray[np.float32]]],
    ) -> LineBatch:
        lengths = np.array([len(text) for text in texts], np.int64)
        longest = int(lengths.max(initial=0))
        centres = np.full((len(texts), longest), np.nan, np.float32)
        for at, part in parts:
            centres[at, : part.shape[1]] = part
        widths = np.array([image.shape[1] for image in images], np.int64)
        scaled = widths != stored
        centres[scaled] *= (widths[scaled] / stored[scaled])[:, None]
        return LineBatch(images, self.classes_of(texts, longest), lengths, centres, widths)

    def classes_of(self, texts: Sequence[str], length: int) -> NDArray[np.uint16]:
        """Class ids of labels, (B, length), zero beyond a label's end.

        Raises:
            AlphabetError: if characters are outside the alphabet; names them.
        """
        joined = "".join(texts)
        ids = self.alphabet.class_ids(joined)
        if len(ids) and int(ids.max()) >= len(self.alphabet):
            normal = [self.alphabet.normalise(text) for text in texts]
            outside = self.alphabet.outside("".join(normal))
            if outside or [len(text) for text in normal] != [len(text) for text in texts]:
                raise AlphabetError(outside_message(outside, self.alphabet))
            ids = self.alphabet.class_ids("".join(normal))
        lengths = np.array([len(text) for text in texts], np.int64)
        out = np.zeros((len(texts), length), np.uint16)
        out[np.arange(length) < lengths[:, None]] = ids
        return out


_NOTHING = np.zeros((0, 0), np.uint8)


def _check_labels(readers: list[SplitReader], alphabet: Alphabet) -> None:
    """Refuse datasets whose labels hold what the alphabet does not, by their class histograms."""
    for reader in readers:
        info = reader.info
        counts = np.sum(list(info.class_counts.values()), axis=0)
        used = "".join(info.alphabet.symbols[i] for i in np.flatnonzero(counts).tolist())
        refuse_outside(reader.folder, info, used, alphabet)
