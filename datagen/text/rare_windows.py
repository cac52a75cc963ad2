"""Unaltered windows that hold rare classes, each used a few times at most."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen.draws import below, bits, key, mix
from datagen.text.insertion import STREAM, spread_order
from datagen.text.windows import WindowBatch, Windows, covering, runs_in_chunks

MAX_USES = 10  # of one window in 3.6 million lines
_MAX_OCCURRENCES = 4000  # of one class that are looked at
_GENEROUS = 3  # candidates for each window wanted, before all are looked at

IntArray = NDArray[np.int64]


def unaltered_windows(windows: Windows, needs: IntArray, seed: int) -> WindowBatch:
    """Unaltered windows for rare classes, the rarest class first, in an even order.

    What a window holds besides counts for the classes that come later. A class may stay short
    here: a window is used `MAX_USES` times at most, whichever classes it serves.
    """
    supplied = np.zeros(len(needs), dtype=np.int64)
    chosen: list[tuple[IntArray, ...]] = []
    used: dict[int, int] = {}
    counts = np.zeros(len(needs), dtype=np.int64)
    for class_id, rows in _occurrences(windows, needs, seed):
        missing = int(needs[class_id] - supplied[class_id])
        if missing <= 0:
            continue
        picked = _pick(windows, rows, missing, seed, class_id, used)
        supplied += _classes_in(windows, picked, len(needs))
        counts[class_id] = len(picked[0])
        chosen.append((*picked, np.full(len(picked[0]), class_id)))
    if not chosen:
        nothing = np.zeros(0, dtype=np.int64)
        return WindowBatch(nothing, nothing, nothing, nothing.astype(np.uint64))
    corpus, position, length, owner = (np.concatenate(c) for c in zip(*chosen, strict=True))
    by_class = np.argsort(owner, kind="stable")
    kinds, within = spread_order(counts, seed, f"{STREAM}/real")
    order = by_class[(np.cumsum(counts) - counts)[kinds] + within]
    return _with_sentences(windows, corpus[order], position[order], length[order])


def _occurrences(
    windows: Windows, needs: IntArray, seed: int
) -> Iterator[tuple[int, dict[str, IntArray]]]:
    """Where each rare class stands in the text, the class with the fewest occurrences first."""
    total = sum(np.asarray(index.class_counts) for index in windows.indexes)
    keep = np.minimum(_MAX_OCCURRENCES / np.maximum(total, 1), 1.0) * 2.0**53
    shortest = windows.lengths[0]
    parts = []
    for corpus, index in enumerate(windows.indexes):
        base = 0
        for ids, offset, left in runs_in_chunks(index):
            at = np.flatnonzero((needs[ids] > 0) & (offset + left >= shortest))
            lot = mix((base + at).astype(np.uint64) ^ key(seed, f"{STREAM}/lot/{corpus}"))
            kept = (lot >> np.uint64(11)) < keep[ids[at]]
            at, lot = at[kept], lot[kept]
            rows = (ids[at], np.full(len(at), corpus), base + at, offset[at], left[at], lot)
            parts.append([np.asarray(c).astype(np.int64) for c in rows])
            base += len(ids)
    class_ids, *columns = (np.concatenate(c) for c in zip(*parts, strict=True))
    order = np.lexsort((columns[4], class_ids))
    counts = np.bincount(class_ids, minlength=len(needs))
    first = np.cumsum(counts) - counts
    names = ("corpus", "position", "offset", "left", "lot")
    for class_id in np.lexsort((np.arange(len(needs)), counts)):
        rows_of_class = order[first[class_id] : first[class_id] + counts[class_id]]
        if len(rows_of_class):
            selected = (column[rows_of_class] for column in columns)
            yield int(class_id), dict(zip(names, selected, strict=True))


def _pick(
    windows: Windows,
    rows: dict[str, IntArray],
    missing: int,
    seed: int,
    class_id: int,
    used: dict[int, int],
) -> tuple[IntArray, IntArray, IntArray]:
    """Windows for one class: one around each occurrence, then another around each, and so on.

    `used` counts the uses of each window over all classes; it is brought up to date.
    """
    most = covering(rows["offset"], rows["left"], windows.lengths[0]) * MAX_USES
    rounds = 1
    while rounds < most.max() and np.minimum(most, rounds).sum() < _GENEROUS * missing:
        rounds += 1
    taken: list[tuple[IntArray, ...]] = []
    for first, last in ((0, rounds), (rounds, int(most.max()))):
        occurrence, turn = _turns(most, first, last)
        picked = _cut(windows, rows, occurrence, turn, seed, class_id)
        shown = windows.shows_edges(WindowBatch(*picked, np.zeros(0, dtype=np.uint64)))
        picked = (picked[0][shown], picked[1][shown], picked[2][shown])
        free = _free(picked[0], picked[1], missing, used)
        missing -= len(free)
        taken.append(tuple(column[free] for column in picked))
        if not missing:
            break
    corpus, start, length = (np.concatenate(c) for c in zip(*taken, strict=True))
    return corpus, start, length


def _turns(most: IntArray, first: int, last: int) -> tuple[IntArray, IntArray]:
    """Occurrences with their turns in [first, last), all of one turn before the next turn."""
    each = np.clip(most, first, last) - first
    occurrence = np.repeat(np.arange(len(most)), each)
    turn = first + np.arange(len(occurrence)) - np.repeat(np.cumsum(each) - each, each)
    order = np.lexsort((occurrence, turn))
    return occurrence[order], turn[order]


def _cut(
    windows: Windows,
    rows: dict[str, IntArray],
    occurrence: IntArray,
    turn: IntArray,
    seed: int,
    class_id: int,
) -> tuple[IntArray, IntArray, IntArray]:
    """Corpus, start and length of a window for each (occurrence, turn)."""
    shortest, longest = windows.lengths[0], windows.lengths[-1]
    offset, left = rows["offset"][occurrence], rows["left"][occurrence]
    draw = (np.int64(class_id) << 40) + (occurrence << 20) + turn
    length = shortest + below(longest - shortest + 1, bits(seed, f"{STREAM}/length", draw, 1)[:, 0])
    length = np.minimum(length, offset + left)
    before = np.minimum(offset, length - 1)  # the earliest window starts this far before
    shift = (np.abs(rows["lot"][occurrence]) + turn) % covering(offset, left, length)
    return rows["corpus"][occurrence], rows["position"][occurrence] - before + shift, length


def _free(corpus: IntArray, start: IntArray, wanted: int, used: dict[int, int]) -> IntArray:
    """The first candidates whose window may still be used."""
    free: list[int] = []
    for number, window in enumerate(((corpus << 48) + start).tolist()):
        if len(free) == wanted:
            break
        if used.get(window, 0) < MAX_USES:
            used[window] = used.get(window, 0) + 1
            free.append(number)
    return np.array(free, dtype=np.int64)


def _classes_in(
    windows: Windows, picked: tuple[IntArray, IntArray, IntArray], classes: int
) -> IntArray:
    corpus, position, length = picked
    batch = WindowBatch(corpus, position, length, np.zeros(0, dtype=np.uint64))
    return np.bincount(windows.read(batch, windows.lengths[-1]).ravel(), minlength=classes)


def _with_sentences(
    windows: Windows, corpus: IntArray, position: IntArray, length: IntArray
) -> WindowBatch:
    sentence = np.empty(len(corpus), dtype=np.uint64)
    for k, index in enumerate(windows.indexes):
        rows = np.flatnonzero(corpus == k)
        sentence[rows] = index.sentences_of(index.runs_at(position[rows]))
    return WindowBatch(corpus, position, length, sentence)
