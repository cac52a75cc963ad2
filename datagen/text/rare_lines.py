"""Rare-class lines: a fixed share of the lines serves classes that plain windows starve.

A table of J lines stands for every 3.6 million sample indices: J of them, spread evenly, are
rare-class lines, and the m-th of these says what row m mod J says. Nothing depends on the number
of lines of a render.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from datagen.sample import Texts
from datagen.text.column_folders import ColumnError, map_column
from datagen.text.plan_settings import RATE_LINES
from ocrbase.records import read_json

FACTS_FILE = "facts.json"

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


class TableFacts(msgspec.Struct, frozen=True):
    """What building the table found.

    Attributes:
        unaltered: rows that are windows of the text as it is.
        altered: rows into which characters were put.
        limited: the limit that left classes short, or an empty string.
    """

    unaltered: int
    altered: int
    limited: str


@dataclass(frozen=True)
class RareLineTable:
    """What rare-class lines say, mapped; every column is (J,) or (J, longest line).

    `natural` are the occurrences of each class to expect on a plain line, (classes,).
    """

    class_ids: NDArray[np.uint16]
    length: NDArray[np.int64]
    sentence: NDArray[np.uint64]
    corpus: NDArray[np.int64]
    inserted: NDArray[np.uint8]
    natural: FloatArray
    facts: TableFacts

    def __len__(self) -> int:
        return len(self.length)

    def lines_before(self, indices: IntArray) -> IntArray:
        """Rare-class lines among the indices below each; never more than their share."""
        return indices * len(self) // RATE_LINES

    def lines_among(self, n: int) -> int:
        """Rare-class lines among the first n."""
        return int(self.lines_before(np.array([n]))[0])

    def put_into(self, texts: Texts, indices: IntArray) -> None:
        """Replace what the rare-class lines among these indices say."""
        before = self.lines_before(indices)
        lines = np.flatnonzero(self.lines_before(indices + 1) > before)
        if not len(lines):
            return
        rows = before[lines] % len(self)
        texts.class_ids[lines] = self.class_ids[rows]
        texts.lengths[lines] = self.length[rows]
        texts.sentence[lines] = self.sentence[rows]
        texts.corpus[lines] = self.corpus[rows]
        texts.inserted[lines] = self.inserted[rows]

    def occurrences(self, n: int) -> IntArray:
        """How often each class stands in the rare-class lines among the first n, (classes,)."""
        rounds, rest = divmod(self.lines_among(n), max(len(self), 1))
        return rounds * self._count(len(self)) + self._count(rest)

    def altered_lines(self, n: int) -> int:
        """Lines with altered text among the first n."""
        rounds, rest = divmod(self.lines_among(n), max(len(self), 1))
        return rounds * self.facts.altered + int((self.inserted[:rest] > 0).sum())

    def _count(self, rows: int) -> IntArray:
        counts = np.bincount(self.class_ids[:rows].ravel(), minlength=len(self.natural))
        counts[0] = 0  # padding; only the blank may share its class, and it stands in no text
        return counts


def open_rare_lines(folder: Path) -> RareLineTable:
    """A table that `build_rare_lines` wrote.

    Raises:
        ColumnError: if the folder is missing or damaged.
    """

    def column(name: str, dtype: str, ndim: int = 1) -> NDArray[Any]:
        return map_column(folder / f"{name}.npy", dtype, ndim)

    return RareLineTable(
        class_ids=column("class_ids", "<u2", 2),
        length=column("length", "<i8"),
        sentence=column("sentence", "<u8"),
        corpus=column("corpus", "<i8"),
        inserted=column("inserted", "|u1"),
        natural=column("natural", "<f8"),
        facts=read_json(folder / FACTS_FILE, TableFacts, error=ColumnError),
    )
