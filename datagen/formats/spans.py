"""One numbering through parts that follow each other: shards of a dataset, inputs of a pack."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """Part k holds the positions from starts[k] up to starts[k + 1].

    Attributes:
        starts: (parts + 1,), ascending from 0; the last is the number of positions.
    """

    starts: IntArray

    @classmethod
    def of(cls, counts: Sequence[int]) -> "Spans":
        """Parts of so many positions each."""
        return cls(np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64))

    def __len__(self) -> int:
        """Number of parts."""
        return len(self.starts) - 1

    @property
    def total(self) -> int:
        """Positions of all parts."""
        return int(self.starts[-1])

    def counts(self) -> IntArray:
        """Positions of each part, (parts,)."""
        return np.diff(self.starts)

    def span(self, part: int) -> IntArray:
        """All positions of a part, ascending."""
        return np.arange(self.starts[part], self.starts[part + 1])

    def locate(
        self, positions: Sequence[int] | IntArray
    ) -> Iterator[tuple[int, IntArray, IntArray]]:
        """Group positions by the part that holds them.

        Yields:
            A part, where in `positions` its own stand, and which rows of the part they are.

        Raises:
            IndexError: if a position is outside.
        """
        wanted = np.asarray(positions, np.int64)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < self.total:
            raise IndexError(f"position outside [0, {self.total})")
        parts = np.searchsorted(self.starts, wanted, side="right") - 1
        for part in np.unique(parts).tolist():
            at = np.flatnonzero(parts == part)
            yield part, at, wanted[at] - self.starts[part]
