"""Training or validation: a pure function of a sample's group, a seed and a threshold.

A group is what may not be torn apart: all windows of one sentence, or all lines of one label. Its
hash and the seed give a 64-bit number; from the threshold on it is validation. Some groups above
the threshold are kept in training nevertheless, because a class would lose over half of its lines;
they are part of the rule, so that later data obeys it too.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from datagen.draws import key, mix

UintArray = NDArray[np.uint64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
SplitBy = Literal["sentence", "sample", "faces", "list"]
Hash = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-f]{1,16}$")]

_ALL = 2**64
_DEEPEST = 4  # nominal share of validation at most, relative to the share asked for


class Split(StrEnum):
    """The part of a dataset that a sample is in; UNDECIDED where nothing has chosen yet.

    The values are the folder names of packed data and the keys of its manifest; `code` is what
    the `side` column of META_DTYPE and the `meta-` entries of LMDB hold.
    """

    UNDECIDED = "undecided"
    TRAIN = "train"
    VAL = "val"

    @property
    def code(self) -> int:
        """0, 1 or 2."""
        return SPLITS.index(self)

    def mask(self, codes: NDArray[np.uint8]) -> BoolArray:
        """Which of some samples are in this split, by their codes."""
        return np.equal(codes, self.code)


SPLITS = tuple(Split)  # by their codes
PACKED = (Split.TRAIN, Split.VAL)  # what packed data is divided into


def rank(hashes: UintArray, seed: int) -> UintArray:
    """The number that is compared with the threshold, uniform over 64 bits, (B,)."""
    return mix(hashes.astype(np.uint64) ^ key(seed, "split"))


def is_validation(hashes: UintArray, seed: int, threshold: int) -> BoolArray:
    """Whether groups are in validation, (B,); threshold 2**64 leaves it empty."""
    if threshold >= _ALL:
        return np.zeros(len(hashes), np.bool_)
    return rank(hashes, seed) >= np.uint64(threshold)


@dataclass(frozen=True)
class SplitRule:
    """A split that has been chosen, as a dataset's manifest keeps it.

    Attributes:
        by: what may not be torn apart.
        ratio: share of training lines that was asked for.
        seed: of the numbers that are compared with the threshold.
        threshold: of `is_validation`; 2**64 for rules that need none.
        kept_in_train: hashes of groups above the threshold that stay in training.
        val_faces: names of the faces of validation, for "faces".
    """

    by: SplitBy
    ratio: float
    seed: int
    threshold: int
    kept_in_train: frozenset[int] = field(default_factory=frozenset)
    val_faces: tuple[str, ...] = ()

    def assign(self, hashes: UintArray) -> NDArray[np.uint8]:
        """Codes of TRAIN or VAL for groups by their hashes, (B,)."""
        validation = is_validation(hashes, self.seed, self.threshold)
        if self.kept_in_train and validation.any():
            kept = np.array(sorted(self.kept_in_train), np.uint64)
            validation &= ~np.isin(hashes, kept)
        return np.where(validation, Split.VAL.code, Split.TRAIN.code).astype(np.uint8)

    def stored(self) -> "StoredRule":
        """The form that a manifest carries."""
        return StoredRule(
            by=self.by,
            ratio=self.ratio,
            seed=self.seed,
            threshold=f"{self.threshold:#x}",
            kept_in_train=[f"{value:#x}" for value in sorted(self.kept_in_train)],
            val_faces=list(self.val_faces),
        )

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return dict(msgspec.to_builtins(self.stored()))


def by_sentence(ratio: float, seed: int) -> SplitRule:
    """The rule for text without end, where no threshold can be chosen by what there is."""
    return SplitRule("sentence", ratio, seed, round(ratio * 2**64))


class StoredRule(msgspec.Struct, frozen=True, kw_only=True):
    """A split rule on disk; 64-bit numbers as hexadecimal text."""

    by: SplitBy
    ratio: Annotated[float, msgspec.Meta(ge=0, le=1)]
    seed: int
    threshold: Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-f]{1,17}$")]
    kept_in_train: list[Hash]
    val_faces: list[str]

    def rule(self) -> SplitRule:
        """The rule itself."""
        return SplitRule(
            by=self.by,
            ratio=self.ratio,
            seed=self.seed,
            threshold=int(self.threshold, 16),
            kept_in_train=frozenset(int(value, 16) for value in self.kept_in_train),
            val_faces=tuple(self.val_faces),
        )


@dataclass(frozen=True)
class Groups:
    """Candidates for validation, by descending rank.

    Attributes:
        hashes: (G,).
        ranks: (G,).
        lines: samples of each group, (G,).
        class_of: class ids of entries of the table "group holds class", (E,).
        group_of: position of each entry's group, ascending, (E,).
        count_of: lines of the group that hold the class, (E,).
    """

    hashes: UintArray
    ranks: UintArray
    lines: IntArray
    class_of: IntArray
    group_of: IntArray
    count_of: IntArray


@dataclass(frozen=True)
class Choice:
    """What `choose` chose.

    Attributes:
        threshold: of `is_validation`.
        kept_in_train: groups above it that stay in training.
        lines: validation lines.
        groups: validation groups.
        complete: False if all candidates were used up before the wanted number was reached.
    """

    threshold: int
    kept_in_train: frozenset[int]
    lines: int
    groups: int
    complete: bool


def choose(
    groups: Groups,
    wanted: float,
    class_totals: IntArray,
    class_taken: IntArray,
    *,
    ratio: float,
    threshold: int | None = None,
    settled: frozenset[int] = frozenset(),
    kept: frozenset[int] = frozenset(),
) -> Choice:
    """Take groups for validation in the order of their ranks until the number is nearest.

    A group is passed over if with it a class would have over half of its lines in validation;
    others take its place, until the threshold leaves four times the wanted share to validation.

    Args:
        groups: candidates.
        wanted: validation lines wanted.
        class_totals: lines that hold each class, (classes,).
        class_taken: of these, lines already in validation by their own split, (classes,).
        ratio: share of training lines; of all thresholds with the same result the one that is
            nearest to it is taken, so that later data comes out near it too.
        threshold: take all from here on instead of a number.
        settled: groups that were in validation before and stay there.
        kept: groups that were kept in training before and stay there.
    """
    taken = class_taken.astype(np.int64).copy()
    bounds = np.searchsorted(groups.group_of, np.arange(len(groups.hashes) + 1))
    lines, chosen, passed_over = 0, 0, set(kept)
    floor = round(_ALL * (1 - _DEEPEST * (1 - ratio))) if threshold is None else 0
    last = len(groups.hashes)
    for g, value in enumerate(groups.hashes.tolist()):
        size = int(groups.lines[g])
        enough = threshold is None and chosen > 0 and abs(lines - wanted) <= lines + size - wanted
        # Later data obeys the threshold, so what is passed over is replaced within bounds only.
        enough |= chosen > 0 and bool(passed_over - kept) and int(groups.ranks[g]) < floor
        if enough or (threshold is not None and int(groups.ranks[g]) < threshold):
            last = g
            break
        entries = slice(bounds[g], bounds[g + 1])
        classes, counts = groups.class_of[entries], groups.count_of[entries]
        starves = bool((2 * (taken[classes] + counts) > class_totals[classes]).any())
        if value in kept or (starves and value not in settled):
            passed_over.add(value)
            continue
        taken[classes] += counts
        lines, chosen = lines + size, chosen + 1
    complete = last < len(groups.hashes) or threshold is not None
    if threshold is None:
        threshold = _between(groups.ranks, last, ratio)
    return Choice(threshold, frozenset(passed_over), lines, chosen, complete)


def _between(ranks: UintArray, last: int, ratio: float) -> int:
    """The threshold nearest to the ratio that parts the first `last` ranks from the others."""
    highest = int(ranks[last - 1]) if last else _ALL
    lowest = int(ranks[last]) + 1 if last < len(ranks) else 0
    return min(max(round(ratio * _ALL), lowest), highest)
