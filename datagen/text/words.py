"""Words that hold a given character, from jieba's dictionary, for putting it into a line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpora.jieba_tables import dictionary
from datagen.alphabet import MAX_CLASSES, Alphabet

MAX_WORD_LENGTH = 4
_MAX_WORDS = 40  # of each class, the most frequent ones

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """Words by class, the shorter ones first.

    Attributes:
        class_ids: (W + 1, 4), zero beyond a word's end; the last row stands for no word.
        lengths: characters, (W + 1,).
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
        high = self.first[classes, np.minimum(room, MAX_WORD_LENGTH) + 1]
        aim = self.weights[low] + fractions * (self.weights[high] - self.weights[low])
        word = np.minimum(np.searchsorted(self.weights, aim, side="right") - 1, high - 1)
        none = high == low
        word[none] = len(self.lengths) - 1
        class_ids = self.class_ids[word]
        class_ids[none, 0] = classes[none]
        return class_ids, self.lengths[word]


def words_with(alphabet: Alphabet, classes: IntArray) -> Words:
    """The dictionary's words of two to four characters that hold one of these classes.

    Of each class the most frequent words are taken, ties in the dictionary's order.
    """
    spelled, counts = _dictionary()
    ids = alphabet.class_ids("".join(word.ljust(MAX_WORD_LENGTH, "\0") for word in spelled))
    ids = ids.reshape(-1, MAX_WORD_LENGTH)  # (W, 4)
    lengths = np.array([len(word) for word in spelled], dtype=np.int64)
    beyond = np.arange(MAX_WORD_LENGTH) >= lengths[:, None]
    usable = ((ids != MAX_CLASSES) | beyond).all(axis=1)
    ids, lengths, counts = np.where(beyond, 0, ids)[usable], lengths[usable], counts[usable]
    owner, word = _pairs(ids, lengths, classes)
    keep = _most_frequent(owner, counts[word])
    owner, word = owner[keep], word[keep]
    order = np.lexsort((word, -counts[word], lengths[word], owner))
    owner, word = owner[order], word[order]
    bounds = np.arange(len(alphabet) * (MAX_WORD_LENGTH + 2), dtype=np.int64)
    first = np.searchsorted(owner * (MAX_WORD_LENGTH + 2) + lengths[word], bounds)
    return Words(
        np.concatenate([ids[word], np.zeros((1, MAX_WORD_LENGTH), dtype=np.uint16)]),
        np.append(lengths[word], 1),
        first.reshape(-1, MAX_WORD_LENGTH + 2),  # (classes, 6)
        np.concatenate([[0.0], np.cumsum(np.sqrt(counts[word] + 1.0))]),
    )


def _dictionary() -> tuple[list[str], IntArray]:
    spelled, counts = [], []
    for word, count, _ in dictionary():
        if 2 <= len(word) <= MAX_WORD_LENGTH:
            spelled.append(word)
            counts.append(count)
    return spelled, np.array(counts, dtype=np.int64)


def _pairs(
    ids: NDArray[np.uint16], lengths: IntArray, classes: IntArray
) -> tuple[IntArray, IntArray]:
    """Every (class, word) where a wanted class stands in the word, each pair once."""
    wanted = np.zeros(MAX_CLASSES + 1, dtype=np.bool_)
    wanted[classes] = True
    word, at = np.nonzero(wanted[ids] & (np.arange(MAX_WORD_LENGTH) < lengths[:, None]))
    pairs = np.unique(ids[word, at].astype(np.int64) * len(ids) + word)
    return pairs // max(len(ids), 1), pairs % max(len(ids), 1)


def _most_frequent(owner: IntArray, counts: IntArray) -> IntArray:
    """Positions of the most frequent words of each class."""
    order = np.lexsort((np.arange(len(owner)), -counts, owner))
    ranked = owner[order]
    rank = np.arange(len(order)) - np.searchsorted(ranked, ranked)
    kept: IntArray = order[rank < _MAX_WORDS]
    return kept
