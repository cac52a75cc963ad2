"""The index over a text: class ids, runs and sentences, built once and mapped afterwards.

A run is a stretch of one sentence without a character outside the alphabet; lines are cut from
runs only, so no line splices strangers together. Runs are also listed by falling length: then the
windows of any length L are numbered without a table of their own, because the windows of the
first k runs are sum(lengths) - k * (L - 1).
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora import Corpus
from datagen.alphabet import Alphabet
from datagen.folding import folds_as_0_1_0
from datagen.text.column_folders import ColumnError, map_column, open_or_build
from datagen.text.index_builder import LOSSES_FILE, Losses, build_index
from ocrbase.homes import cache_home
from ocrbase.records import read_json

INDEX_VERSION = 1  # of the columns, and of the text of alphabets that 0.1.0 folds alike
FOLDED_INDEX_VERSION = 2  # of the text of all other alphabets

IntArray = NDArray[np.int64]


class TextIndex:
    """A corpus over an alphabet, mapped from its cache folder.

    Attributes:
        ids: class of every character that is in a run, in text order, (N,) uint16.
        run_start: position of each run in `ids`, rising, (R,).
        run_length: characters of each run, (R,).
        run_sentence: sentence of each run, (R,).
        sentence_hashes: (S,) uint64.
        by_length: runs by falling length, ties in text order, (R,).
        cumulative: characters before each run of `by_length`, (R + 1,).
        class_counts: occurrences of each class, (classes,).
        runs_of_length: runs by their length, (longest + 1,).
        losses: what of the text is not in it.

    Raises:
        ColumnError: if the folder is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        def column(name: str, dtype: str) -> NDArray[Any]:
            return map_column(folder / f"{name}.npy", dtype)

        self.folder = folder
        self.ids: NDArray[np.uint16] = column("ids", "<u2")
        self.run_start: IntArray = column("run_start", "<i8")
        self.run_length: NDArray[np.int32] = column("run_length", "<i4")
        self.run_sentence: IntArray = column("run_sentence", "<i8")
        self.sentence_hashes: NDArray[np.uint64] = column("sentence_hashes", "<u8")
        self.by_length: IntArray = column("by_length", "<i8")
        self.cumulative: IntArray = column("cumulative", "<i8")
        self.class_counts: IntArray = column("class_counts", "<i8")
        self.runs_of_length: IntArray = column("runs_of_length", "<i8")
        self.losses = read_json(folder / LOSSES_FILE, Losses, error=ColumnError)

    @property
    def fingerprint(self) -> str:
        return self.folder.name

    @property
    def longest(self) -> int:
        """Characters of the longest run; 0 if there is none."""
        return len(self.runs_of_length) - 1

    def runs_with(self, length: int) -> int:
        """Runs of at least this many characters: the first ones of `by_length`."""
        return int(self.runs_of_length[length:].sum())

    def windows(self, length: int) -> int:
        """Distinct windows of this many characters."""
        runs = self.runs_with(length)
        return int(self.cumulative[runs]) - runs * (length - 1)

    def locate(self, numbers: IntArray, lengths: IntArray) -> tuple[IntArray, IntArray]:
        """Where windows stand, by their numbers.

        Args:
            numbers: window of each line, in [0, windows(length)), (B,).
            lengths: characters of each line, (B,).

        Returns:
            (positions in `ids`, runs), each (B,).
        """
        low = np.zeros(len(numbers), dtype=np.int64)  # rank in by_length: windows before <= number
        high = np.full(len(numbers), len(self.by_length), dtype=np.int64)
        for _ in range(len(self.by_length).bit_length()):
            middle = (low + high) >> 1
            before = self.cumulative[middle] - middle * (lengths - 1)
            # Beyond the last run that is long enough the formula falls again: stay below it.
            inside = (before <= numbers) & (self._length_at(middle) >= lengths)
            low = np.where(inside, middle, low)
            high = np.where(inside, high, middle)
        runs = self.by_length[low]
        offsets = numbers - (self.cumulative[low] - low * (lengths - 1))
        return self.run_start[runs] + offsets, runs

    def runs_at(self, positions: IntArray) -> IntArray:
        """The run of each position in `ids`."""
        runs: IntArray = np.searchsorted(self.run_start, positions, side="right") - 1
        return runs

    def sentences_of(self, runs: IntArray) -> NDArray[np.uint64]:
        """Sentence hashes of runs."""
        hashes: NDArray[np.uint64] = self.sentence_hashes[self.run_sentence[runs]]
        return hashes

    def _length_at(self, ranks: IntArray) -> NDArray[np.int32]:
        lengths: NDArray[np.int32] = self.run_length[self.by_length[ranks]]
        return lengths


def open_index(corpus: Corpus, alphabet: Alphabet) -> TextIndex:
    """The index of a corpus over an alphabet, built on first use in memory that does not grow."""
    version = INDEX_VERSION if folds_as_0_1_0(alphabet.characters) else FOLDED_INDEX_VERSION
    identity = f"{version}\n{corpus.fingerprint}\n{alphabet.fingerprint}"
    name = hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
    return open_or_build(
        cache_home() / "text" / name,
        TextIndex,
        lambda draft: build_index(draft, corpus.sentences(), alphabet),
    )
