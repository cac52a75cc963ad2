"""What n lines will hold of every class, known before a single one is drawn."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.text.plan_settings import RATE_LINES, PlanSettings
from datagen.text.rare_slots import NeedyTable
from datagen.text.windows import Windows

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CorpusUse:
    """How often the windows of one corpus are used.

    Attributes:
        name: of the corpus.
        share: of the lines, before needy slots.
        windows: distinct places where a line can be cut.
        uses: times that each is used on average.
    """

    name: str
    share: float
    windows: int
    uses: float


@dataclass(frozen=True)
class Tail:
    """Classes by how many occurrences are to be expected.

    Attributes:
        never: classes that probably do not occur at all (sum of the chances of it).
        under_50: classes under 50 expected occurrences.
        under_200: classes under 200.
        fewest: of the least frequent class.
    """

    never: float
    under_50: int
    under_200: int
    fewest: float


@dataclass(frozen=True)
class CoverageReport:
    """What n lines hold.

    Attributes:
        n: lines.
        classes: of the alphabet, without the blank.
        target: occurrences that each class should have in n lines.
        before: with plain windows only.
        after: with needy slots.
        needy_lines: lines that serve rare classes, the inserted ones included.
        inserted_lines: lines that are not untouched windows.
        limited: why classes stay short, or an empty string.
        short: characters that stay below the target, with the occurrences to expect.
        corpora: how often the text is reused.
    """

    n: int
    classes: int
    target: float
    before: Tail
    after: Tail
    needy_lines: int
    inserted_lines: int
    limited: str
    short: dict[str, float]
    corpora: tuple[CorpusUse, ...]

    @property
    def inserted_share(self) -> float:
        return self.inserted_lines / self.n if self.n else 0.0

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {"inserted_share": self.inserted_share}

    def lines(self) -> list[str]:
        """The report in words, for a summary."""
        out = [
            f"{use.name}: {use.windows:,} windows, each used about {use.uses:.1f} times"
            for use in self.corpora
        ]
        for name, tail in (("plain windows", self.before), ("with needy slots", self.after)):
            out.append(
                f"{name}: about {tail.never:.0f} of {self.classes} classes never,"
                f" {tail.under_50} under 50, {tail.under_200} under 200"
            )
        out.append(
            f"needy slots: {self.needy_lines:,} lines, {self.inserted_lines:,} of them"
            f" ({self.inserted_share:.2%} of all) with inserted characters"
        )
        if self.short:
            named = "".join(list(self.short)[:60]) + ("…" if len(self.short) > 60 else "")
            why = f" ({self.limited})" if self.limited else ""
            out.append(f"{len(self.short)} classes stay under {self.target:g}{why}: {named}")
        return out


def report(
    n: int,
    alphabet: Alphabet,
    names: Sequence[str],
    windows: Windows,
    settings: PlanSettings,
    needy: NeedyTable | None,
    natural: FloatArray | None = None,
) -> CoverageReport:
    """The report of a window plan; `natural` is needed only without a needy table."""
    rates = np.asarray(natural if needy is None else needy.natural)
    slots = 0 if needy is None else int(needy.slots_before(np.array([n]))[0])
    after = rates * (n - slots) + (0 if needy is None else needy.occurrences(n))
    inserted = 0 if needy is None else needy.inserted_lines(n)
    limited = "" if needy is None else needy.facts.limited
    target = settings.min_per_class * n / RATE_LINES
    steady = rates * n  # by the rates, without the rounding of a small n
    if needy is not None:
        share = n / RATE_LINES
        steady = rates * (n - len(needy) * share) + needy.occurrences(RATE_LINES) * share
    return CoverageReport(
        n,
        len(alphabet) - 1,
        target,
        _tail(rates * n, alphabet.blank),
        _tail(after, alphabet.blank, certain=0 if needy is None else needy.occurrences(n)),
        slots,
        inserted,
        limited,
        _short(steady, target, alphabet),
        _uses(n, names, windows),
    )


def report_lines(
    n: int, alphabet: Alphabet, name: str, class_ids: NDArray[np.uint16]
) -> CoverageReport:
    """The report of a plan over given lines, exact."""
    rounds, rest = divmod(n, len(class_ids))
    classes = len(alphabet)
    found = rounds * np.bincount(class_ids.ravel(), minlength=classes)
    found += np.bincount(class_ids[:rest].ravel(), minlength=classes)
    tail = _tail(found.astype(np.float64), alphabet.blank, certain=found)
    use = CorpusUse(name, 1.0, len(class_ids), n / len(class_ids))
    return CoverageReport(n, classes - 1, 0.0, tail, tail, 0, 0, "", {}, (use,))


def _tail(expected: FloatArray, blank: int, certain: NDArray[np.int64] | int = 0) -> Tail:
    """Counts of rare classes; `certain` is the part of `expected` that chance has no say in."""
    chance = np.exp(-np.minimum(expected - certain, 700.0)) * (np.asarray(certain) == 0)
    counts, chance = np.delete(expected, blank), np.delete(chance, blank)
    return Tail(
        float(chance.sum()),
        int((counts < 50).sum()),
        int((counts < 200).sum()),
        float(counts.min()),
    )


def _short(expected: FloatArray, target: float, alphabet: Alphabet) -> dict[str, float]:
    low = np.flatnonzero(expected < target * (1 - 1e-9))
    ids = [int(c) for c in low if c != alphabet.blank]
    ids.sort(key=lambda c: (expected[c], c))
    return {alphabet.symbols[c]: round(float(expected[c]), 2) for c in ids}


def _uses(n: int, names: Sequence[str], windows: Windows) -> tuple[CorpusUse, ...]:
    shares = windows.share.mean(axis=1)
    counts = windows.counts.sum(axis=1)
    return tuple(
        CorpusUse(name, float(share), int(count), n * float(share) / int(count))
        for name, share, count in zip(names, shares, counts, strict=True)
    )
