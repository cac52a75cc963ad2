"""Needy slots: a fixed share of the index positions serves classes that plain windows starve.

A table of J lines is built once and stands for every 3.6 million indices: J of them are needy
slots, and slot m says what row m mod J says. First come untouched windows that hold a rare class,
each used a few times at most, then lines into which the character is put. Both are spread evenly
over the table, so that every n has its share, and nothing depends on n.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.text.column_folders import mapped
from datagen.text.insertion import MOST, insert, lines_for
from datagen.text.plan_settings import RATE_LINES
from datagen.text.rare_windows import real_windows
from datagen.text.windows import Places, Windows

MAX_SLOTS = 0.25  # of all lines, at most, are windows chosen for a class: most stay natural
_DEVIATIONS = 4.0  # what chance brings counts only this many standard deviations below its mean

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class TableFacts:
    """What building the table found.

    Attributes:
        real: rows that are untouched windows.
        inserted: rows into which characters were put.
        limited: the limit that left classes short, or an empty string.
    """

    real: int
    inserted: int
    limited: str


@dataclass(frozen=True)
class NeedyTable:
    """The rows that needy slots serve, mapped; every column is (J,) or (J, longest line).

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

    def slots_before(self, indices: IntArray) -> IntArray:
        """Needy slots among the indices below each one; never more than the share asks for."""
        return indices * len(self) // RATE_LINES

    def occurrences(self, n: int) -> IntArray:
        """How often each class stands in the needy slots of the first n lines, (classes,)."""
        slots = int(self.slots_before(np.array([n]))[0])
        rounds, rest = divmod(slots, max(len(self), 1))
        return rounds * self._count(len(self)) + self._count(rest)

    def inserted_lines(self, n: int) -> int:
        """Lines that are not untouched windows among the first n."""
        slots = int(self.slots_before(np.array([n]))[0])
        rounds, rest = divmod(slots, max(len(self), 1))
        return rounds * self.facts.inserted + int((self.inserted[:rest] > 0).sum())

    def _count(self, rows: int) -> IntArray:
        found = np.bincount(self.class_ids[:rows].ravel(), minlength=len(self.natural))
        found[0] = 0  # padding; only the blank may share its class, and it stands in no text
        return found


def open_table(folder: Path) -> NeedyTable:
    """A table that `build_table` wrote."""
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    names = ("class_ids", "length", "sentence", "corpus", "inserted", "natural")
    columns = {name: mapped(folder / f"{name}.npy") for name in names}
    return NeedyTable(**columns, facts=TableFacts(**facts))


def build_table(
    folder: Path,
    windows: Windows,
    alphabet: Alphabet,
    seed: int,
    min_per_class: int,
    max_inserted: float,
) -> None:
    """Write the table of a mix into a folder; the arguments are those of `PlanSettings`."""
    natural = windows.expected(len(alphabet))
    have = dependable(natural, 0)
    slots = int(_needs(have, min_per_class, alphabet.blank).sum())
    have = dependable(natural, min(slots, int((MAX_SLOTS + max_inserted) * RATE_LINES)))
    places, target = _affordable(windows, have, min_per_class, seed, alphabet.blank)
    real = windows.read(places, windows.lengths[-1])
    have += np.bincount(real.ravel(), minlength=len(alphabet)) if len(real) else 0
    most_lines = min(int(max_inserted * RATE_LINES), RATE_LINES - len(real))
    most_each = min(MOST, windows.lengths[0])
    reached = highest_target(have, min_per_class, most_lines * most_each, alphabet.blank)
    needs = _needs(have, reached, alphabet.blank)
    limited = f"at most {max_inserted:.1%} of lines hold inserted characters"
    if target < min_per_class:
        limited += f", {MAX_SLOTS:.0%} are untouched windows for rare classes"
    limited = limited if reached < min_per_class else ""
    lines = lines_for(needs, most_lines, most_each)
    if lines:
        hosts, ids, inserted = insert(windows, alphabet, seed, needs, lines)
        columns = _merge(places, real, hosts, ids, inserted)
    else:
        columns = _columns(places, real, np.zeros(len(real), dtype=np.uint8))
    for name, column in (columns | {"natural": natural}).items():
        np.save(folder / f"{name}.npy", column)
    facts = json.dumps(asdict(TableFacts(len(real), lines, limited)))
    (folder / "facts.json").write_text(facts, encoding="utf-8")


def _affordable(
    windows: Windows, have: FloatArray, target: float, seed: int, blank: int
) -> tuple[Places, float]:
    """Untouched windows for the highest target that few enough of them reach.

    How many occurrences a window brings is known only afterwards, so the aim is taken lower
    until it fits; mostly the first try does.
    """
    budget = int(MAX_SLOTS * RATE_LINES)
    units = float(_needs(have, target, blank).sum())
    while True:
        reached = highest_target(have, target, int(units), blank)
        places = real_windows(windows, _needs(have, reached, blank), seed)
        if len(places.position) <= budget:
            return places, reached
        units = min(units, _needs(have, reached, blank).sum())
        units *= 0.98 * budget / len(places.position)


def dependable(natural: FloatArray, slots: int) -> FloatArray:
    """Occurrences that the plain ones of 3.6 million lines bring even on a bad day, (classes,)."""
    mean = natural * max(RATE_LINES - slots, 0)
    return np.maximum(mean - _DEVIATIONS * np.sqrt(mean), 0.0)


def highest_target(have: FloatArray, target: float, budget: int, blank: int) -> float:
    """The largest count that all classes can be brought to with this many occurrences."""
    if _needs(have, target, blank).sum() <= budget:
        return target
    low, high = 0.0, target
    for _ in range(50):
        middle = (low + high) / 2
        fits = _needs(have, middle, blank).sum() <= budget
        low, high = (middle, high) if fits else (low, middle)
    return low


def _needs(have: FloatArray, target: float, blank: int) -> IntArray:
    needs = np.ceil(np.maximum(target - have, 0.0)).astype(np.int64)
    needs[blank] = 0
    return needs


def _columns(
    places: Places, ids: NDArray[np.uint16], inserted: NDArray[np.uint8]
) -> dict[str, NDArray[np.generic]]:
    return {
        "class_ids": ids,
        "length": places.length,
        "sentence": places.sentence,
        "corpus": places.corpus,
        "inserted": inserted,
    }


def _merge(
    real_places: Places,
    real: NDArray[np.uint16],
    hosts: Places,
    ids: NDArray[np.uint16],
    inserted: NDArray[np.uint8],
) -> dict[str, NDArray[np.generic]]:
    """Both kinds of rows, the inserted ones at even distances and never ahead of their share."""
    untouched = _columns(real_places, real, np.zeros(len(real), dtype=np.uint8))
    touched = _columns(hosts, ids, inserted)
    rows = len(real) + len(ids)
    quota = np.arange(rows + 1) * len(ids) // rows
    is_touched = np.diff(quota) > 0
    merged = {}
    for name, column in untouched.items():
        both = np.empty((rows, *column.shape[1:]), dtype=column.dtype)
        both[~is_touched] = column
        both[is_touched] = touched[name]
        merged[name] = both
    return merged
