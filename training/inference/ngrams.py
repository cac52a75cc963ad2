"""A back-off n-gram table over class ids, and its look-up in compiled code.

An n-gram of up to four classes is one 64-bit key, 16 bits per class, so a table of one order is a
sorted array and nothing is hashed. Probabilities and back-off weights follow the ARPA scheme:
log p(c | h) is stored where h c was seen, else it is backoff(h) + log p(c | h without its first).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.inference.prefix_search import BITS, MAX_ORDER, FloatArray, KeyArray, look_up, push


@dataclass(frozen=True, slots=True)
class NgramTable:
    """All orders in one set of arrays.

    Attributes:
        keys: packed n-grams, ascending within each order, (M,).
        log_probs: natural logarithm of p(last | others), (M,).
        backoffs: natural logarithm of the weight that the n-gram has as a history, (M,).
        offsets: where each order starts: order n is keys[offsets[n - 1]:offsets[n]], (order + 1,).
    """

    keys: KeyArray
    log_probs: FloatArray
    backoffs: FloatArray
    offsets: NDArray[np.int64]

    @property
    def order(self) -> int:
        return len(self.offsets) - 1

    def check(self) -> None:
        """Refuse a table that a look-up would read beyond, or find nothing in.

        Raises:
            ValueError: saying which array is wrong.
        """
        sizes = {len(self.keys), len(self.log_probs), len(self.backoffs)}
        if len(sizes) > 1:
            raise ValueError(f"its arrays have different lengths: {sorted(sizes)}")
        ends = self.offsets
        if not 1 <= self.order <= MAX_ORDER or (ends[1:] < ends[:-1]).any():
            raise ValueError(f"its orders start at {ends[:8].tolist()}")
        if ends[0] != 0 or ends[-1] != len(self.keys):
            raise ValueError(f"its orders end at {int(ends[-1]):,} of {len(self.keys):,} n-grams")
        if not (np.isfinite(self.log_probs).all() and np.isfinite(self.backoffs).all()):
            raise ValueError("it holds probabilities that are no finite numbers")
        falls = np.flatnonzero(self.keys[1:] <= self.keys[:-1]) + 1
        if not np.isin(falls, ends).all():
            raise ValueError("its n-grams are not in order")

    def log_prob(self, history: list[int], class_id: int) -> float:
        """Natural logarithm of p(class_id | history); only the last order - 1 classes matter."""
        context = np.uint64(0)
        for symbol in history:
            context = push(context, symbol)
        log_prob = look_up(
            self.keys,
            self.log_probs,
            self.backoffs,
            self.offsets,
            context,
            len(history),
            class_id,
        )
        return float(log_prob)


def empty_table() -> NgramTable:
    """A table of no order, for a search without a language model."""
    return NgramTable(
        np.zeros(0, np.uint64),
        np.zeros(0, np.float32),
        np.zeros(0, np.float32),
        np.zeros(1, np.int64),
    )


def pack(ngrams: NDArray[np.integer]) -> KeyArray:
    """Keys of n-grams (M, n), n at most 4, the last class in the lowest bits."""
    keys = np.zeros(len(ngrams), dtype=np.uint64)
    for column in ngrams.T:
        keys = (keys << np.uint64(BITS)) | column.astype(np.uint64)
    return keys
