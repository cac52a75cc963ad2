"""Builds the table of rare-class lines of a mix.

First come unaltered windows that hold a rare class, each used a few times at most, then lines into
which the character is put. Both are spread evenly over the table, so that every number of lines
has its share of either.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.text.insertion import MAX_PER_LINE, insert, lines_for
from datagen.text.plan_settings import RATE_LINES
from datagen.text.rare_lines import FACTS_FILE, TableFacts
from datagen.text.rare_windows import unaltered_windows
from datagen.text.windows import WindowBatch, Windows
from ocrbase.records import encode

MAX_UNALTERED = 0.25  # of all lines, at most, are windows chosen for a class: most stay natural
_DEVIATIONS = 4.0  # what chance brings counts only this many standard deviations below its mean

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


def build_rare_lines(
    folder: Path,
    windows: Windows,
    alphabet: Alphabet,
    seed: int,
    min_per_class: int,
    max_inserted: float,
) -> None:
    """Write the table of a mix into a folder; the arguments are those of `PlanSettings`."""
    never = [class_id for class_id in (alphabet.blank, alphabet.space) if class_id is not None]
    natural = windows.expected(len(alphabet))
    have = dependable(natural, 0)
    units = int(_needs(have, min_per_class, never).sum())
    have = dependable(natural, min(units, int((MAX_UNALTERED + max_inserted) * RATE_LINES)))
    batch, target = _affordable(windows, have, min_per_class, seed, never)
    unaltered = windows.read(batch, windows.lengths[-1])
    have += np.bincount(unaltered.ravel(), minlength=len(alphabet)) if len(unaltered) else 0
    max_lines = min(int(max_inserted * RATE_LINES), RATE_LINES - len(unaltered))
    max_per_line = min(MAX_PER_LINE, windows.lengths[0])
    reached = highest_target(have, min_per_class, max_lines * max_per_line, never)
    needs = _needs(have, reached, never)
    limited = f"at most {max_inserted:.1%} of lines hold inserted characters"
    if target < min_per_class:
        limited += f", {MAX_UNALTERED:.0%} are unaltered windows for rare classes"
    limited = limited if reached < min_per_class else ""
    lines = lines_for(needs, max_lines, max_per_line)
    if lines:
        hosts, ids, inserted = insert(windows, alphabet, seed, needs, lines)
        columns = _merge(batch, unaltered, hosts, ids, inserted)
    else:
        columns = _columns(batch, unaltered, np.zeros(len(unaltered), dtype=np.uint8))
    for name, column in (columns | {"natural": natural}).items():
        np.save(folder / f"{name}.npy", column)
    facts = TableFacts(len(unaltered), lines, limited)
    (folder / FACTS_FILE).write_text(encode(facts), encoding="utf-8")


def _affordable(
    windows: Windows, have: FloatArray, target: float, seed: int, never: Sequence[int]
) -> tuple[WindowBatch, float]:
    """Unaltered windows for the highest target that few enough of them reach.

    How many occurrences a window brings is known only afterwards, so the aim is taken lower
    until it fits; mostly the first try does.
    """
    budget = int(MAX_UNALTERED * RATE_LINES)
    units = float(_needs(have, target, never).sum())
    while True:
        reached = highest_target(have, target, int(units), never)
        batch = unaltered_windows(windows, _needs(have, reached, never), seed)
        if len(batch.position) <= budget:
            return batch, reached
        units = min(units, _needs(have, reached, never).sum())
        units *= 0.98 * budget / len(batch.position)


def dependable(natural: FloatArray, rare_class_lines: int) -> FloatArray:
    """Occurrences that the plain ones of 3.6 million lines bring even on a bad day, (classes,)."""
    mean = natural * max(RATE_LINES - rare_class_lines, 0)
    return np.maximum(mean - _DEVIATIONS * np.sqrt(mean), 0.0)


def highest_target(have: FloatArray, target: float, budget: int, never: Sequence[int]) -> float:
    """The largest count that all classes can be brought to with this many occurrences."""
    if _needs(have, target, never).sum() <= budget:
        return target
    low, high = 0.0, target
    for _ in range(50):
        middle = (low + high) / 2
        fits = _needs(have, middle, never).sum() <= budget
        low, high = (middle, high) if fits else (low, middle)
    return low


def _needs(have: FloatArray, target: float, never: Sequence[int]) -> IntArray:
    """Occurrences that classes lack; the blank and the space are put into no line."""
    needs = np.ceil(np.maximum(target - have, 0.0)).astype(np.int64)
    needs[list(never)] = 0
    return needs


def _columns(
    batch: WindowBatch, ids: NDArray[np.uint16], inserted: NDArray[np.uint8]
) -> dict[str, NDArray[np.generic]]:
    return {
        "class_ids": ids,
        "length": batch.length,
        "sentence": batch.sentence,
        "corpus": batch.corpus,
        "inserted": inserted,
    }


def _merge(
    windows: WindowBatch,
    window_ids: NDArray[np.uint16],
    hosts: WindowBatch,
    ids: NDArray[np.uint16],
    inserted: NDArray[np.uint8],
) -> dict[str, NDArray[np.generic]]:
    """Both kinds of rows, the altered ones at even distances and never ahead of their share."""
    unaltered = _columns(windows, window_ids, np.zeros(len(window_ids), dtype=np.uint8))
    altered = _columns(hosts, ids, inserted)
    rows = len(window_ids) + len(ids)
    quota = np.arange(rows + 1) * len(ids) // rows
    is_altered = np.diff(quota) > 0
    merged = {}
    for name, column in unaltered.items():
        both = np.empty((rows, *column.shape[1:]), dtype=column.dtype)
        both[~is_altered] = column
        both[is_altered] = altered[name]
        merged[name] = both
    return merged
