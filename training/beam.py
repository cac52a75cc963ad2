"""Prefix beam search over CTC logits, with a character n-gram model if one is given.

The sum over all paths that spell a prefix is kept in two parts, those that end in a blank and
those that do not (Graves and Jaitly 2014; Hannun et al. 2014, "First-pass large vocabulary
continuous speech recognition using bi-directional recurrent DNNs"). With a beam that holds every
prefix and no pruning of classes the result is the likeliest text, exactly.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from training.decoding import (
    Decoded,
    FloatArray,
    IntArray,
    aligned,
    check_lengths,
    log_partition,
)
from training.ngrams import NgramTable, empty_table, look_up, push


@dataclass(frozen=True, slots=True)
class BeamSettings:
    """What a prefix beam search weighs and keeps.

    Attributes:
        width: prefixes kept after each frame.
        classes_per_frame: classes besides the blank that may extend a prefix in one frame.
        least_probability: of a class in a frame, to extend a prefix there.
        lm_weight: factor of the language model's log-probability.
        length_bonus: added for each character, in nats; offsets the model's taste for short text.
    """

    width: int = 10
    classes_per_frame: int = 20
    least_probability: float = 1e-5
    lm_weight: float = 0.3
    length_bonus: float = 1.0

    def __post_init__(self) -> None:
        if self.width < 1 or self.classes_per_frame < 1:
            raise ValueError("a beam needs a width and classes_per_frame of at least 1")


def beam_decode(
    logits: FloatArray,
    input_lengths: IntArray,
    *,
    blank: int = 0,
    settings: BeamSettings = BeamSettings(),
    table: NgramTable | None = None,
) -> list[Decoded]:
    """The best text of each line over all its paths.

    Args:
        logits: unnormalised scores, (T, N, C).
        input_lengths: valid time steps of each line, (N,), each in [1, T].
        blank: class of the CTC blank.
        settings: widths and weights; the weights are used with a table only.
        table: n-gram table over the same classes, or None.

    Raises:
        ValueError: if a length is outside [1, T].
    """
    check_lengths(logits.shape[0], input_lengths)
    weights = (settings.lm_weight, settings.length_bonus) if table else (0.0, 0.0)
    table = table or empty_table()
    decoded = []
    for n, length in enumerate(input_lengths):
        columns, log_probs = _likely(logits[:length, n], blank, settings.least_probability)
        blank_column = int(np.searchsorted(columns, blank))
        ids, scores = _candidates(log_probs, blank_column, settings)
        text, log_probability = _search(
            np.ascontiguousarray(log_probs[:, blank_column]), columns[ids], scores,
            settings.width, *weights,
            table.keys, table.log_probs, table.backoffs, table.offsets,
        )  # fmt: skip
        placed = aligned(
            log_probs, np.searchsorted(columns, text), float(log_probability), blank=blank_column
        )
        decoded.append(replace(placed, class_ids=text))
    return decoded


def _likely(logits: FloatArray, blank: int, least: float) -> tuple[IntArray, FloatArray]:
    """The classes (K,) that reach a probability in some frame, with the blank, and their
    log-probabilities (T, K).

    Of thousands of classes some dozens remain, and everything after costs accordingly less.
    """
    partition = log_partition(logits[:, None])  # (T, 1)
    with np.errstate(divide="ignore"):
        likely = logits >= partition + np.float32(np.log(least))
    reached: NDArray[np.bool_] = np.any(likely, axis=0)
    reached[blank] = True
    columns = np.flatnonzero(reached)
    return columns, logits[:, columns] - partition


def _candidates(
    log_probs: FloatArray, blank: int, settings: BeamSettings
) -> tuple[IntArray, FloatArray]:
    """The likeliest columns besides the blank in each frame and their scores, both (T, K).

    A column that is too unlikely to be tried has the score -inf.
    """
    others = log_probs.copy()
    others[:, blank] = -np.inf
    most = min(settings.classes_per_frame, others.shape[1])
    ids = np.argpartition(-others, most - 1, axis=1)[:, :most]
    scores = np.take_along_axis(others, ids, axis=1)
    scores[np.exp(scores) < settings.least_probability] = -np.inf
    return ids, scores


class _Trie(NamedTuple):
    """Prefixes as nodes in flat arrays; node 0 is the empty text, -1 is no node.

    `blank` and `char` are the log-masses of a prefix's paths in the frame at hand, by whether
    they end in a blank; both are -inf for a prefix that the frame has not reached.
    """

    parent: IntArray
    symbol: IntArray
    depth: IntArray
    child: IntArray  # first child
    sibling: IntArray  # next child of the same parent
    context: NDArray[np.uint64]  # last classes, packed for the n-gram table
    bonus: NDArray[np.float64]  # language model and length, weighted
    blank: NDArray[np.float64]
    char: NDArray[np.float64]


@njit(cache=True)
def _new_trie(size: int) -> _Trie:
    return _Trie(
        parent=np.full(size, -1),
        symbol=np.full(size, -1),
        depth=np.zeros(size, dtype=np.int64),
        child=np.full(size, -1),
        sibling=np.full(size, -1),
        context=np.zeros(size, dtype=np.uint64),
        bonus=np.zeros(size),
        blank=np.full(size, -np.inf),
        char=np.full(size, -np.inf),
    )


@njit(cache=True)
def _add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    if b == -np.inf:
        return a
    return float(a + np.log1p(np.exp(b - a)))


@njit(cache=True)
def _longer(trie: _Trie, nodes: int, node: int, class_id: int) -> int:
    """The prefix one class longer; `nodes`, the first free place, if it is not there yet."""
    longer = trie.child[node]
    while longer != -1 and trie.symbol[longer] != class_id:
        longer = trie.sibling[longer]
    return int(longer) if longer != -1 else nodes


@njit(cache=True)
def _append(trie: _Trie, node: int, new: int, class_id: int, bonus: float) -> None:
    trie.parent[new] = node
    trie.symbol[new] = class_id
    trie.depth[new] = trie.depth[node] + 1
    trie.sibling[new] = trie.child[node]
    trie.child[node] = new
    trie.context[new] = push(trie.context[node], class_id)
    trie.bonus[new] = trie.bonus[node] + bonus


@njit(cache=True)
def _search(
    blanks: FloatArray,
    ids: IntArray,
    scores: FloatArray,
    width: int,
    lm_weight: float,
    length_bonus: float,
    lm_keys: NDArray[np.uint64],
    lm_log_probs: FloatArray,
    lm_backoffs: FloatArray,
    lm_offsets: IntArray,
) -> tuple[IntArray, float]:
    """Best text and its log-probability, the language model's part left out."""
    trie = _new_trie(_most_nodes(scores, width))
    nodes = 1
    beam = np.zeros(1, dtype=np.int64)
    ends_blank = np.zeros(1)
    ends_char = np.full(1, -np.inf)
    for t in range(len(blanks)):
        reached = np.empty(len(beam) * (ids.shape[1] + 1), dtype=np.int64)
        count = 0
        for i in range(len(beam)):
            node = beam[i]
            total = _add(ends_blank[i], ends_char[i])
            if trie.blank[node] == -np.inf and trie.char[node] == -np.inf:
                reached[count] = node
                count += 1
            trie.blank[node] = _add(trie.blank[node], total + blanks[t])
            for k in range(ids.shape[1]):
                before = total
                if ids[t, k] == trie.symbol[node]:
                    # The same class again stays in this prefix; after a blank it is a new one.
                    trie.char[node] = _add(trie.char[node], ends_char[i] + scores[t, k])
                    before = ends_blank[i]
                if before + scores[t, k] == -np.inf:
                    continue
                longer = _longer(trie, nodes, node, ids[t, k])
                if longer == nodes:
                    bonus = length_bonus
                    if lm_weight != 0.0:
                        bonus += lm_weight * look_up(
                            lm_keys, lm_log_probs, lm_backoffs, lm_offsets,
                            trie.context[node], trie.depth[node], ids[t, k],
                        )  # fmt: skip
                    _append(trie, node, longer, ids[t, k], bonus)
                    nodes += 1
                if trie.blank[longer] == -np.inf and trie.char[longer] == -np.inf:
                    reached[count] = longer
                    count += 1
                trie.char[longer] = _add(trie.char[longer], before + scores[t, k])
        beam = _best(trie, reached[:count], width)
        ends_blank = trie.blank[beam]
        ends_char = trie.char[beam]
        trie.blank[reached[:count]] = -np.inf
        trie.char[reached[:count]] = -np.inf
    return _spelled(trie, beam[0]), _add(ends_blank[0], ends_char[0])


@njit(cache=True)
def _most_nodes(scores: FloatArray, width: int) -> int:
    """How many prefixes a search can meet: each kept one by each class that is tried."""
    nodes, kept = 1, 1
    for t in range(len(scores)):
        tried = int((scores[t] > -np.inf).sum())
        nodes += kept * tried
        kept = min(width, kept * (tried + 1))
    return nodes


@njit(cache=True)
def _best(trie: _Trie, reached: IntArray, width: int) -> IntArray:
    """The `width` best of the prefixes reached, best first; ties keep their order."""
    cost = np.empty(len(reached))
    for i in range(len(reached)):
        node = reached[i]
        cost[i] = -(_add(trie.blank[node], trie.char[node]) + trie.bonus[node])
    return reached[np.argsort(cost, kind="mergesort")[:width]]


@njit(cache=True)
def _spelled(trie: _Trie, node: int) -> IntArray:
    text = np.empty(trie.depth[node], dtype=np.int64)
    for i in range(len(text) - 1, -1, -1):
        text[i] = trie.symbol[node]
        node = trie.parent[node]
    return text
