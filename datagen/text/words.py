"""Words that hold a given character, from jieba's dictionary, for putting it into a line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import MOST_CLASSES, Alphabet

LONGEST_WORD = 4
_MOST_WORDS = 40  # of each class, the most frequent ones

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """Words by class, the shorter ones first.

    Attributes:
        class_ids: (W, 4), zero beyond a word's end.
        lengths: characters, (W,).
        first: first word of each (class, longest length allowed + 1), (classes, 6): the words of
            class c with at most n characters are first[c, 0] to first[c, n + 1].
        weights: running sum of the words' weights before each word, (W + 1,).
    """

    class_ids: NDArray[np.uint16]
    lengths: IntArray
    first: IntArray
    weights: NDArray[np.float64]

    def choose(
        self, classes: IntArray, room: IntArray, fractions: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint16], IntArray]:
        """A word for each class, drawn by the root of its frequency, else the character alone.

        Args:
            classes: (B,).
            room: most characters of each word, (B,).
            fractions: uniform draws in [0, 1), (B,).

        Returns:
            (class ids (B, 4), lengths (B,)).
        """
        low = self.first[classes, 0]
        high = self.first[classes, np.minimum(room, LONGEST_WORD) + 1]
        aim = self.weights[low] + fractions * (self.weights[high] - self.weights[low])
        word = np.minimum(np.searchsorted(self.weights, aim, side="right") - 1, high - 1)
        none = high == low
        word[none] = 0
        class_ids = self.class_ids[word]
        lengths = np.where(none, 1, self.lengths[word])
        class_ids[none] = 0
        class_ids[none, 0] = classes[none]
        return class_ids, lengths


def words_with(alphabet: Alphabet, classes: IntArray) -> Words:
    """The dictionary's words of two to four characters that hold one of these classes."""
    wanted = {alphabet.symbols[c]: int(c) for c in classes}
    rows = [
        (class_id, len(word), -count, word)
        for word, count in _dictionary()
        for class_id in {wanted[c] for c in word if c in wanted}
        if MOST_CLASSES not in alphabet.class_ids(word)
    ]
    rows = _most_frequent(rows)
    rows.sort(key=lambda row: (row[0], row[1], row[2], row[3]))
    ids = np.zeros((max(len(rows), 1), LONGEST_WORD), dtype=np.uint16)
    for k, row in enumerate(rows):
        ids[k, : row[1]] = alphabet.class_ids(row[3])
    keys = np.array([row[0] * (LONGEST_WORD + 2) + row[1] for row in rows], dtype=np.int64)
    bounds = np.arange(len(alphabet) * (LONGEST_WORD + 2), dtype=np.int64)
    first = np.searchsorted(keys, bounds).reshape(-1, LONGEST_WORD + 2)  # (classes, 6)
    weights = np.sqrt([1.0 - row[2] for row in rows])
    return Words(
        ids,
        np.array([row[1] for row in rows] or [1], dtype=np.int64),
        first,
        np.concatenate([[0.0], np.cumsum(weights)]),
    )


def _dictionary() -> list[tuple[str, int]]:
    import jieba

    with jieba.Tokenizer().get_dict_file() as lines:
        entries = (line.decode("utf-8").split(" ") for line in lines)
        return [(word, int(n)) for word, n, *_ in entries if 2 <= len(word) <= LONGEST_WORD]


def _most_frequent(rows: list[tuple[int, int, int, str]]) -> list[tuple[int, int, int, str]]:
    kept: dict[int, int] = {}
    chosen = []
    for row in sorted(rows, key=lambda row: (row[0], row[2], row[3])):
        kept[row[0]] = kept.get(row[0], 0) + 1
        if kept[row[0]] <= _MOST_WORDS:
            chosen.append(row)
    return chosen
