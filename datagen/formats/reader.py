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
