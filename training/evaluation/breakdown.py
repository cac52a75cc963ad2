"""An evaluation taken apart: by corpus, face, effect strength, length and class frequency."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from datagen.sample import EFFECTS, UNKNOWN
from training.evaluation.evaluate import Evaluation
from training.evaluation.intervals import Estimate, ratio
from training.evaluation.metrics import LineErrors

HEIGHT_EDGES = (0, 16, 24, 40)  # px of the image; the last bin is open
LENGTH_EDGES = (0, 1, 5, 10, 20, 40, 80)  # characters of the target; the last bin is open
FREQUENCY_EDGES = (0, 1, 10, 100, 1_000, 10_000, 100_000)  # occurrences in training

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Accuracy of some lines, each value with its interval."""

    lines: int
    characters: int
    line_accuracy: Estimate
    cer: Estimate
    one_minus_ned: Estimate


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the lines of an evaluation: what they share, under which name, and their metrics."""

    kind: str
    name: str
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class ClassGroup:
    """Characters by how often their class occurred in training; `right` is the share read."""

    name: str
    classes: int
    characters: int
    right: Estimate


@dataclass(frozen=True, slots=True)
class Confusion:
    """A target character read as another; an empty one is a character lost or added."""

    target: str
    prediction: str
    count: int


def summarise(errors: LineErrors) -> Metrics:
    """The three metrics of some lines."""
    ones = np.ones(len(errors))
    return Metrics(
        lines=len(errors),
        characters=int(errors.target_lengths.sum()),
        line_accuracy=ratio(errors.correct, ones),
        cer=ratio(errors.edits, errors.target_lengths),
        one_minus_ned=ratio(errors.similarity, ones),
    )


def group_lines(evaluation: Evaluation) -> list[Group]:
    """Lines by corpus, face, inserted characters, length, the image and quartiles of each effect.

    What all lines share is left out: one group would repeat the metrics of the whole.
    """
    groups = []
    for kind, names, member in _partitions(evaluation):
        present = [i for i in range(len(names)) if bool((member == i).any())]
        if len(present) < 2:
            continue
        for i in present:
            chosen = evaluation.strict.take(np.flatnonzero(member == i))
            groups.append(Group(kind, names[i], summarise(chosen)))
    return groups


def class_groups(evaluation: Evaluation, occurrences: Callable[[str], int]) -> list[ClassGroup]:
    """Share of target characters read, by how often each occurred in training.

    Args:
        evaluation: strict comparison is used.
        occurrences: training occurrences of a character.
    """
    wrong = [_lost(p, t) for p, t in _pairs(evaluation)]
    bins: dict[str, int] = {}  # of each character
    right = np.zeros((len(evaluation), len(FREQUENCY_EDGES)))
    whole = np.zeros_like(right)
    for row, target in enumerate(evaluation.targets):
        for position, character in enumerate(target):
            if character not in bins:
                count = occurrences(character)
                bins[character] = int(np.searchsorted(FREQUENCY_EDGES, count, "right")) - 1
            column = bins[character]
            whole[row, column] += 1
            right[row, column] += position not in wrong[row]
    classes = Counter(bins.values())
    return [
        ClassGroup(name, classes[i], int(whole[:, i].sum()), ratio(right[:, i], whole[:, i]))
        for i, name in enumerate(_names(FREQUENCY_EDGES))
        if classes[i]
    ]


def confusions(evaluation: Evaluation, limit: int = 50) -> list[Confusion]:
    """The most frequent substitutions, losses and additions of a shortest edit of each line."""
    counts: Counter[tuple[str, str]] = Counter()
    for prediction, target in _pairs(evaluation):
        for edit in Levenshtein.editops(target, prediction):
            lost = target[edit.src_pos] if edit.tag != "insert" else ""
            read = prediction[edit.dest_pos] if edit.tag != "delete" else ""
            counts[lost, read] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Confusion(*pair, count) for pair, count in ordered[:limit]]


def worst_lines(evaluation: Evaluation, limit: int = 40) -> IntArray:
    """Rows of the lines with errors, most edits per character first; confident mistakes first."""
    errors = evaluation.strict
    share = errors.edits / np.maximum(errors.longest, 1)
    order = np.lexsort((np.arange(len(errors)), -evaluation.confidences, -share))
    return np.array([i for i in order if errors.edits[i] > 0][:limit], dtype=np.int64)


def _pairs(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    return zip(evaluation.predictions, evaluation.targets, strict=True)


def _lost(prediction: str, target: str) -> set[int]:
    """Positions of the target that a shortest edit replaces or drops."""
    if prediction == target:
        return set()
    edits = Levenshtein.editops(target, prediction)
    return {edit.src_pos for edit in edits if edit.tag != "insert"}


def _partitions(evaluation: Evaluation) -> Iterator[tuple[str, Sequence[str], IntArray]]:
    """(kind, names of the groups, number of each line's group or -1)."""
    meta, info = evaluation.meta, evaluation.info
    for kind, names in (("corpus", info.corpora), ("face", info.faces)):
        numbers = meta[kind].astype(np.int64)
        yield kind, names, np.where(numbers == UNKNOWN, -1, numbers)
    yield "inserted characters", ("none", "some"), (meta["inserted"] > 0).astype(np.int64)
    lengths = evaluation.strict.target_lengths
    bins = np.searchsorted(LENGTH_EDGES, lengths, "right") - 1
    yield "length", _names(LENGTH_EDGES), bins.astype(np.int64)
    bins = np.searchsorted(HEIGHT_EDGES, evaluation.heights_px, "right") - 1
    yield "image height in px", _names(HEIGHT_EDGES), bins.astype(np.int64)
    yield "ground", ("light", "dark"), evaluation.inverted.astype(np.int64)
    for i, effect in enumerate(EFFECTS):
        yield _quartiles(effect, meta["effects"][:, i].astype(np.float64))


def _quartiles(effect: str, strength: NDArray[np.float64]) -> tuple[str, Sequence[str], IntArray]:
    known = strength[np.isfinite(strength)]
    if len(known) == 0 or known.min() == known.max():
        return effect, (), np.full(len(strength), -1, dtype=np.int64)
    edges = np.unique(np.quantile(known, [0, 0.25, 0.5, 0.75, 1], method="nearest"))
    member = np.clip(np.searchsorted(edges, strength, "right") - 1, 0, len(edges) - 2)
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    return effect, names, np.where(np.isfinite(strength), member, -1).astype(np.int64)


def _names(edges: Sequence[int]) -> list[str]:
    """Names of the bins between edges of whole numbers, the last one open."""
    names = [
        f"{low:,}" if high - low == 1 else f"{low:,} to {high - 1:,}"
        for low, high in pairwise(edges)
    ]
    return [*names, f"{edges[-1]:,} and more"]
