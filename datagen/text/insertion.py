"""Lines for classes that no unaltered window serves: the character put into a real window.

It comes inside a word that has it where the dictionary knows one. A word replaces as many
characters as it has, so the line keeps its length; where it can, it replaces hanzi rather than
punctuation or digits.
"""

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.draws import below, bits, uniforms
from datagen.text.windows import WindowBatch, Windows
from datagen.text.words import MAX_WORD_LENGTH, words_with

STREAM = "needy"  # of all draws for rare classes; under another name they give other texts
PREFERRED_PER_LINE = 2  # characters put into one line, while the limit on such lines allows it
MAX_PER_LINE = 4
_POSITIONS_TRIED = 6

IntArray = NDArray[np.int64]


def lines_for(needs: IntArray, max_lines: int, max_per_line: int) -> int:
    """How many lines take these insertions: two per line, up to four where lines are scarce."""
    units = int(needs.sum())
    if not units or not max_lines:
        return 0
    each = min(PREFERRED_PER_LINE, max_per_line)
    wanted = max(-(-units // each), int(needs.max()))
    return min(wanted, max_lines)


def insert(
    windows: Windows, alphabet: Alphabet, seed: int, needs: IntArray, lines: int
) -> tuple[WindowBatch, NDArray[np.uint16], NDArray[np.uint8]]:
    """Draw windows and put every needed character into one of them.

    Args:
        windows: where the host lines come from.
        alphabet: for the dictionary's words.
        seed: of all draws.
        needs: insertions of each class, (classes,).
        lines: host lines, (H,), at least needs.sum() / 4.

    Returns:
        (host windows, class ids (H, longest line), characters replaced (H,)), ordered so that
        every class is spread evenly over the lines.
    """
    hosts = windows.draw(seed, f"{STREAM}/host", np.arange(lines))
    class_ids = windows.read(hosts, windows.lengths[-1])
    classes = _spread(needs, seed)  # (U,)
    rank = np.arange(len(classes))
    line = rank * lines // len(classes)
    first_of_line = -(-np.arange(lines + 1) * len(classes) // lines)
    each = np.diff(first_of_line)[line]
    segment = rank - first_of_line[line]
    start = segment * hosts.length[line] // each
    end = (segment + 1) * hosts.length[line] // each
    draws = uniforms(seed, f"{STREAM}/word", rank, 1)[:, 0]
    words = words_with(alphabet, np.flatnonzero(needs))
    ids, lengths = words.choose(classes, end - start, draws)
    is_hanzi = np.array([len(s) == 1 and "一" <= s <= "鿿" for s in alphabet.symbols])
    at = _word_positions(is_hanzi[class_ids], line, start, end - lengths, lengths, seed)
    inserted = np.zeros(lines, dtype=np.uint8)
    for k in range(MAX_WORD_LENGTH):
        inside = lengths > k
        class_ids[line[inside], at[inside] + k] = ids[inside, k]
    np.add.at(inserted, line, lengths.astype(np.uint8))
    return hosts, class_ids, inserted


def spread_order(counts: IntArray, seed: int, stream: str) -> tuple[IntArray, IntArray]:
    """Interleave items of several kinds so that every prefix holds its share of each.

    Item k of the n of a kind stands at about (k + u) / n of the way, u a draw of its own, so that
    neighbours differ from round to round.

    Returns:
        (kinds, numbers within the kind), both (counts.sum(),).
    """
    kinds = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(kinds)) - np.repeat(np.cumsum(counts) - counts, counts)
    jitter = uniforms(seed, stream, (kinds << 32) + within, 1)[:, 0]
    order = np.lexsort((kinds, (within + jitter) / counts[kinds]))
    return kinds[order], within[order]


def _spread(needs: IntArray, seed: int) -> IntArray:
    return spread_order(needs, seed, f"{STREAM}/units")[0]


def _word_positions(
    is_hanzi: NDArray[np.bool_],
    line: IntArray,
    start: IntArray,
    last: IntArray,
    lengths: IntArray,
    seed: int,
) -> IntArray:
    """Where each word goes: of a few positions in its segment the one that replaces most hanzi."""
    choices = last - start + 1
    draw = below(1 << 30, bits(seed, f"{STREAM}/place", np.arange(len(line)), 1)[:, 0])
    best = start + draw % choices
    best_cost = np.full(len(line), MAX_WORD_LENGTH + 1)
    for attempt in range(_POSITIONS_TRIED):
        at = start + (draw + attempt) % choices
        cost = np.zeros(len(line), dtype=np.int64)
        for k in range(MAX_WORD_LENGTH):
            inside = lengths > k
            cost[inside] += ~is_hanzi[line[inside], at[inside] + k]
        better = cost < best_cost
        best = np.where(better, at, best)
        best_cost = np.where(better, cost, best_cost)
    return best
