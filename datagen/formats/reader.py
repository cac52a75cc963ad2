"""What every form that samples are read from has in common, for all that read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.formats.manifest import Manifest
from datagen.formats.spans import Spans
from datagen.sample import LabelTable, Samples
from datagen.split import Split

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class DatasetInfo:
    """What a dataset says of itself; numbers in META_DTYPE point into its tables.

    Attributes:
        alphabet: the classes that labels are made of.
        corpora: names of the text sources.
        faces: names of the faces.
        any_character: labels may hold characters outside the alphabet, as in a plain list.
        class_counts: occurrences of each class in each split, (C,) each; empty if not counted.
    """

    alphabet: Alphabet
    corpora: tuple[str, ...] = ()
    faces: tuple[str, ...] = ()
    any_character: bool = False
    class_counts: Mapping[Split, IntArray] = field(default_factory=dict)


class Reader(Protocol):
    """Labelled lines by their positions: tar shards, LMDB, or a list of image files."""

    @property
    def name(self) -> str:
        """The path, and the split where only one is read."""
        ...

    @property
    def info(self) -> DatasetInfo: ...

    def __len__(self) -> int: ...

    def read(self, indices: Sequence[int] | IntArray) -> Samples:
        """The lines at some positions, in that order."""
        ...


class DatasetReader(Reader, Protocol):
    """A folder of shards with a manifest, each shard holding as many lines as it should."""

    @property
    def folder(self) -> Path: ...

    @property
    def manifest(self) -> Manifest: ...

    @property
    def shards(self) -> Spans:
        """Which positions each shard holds."""
        ...

    def tables(self) -> Iterator[tuple[int, LabelTable]]:
        """(Position of the first line, lines without pixels), some thousand at a time."""
        ...

    def splits(self) -> NDArray[np.uint8]:
        """Split.code of every line, (N,)."""
        ...

    def image_sizes(self, indices: Sequence[int] | IntArray) -> IntArray:
        """Bytes of the images at some positions, (B,), without reading them."""
        ...

    def packed_bytes(self) -> int:
        """Bytes that all images need as LMDB, about."""
        ...

    def files(self) -> list[Path]:
        """The files that hold the pixels."""
        ...

    def open_shard(self, shard: int) -> "StoredShard":
        """One shard, to be looked at closely."""
        ...


@dataclass(frozen=True, slots=True)
class EncodedLines:
    """What training needs of B lines, as they are stored.

    Attributes:
        images: encoded bytes.
        texts: labels.
        centres: x of each character in pixels of the image, (B, L) float32, L the longest label;
            NaN beyond a label's end and where it is not known.
        widths: of the images in pixels, (B,).
    """

    images: list[bytes]
    texts: list[str]
    centres: NDArray[np.float32]
    widths: NDArray[np.uint16]


class ShardLines(Protocol):
    """Lines of one shard by their rows, in any order."""

    def encoded(self, rows: IntArray) -> EncodedLines: ...

    def texts(self, rows: IntArray) -> list[str]:
        """Labels alone."""
        ...

    def names(self, rows: IntArray) -> list[str]:
        """How messages call some lines."""
        ...


class ShardFacts(Protocol):
    """What is known of the lines of one shard without reading them.

    Attributes:
        path: below the dataset's folder.
        samples: lines.
        checksum: SHA-256 over the CRC-32 of each image followed by its label.
        sizes: lines by frame, "280x32".
        most_steps: time steps that the longest label needs, by frame; None if not counted.
    """

    @property
    def path(self) -> str: ...
    @property
    def samples(self) -> int: ...
    @property
    def checksum(self) -> str: ...
    @property
    def sizes(self) -> Mapping[str, int]: ...
    @property
    def most_steps(self) -> Mapping[str, int] | None: ...


class SplitReader(Protocol):
    """One split of a dataset, as training reads it: lines by position, in any order."""

    @property
    def folder(self) -> Path: ...

    @property
    def info(self) -> DatasetInfo:
        """Alphabet and tables; `class_counts` holds this split at least."""
        ...

    @property
    def entries(self) -> Sequence[ShardFacts]:
        """One for each shard that holds lines of the split."""
        ...

    @property
    def shards(self) -> Spans:
        """Which positions each of these shards holds."""
        ...

    def __len__(self) -> int: ...

    def by_shard(
        self, indices: Sequence[int] | IntArray
    ) -> Iterator[tuple[ShardLines, IntArray, IntArray]]:
        """Group positions by their shards: (shard, where in `indices`, rows of the shard)."""
        ...

    def frames(self, shard: int) -> tuple[IntArray, IntArray]:
        """Heights and widths of the images of a shard in pixels, (n,) each; decodes none."""
        ...


class Problem(StrEnum):
    """Kinds of what may be wrong with a dataset."""

    SHARD = "shard"
    COUNT = "count"
    CHECKSUM = "checksum"
    IMAGE = "image"
    SIZE = "size"
    LABEL = "label"
    STEPS = "time steps"
    KEY = "key"
    LEAK = "sentence in both splits"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: its kind, where, and what."""

    kind: Problem
    where: str
    what: str


class StoredShard(Protocol):
    """The n lines of one shard as they are on the disk."""

    @property
    def labels(self) -> LabelTable: ...

    @property
    def splits(self) -> NDArray[np.uint8]:
        """Split.code of each line, (n,)."""
        ...

    @property
    def crc32(self) -> NDArray[np.uint32]:
        """Of each image followed by its label, as recorded, (n,)."""
        ...

    def names(self, rows: IntArray) -> list[str]:
        """How messages call some lines."""
        ...

    def read(self, rows: IntArray) -> Samples:
        """Some lines with their images."""
        ...

    def findings(self, looked_at: IntArray) -> Iterator[Finding]:
        """What only this form can get wrong; costly checks for the rows `looked_at` only."""
        ...
