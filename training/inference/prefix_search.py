"""The compiled part of the prefix beam search: a trie of prefixes, n-gram look-up, the search."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrbase.compiled import compiled

BITS = 16  # of one class id in a key
MAX_ORDER = 64 // BITS

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
KeyArray = NDArray[np.uint64]


@compiled
def push(context: np.uint64, class_id: int) -> np.uint64:
    """The context after one more class; what is older than four classes falls out."""
    return np.uint64((np.uint64(context) << np.uint64(BITS)) | np.uint64(class_id))


@compiled
def look_up(
    keys: KeyArray,
    log_probs: FloatArray,
    backoffs: FloatArray,
    offsets: NDArray[np.int64],
    context: np.uint64,
    length: int,
    class_id: int,
) -> float:
    """log p(class_id | the last `length` classes of the context), backing off as needed.

    Only the last order - 1 classes matter; a longer history is cut.
    """
    total = 0.0
    for n in range(
        min(length + 1, len(offsets) - 1), 0, -1
    ):  # n-gram order, the history has n - 1 classes
        history = np.uint64(0)
        if n > 1:
            history = context & (~np.uint64(0) >> np.uint64(BITS * (MAX_ORDER - n + 1)))
        at = _find(keys, offsets[n - 1], offsets[n], push(history, class_id))
        if at >= 0:
            return float(total + log_probs[at])
        if n > 1:
            at = _find(keys, offsets[n - 2], offsets[n - 1], history)
            if at >= 0:
                total += backoffs[at]
    return -np.inf


@compiled
def _find(keys: KeyArray, low: int, high: int, key: np.uint64) -> int:
    """Position of a key in keys[low:high], or -1."""
    end = high
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < end and keys[low] == key else -1


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


@compiled
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


@compiled
def _add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    if b == -np.inf:
        return a
    return float(a + np.log1p(np.exp(b - a)))


@compiled
def _longer(trie: _Trie, nodes: int, node: int, class_id: int) -> int:
    """The prefix one class longer; `nodes`, the first free index, if it is not there yet."""
    longer = trie.child[node]
    while longer != -1 and trie.symbol[longer] != class_id:
        longer = trie.sibling[longer]
    return int(longer) if longer != -1 else nodes


@compiled
def _append(trie: _Trie, node: int, new: int, class_id: int, bonus: float) -> None:
    trie.parent[new] = node
    trie.symbol[new] = class_id
    trie.depth[new] = trie.depth[node] + 1
    trie.sibling[new] = trie.child[node]
    trie.child[node] = new
    trie.context[new] = push(trie.context[node], class_id)
    trie.bonus[new] = trie.bonus[node] + bonus


@compiled
def search(
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
    trie = _new_trie(max_nodes(scores, width))
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


@compiled
def max_nodes(scores: FloatArray, width: int) -> int:
    """How many prefixes a search can meet: each kept one by each class that is tried."""
    nodes, kept = 1, 1
    for t in range(len(scores)):
        tried = int((scores[t] > -np.inf).sum())
        nodes += kept * tried
        kept = min(width, kept * (tried + 1))
    return nodes


@compiled
def _best(trie: _Trie, reached: IntArray, width: int) -> IntArray:
    """The `width` best of the prefixes reached, best first; ties keep their order."""
    cost = np.empty(len(reached))
    for i in range(len(reached)):
        node = reached[i]
        cost[i] = -(_add(trie.blank[node], trie.char[node]) + trie.bonus[node])
    return reached[np.argsort(cost, kind="mergesort")[:width]]


@compiled
def _spelled(trie: _Trie, node: int) -> IntArray:
    text = np.empty(trie.depth[node], dtype=np.int64)
    for i in range(len(text) - 1, -1, -1):
        text[i] = trie.symbol[node]
        node = trie.parent[node]
    return text
