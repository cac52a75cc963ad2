"""What n lines will hold of every class, known before a single one is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.folding import visible
from datagen.text.half_width import HalfWidthMarks
from datagen.text.plan_settings import RATE_LINES, PlanSettings
from datagen.text.rare_lines import RareLineTable
from datagen.text.windows import Windows

_MAX_NAMED = 60  # characters that the report names of those below the target

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class CorpusUse:
    """How often the windows of one corpus are used.

    Attributes:
        name: of the corpus.
        windows: different lines that can be cut from it, or the whole lines of a file.
        uses: times that each is used on average.
    """

    name: str
    windows: int
    uses: float

    def in_words(self) -> str:
        times = f"{self.uses:,.1f}" if self.uses >= 1 else f"{self.uses:.2g}"
        return f"text: {self.name} gives {self.windows:,} lines, each used about {times} times"


@dataclass(frozen=True)
class Tail:
    """Classes by how many occurrences are to be expected.

    Attributes:
        never: classes that probably do not occur at all (sum of the chances of it).
        under_50: classes under 50 expected occurrences.
        under_200: classes under 200.
    """

    never: float
    under_50: int
    under_200: int

    def in_words(self, classes: int) -> str:
        return (
            f"about {self.never:,.0f} of {classes:,} characters never occur, {self.under_50:,}"
            f" fewer than 50 times, {self.under_200:,} fewer than 200 times"
        )


@dataclass(frozen=True)
class ClassCoverage:
    """What n lines hold of every class.

    Attributes:
        n: lines.
        classes: of the alphabet, without the blank.
        target: occurrences that each class should have in n lines.
        plain: with plain windows only.
        planned: with rare-class lines; None where there are none.
        rare_class_lines: lines that are chosen or altered for rare classes.
        altered_lines: those of them with altered text.
        limited: why classes stay short, or an empty string.
        short: characters that stay below the target, with the occurrences to expect.
        corpora: how often the text is reused.
    """

    n: int
    classes: int
    target: float
    plain: Tail
    planned: Tail | None
    rare_class_lines: int
    altered_lines: int
    limited: str
    short: dict[str, float]
    corpora: tuple[CorpusUse, ...]

    @property
    def altered_share(self) -> float:
        return self.altered_lines / self.n

    def lines(self) -> list[str]:
        """The coverage in words."""
        text = [use.in_words() for use in self.corpora]
        text.append(f"coverage by the text alone: {self.plain.in_words(self.classes)}")
        if self.planned is not None:
            text.append(f"coverage with rare-class lines: {self.planned.in_words(self.classes)}")
        if self.rare_class_lines:
            text.append(
                f"rare-class lines: {self.rare_class_lines:,}, {self.altered_lines:,} of them with"
                f" altered text ({self.altered_share:.2%} of all lines)"
            )
        if self.short:
            named = visible("".join(list(self.short)[:_MAX_NAMED]))
            named += "…" if len(self.short) > _MAX_NAMED else ""
            why = f" ({self.limited})" if self.limited else ""
            text.append(
                f"under the target: {len(self.short):,} characters occur fewer than"
                f" {_rounded(self.target)} times{why}: {named}"
            )
        return text


def window_coverage(
    n: int,
    alphabet: Alphabet,
    names: Sequence[str],
    windows: Windows,
    settings: PlanSettings,
    table: RareLineTable | None,
    marks: HalfWidthMarks,
) -> ClassCoverage:
    """The coverage of a window plan with its table of rare-class lines."""
    target = settings.min_per_class * n / RATE_LINES
    uses = _uses(n, names, windows)
    blank = alphabet.blank
    if table is None:
        plain = _tail(marks.expected(windows.expected(len(alphabet))) * n, blank)
        return ClassCoverage(n, len(alphabet) - 1, target, plain, None, 0, 0, "", {}, uses)
    rates = marks.expected(np.asarray(table.natural))
    rare, certain = table.lines_among(n), marks.expected(table.occurrences(n))
    share = n / RATE_LINES
    # By the rates, without the rounding of a small n.
    steady = rates * (n - len(table) * share)
    steady += marks.expected(table.occurrences(RATE_LINES)) * share
    return ClassCoverage(
        n,
        len(alphabet) - 1,
        target,
        _tail(rates * n, blank),
        _tail(rates * (n - rare) + certain, blank, certain),
        rare,
        table.altered_lines(n),
        table.facts.limited,
        _short(steady, target, alphabet),
        uses,
    )


def given_coverage(
    n: int, alphabet: Alphabet, name: str, class_ids: NDArray[np.uint16]
) -> ClassCoverage:
    """The coverage of a plan over given lines, exact."""
    rounds, rest = divmod(n, len(class_ids))
    classes = len(alphabet)
    counts = rounds * np.bincount(class_ids.ravel(), minlength=classes)
    counts += np.bincount(class_ids[:rest].ravel(), minlength=classes)
    tail = _tail(counts.astype(np.float64), alphabet.blank, counts)
    use = CorpusUse(name, len(class_ids), n / len(class_ids))
    return ClassCoverage(n, classes - 1, 0.0, tail, None, 0, 0, "", {}, (use,))


def _rounded(value: float) -> str:
    """Whole numbers with separators, small ones to two digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _tail(expected: FloatArray, blank: int, certain: IntArray | FloatArray | int = 0) -> Tail:
    """Counts of rare classes; `certain` is the part of `expected` that chance has no say in."""
    absent = np.exp(-np.minimum(expected - certain, 700.0)) * (np.asarray(certain) == 0)
    counts, absent = np.delete(expected, blank), np.delete(absent, blank)
    return Tail(float(absent.sum()), int((counts < 50).sum()), int((counts < 200).sum()))


def _short(expected: FloatArray, target: float, alphabet: Alphabet) -> dict[str, float]:
    low = np.flatnonzero(expected < target * (1 - 1e-9))
    ids = [int(c) for c in low if c != alphabet.blank]
    ids.sort(key=lambda c: (expected[c], c))
    return {alphabet.symbols[c]: round(float(expected[c]), 2) for c in ids}


def _uses(n: int, names: Sequence[str], windows: Windows) -> tuple[CorpusUse, ...]:
    shares = windows.share.mean(axis=1)
    counts = windows.usable.sum(axis=1)
    return tuple(
        CorpusUse(name, int(count), n * float(share) / int(count))
        for name, share, count in zip(names, shares, counts, strict=True)
    )
