"""What every form that samples are read from has in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from datagen.alphabet import Alphabet
from datagen.sample import LabelTable, Samples


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


class TableReader(Reader, Protocol):
    """A Reader that also gives labels and meta without pixels."""

    def tables(self) -> Iterator[tuple[int, LabelTable]]:
        """(Position of the first line, lines), some thousand at a time, in order."""
        ...
