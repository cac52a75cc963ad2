"""Lines of a data set by what is known of them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.formats.dataset import open_dataset
from datagen.formats.reader import DatasetReader
from datagen.sample import EFFECTS, LabelTable, Samples

ALL = -1  # stands for any face, any effect
MAX_LINES = 400_000  # whose labels are held; the first ones of a larger set

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Filter:
    """Which lines to find.

    Attributes:
        text: that the label contains.
        face: position in the data set's faces, or ALL.
        effect: position in EFFECTS whose strength lies between `low` and `high`, or ALL.
        low, high: None for no bound.
    """

    text: str | None = None
    face: int = ALL
    effect: int = ALL
    low: float | None = None
    high: float | None = None


class LineSearch:
    """The labels of a data set in memory, its images on the disk."""

    def __init__(self, reader: DatasetReader) -> None:
        self.reader = reader
        parts: list[LabelTable] = []
        for start, table in reader.tables():
            parts.append(table)
            if start + len(table) >= MAX_LINES:
                break
        self.labels = LabelTable.concatenate(parts)

    @classmethod
    def open(cls, path: Path) -> "LineSearch":
        """Search a render, an import or packed data.

        Raises:
            ShardError: if the folder holds no data set, or a damaged one.
        """
        return cls(open_dataset(path, partial=True))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def faces(self) -> tuple[str, ...]:
        """Names of the faces."""
        return self.reader.info.faces

    def find(self, wanted: Filter) -> IntArray:
        """Positions of the lines that a filter lets through, in order."""
        meta = self.labels.meta
        fits = np.ones(len(meta), bool)
        if wanted.face != ALL:
            fits &= meta["face"] == wanted.face
        if wanted.effect != ALL:
            strength = meta["effects"][:, wanted.effect].astype(np.float64)
            low = -np.inf if wanted.low is None else wanted.low
            high = np.inf if wanted.high is None else wanted.high
            fits &= (strength >= low) & (strength <= high)
        if wanted.text:
            fits &= np.array([wanted.text in text for text in self.labels.texts], bool)
        return np.flatnonzero(fits).astype(np.int64)

    def read(self, rows: IntArray) -> Samples:
        """The lines at some positions, with their images."""
        return self.reader.read(rows)

    def notes(self, samples: Samples) -> list[str]:
        """All that is known of some lines, one text each."""
        return [self._note(samples.take([i])) for i in range(len(samples))]

    def _note(self, line: Samples) -> str:
        meta, info = line.meta[0], self.reader.info
        known = [line.texts[0], f"index {meta['index']}", f"{meta['width']} × {meta['height']} px"]
        for column, names in (("face", info.faces), ("corpus", info.corpora)):
            if meta[column] < len(names):
                known.append(f"{column} {names[meta[column]]}")
        known += [
            f"{name} {value:.3g}"
            for name, value in zip(EFFECTS, meta["effects"], strict=True)
            if not np.isnan(value)
        ]
        if meta["inserted"]:
            known.append(f"{meta['inserted']} inserted characters")
        centres = line.centres[0][: len(line.texts[0])]
        if np.isfinite(centres).all():
            known.append("centres " + " ".join(f"{x:.0f}" for x in centres))
        return "\n".join(known)

    def short_classes(self, count: int) -> list[tuple[str, int]]:
        """The classes that stand on the fewest lines, and on how many."""
        lines: Counter[str] = Counter()
        for text in self.labels.texts:
            lines.update(set(text))
        symbols = [symbol for symbol in self.reader.info.alphabet.symbols if symbol]
        counted = sorted(((symbol, lines[symbol]) for symbol in symbols), key=lambda item: item[1])
        return counted[:count]
