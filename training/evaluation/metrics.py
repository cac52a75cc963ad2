"""How right a reading is: line accuracy, character error rate, 1 - NED, strict and normalised.

Strict compares texts as they are: a space is a character. Normalised first folds full-width and
half-width forms into one and drops spaces, which is what most published results do without saying
so.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class LineErrors:
    """Counts of N lines, of which all metrics are ratios of sums.

    Attributes:
        edits: edit distance between prediction and target, (N,).
        target_lengths: characters of each target, (N,).
        longest: the longer of prediction and target, (N,).
    """

    edits: NDArray[np.int64]
    target_lengths: NDArray[np.int64]
    longest: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.edits)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Lines without any error, (N,)."""
        return np.equal(self.edits, 0)

    @property
    def line_accuracy(self) -> float:
        """Share of lines read without any error; NaN for no lines."""
        return _ratio(float(self.correct.sum()), len(self))

    @property
    def cer(self) -> float:
        """Edits over target characters, all lines together; may exceed 1. NaN without targets."""
        return _ratio(float(self.edits.sum()), int(self.target_lengths.sum()))

    @property
    def similarity(self) -> NDArray[np.float64]:
        """1 - edits / longer length of each line, (N,); two empty texts are the same."""
        return 1.0 - self.edits / np.maximum(self.longest, 1)

    @property
    def one_minus_ned(self) -> float:
        """Mean similarity of the lines (1 - normalised edit distance); NaN for no lines."""
        return _ratio(float(self.similarity.sum()), len(self))

    def take(self, chosen: NDArray[np.generic]) -> "LineErrors":
        """The lines that an index or a mask chooses."""
        return LineErrors(self.edits[chosen], self.target_lengths[chosen], self.longest[chosen])


def edit_distance(prediction: Sequence[object], target: Sequence[object]) -> int:
    """Fewest insertions, deletions and substitutions between two sequences (Levenshtein)."""
    return int(Levenshtein.distance(prediction, target))


def line_errors(predictions: Sequence[str], targets: Sequence[str]) -> LineErrors:
    """Compare N predictions with their targets.

    Raises:
        ValueError: if there are not as many of the one as of the other.
    """
    if len(predictions) != len(targets):
        raise ValueError(f"{len(predictions)} predictions for {len(targets)} targets")
    pairs = list(zip(predictions, targets, strict=True))
    return LineErrors(
        edits=np.array([edit_distance(p, t) for p, t in pairs], dtype=np.int64),
        target_lengths=np.array([len(t) for t in targets], dtype=np.int64),
        longest=np.array([max(len(p), len(t)) for p, t in pairs], dtype=np.int64),
    )


def normalise_text(text: str) -> str:
    """Fold full-width and half-width forms into the ordinary ones and drop spaces.

    Only variants of width (Unicode's <wide> and <narrow>) are folded: NFKC would also rewrite
    … ℃ № and the like, which are characters of their own.
    """
    return "".join(text.translate(_width_forms()).split())


@lru_cache(maxsize=1)
def _width_forms() -> dict[int, str]:
    forms = {}
    for code in [0x3000, *range(0xFF00, 0xFFF0)]:
        kind, _, plain = unicodedata.decomposition(chr(code)).partition(" ")
        if kind in ("<wide>", "<narrow>"):
            forms[code] = chr(int(plain, 16))
    return forms


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else float("nan")
