"""Windows over a mix of texts: drawn at random, read, and counted by class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from corpora import CorpusError
from datagen.draws import below, bits
from datagen.text.index import TextIndex

_RUNS_AT_ONCE = 200_000
_MAX_REDRAWS = 256  # of a window; where nine in ten begin or end with a space, 1e-12 need more

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WindowBatch:
    """B windows, one per line; every field is (B,).

    Attributes:
        corpus: number in the mix.
        position: first character in the corpus' index.
        length: characters.
        sentence: hash of the normalised sentence.
    """

    corpus: IntArray
    position: IntArray
    length: IntArray
    sentence: NDArray[np.uint64]


class Windows:
    """All windows of `length_min` to `length_max` characters over indexed corpora.

    A length is drawn uniformly, then a corpus by weight among those that have a window of it,
    then one of its windows uniformly. No window begins or ends with a space, which nobody could
    see in its image.

    Args:
        names: of the corpora.
        indexes: of the corpora, over one alphabet.
        weights: of the corpora.
        length_min: characters of the shortest window.
        length_max: characters of the longest window.
        space: class of the space, if the alphabet has one.

    Raises:
        CorpusError: if a corpus has no window at all, or a length none in any corpus.
    """

    def __init__(
        self,
        names: Sequence[str],
        indexes: Sequence[TextIndex],
        weights: Sequence[float],
        length_min: int,
        length_max: int,
        space: int | None = None,
    ) -> None:
        self.names, self.space = tuple(names), space
        self.indexes = tuple(indexes)
        self.lengths = range(length_min, length_max + 1)
        self.counts = np.array([[i.windows(n) for n in self.lengths] for i in indexes])  # (C, D)
        _check(names, self.counts, self.lengths, indexes)
        share = np.array(weights, dtype=np.float64)[:, None] * (self.counts > 0)
        self.share = share / share.sum(axis=0)  # (C, D) share of each corpus at each length
        self._edges = np.cumsum(self.share, axis=0)[:-1]  # (C - 1, D)

    @cached_property
    def usable(self) -> IntArray:
        """Windows of each corpus and length that a line may show, (C, D).

        `counts` has those too that begin or end with a space; this looks through the whole text.
        """
        counts: IntArray = self.counts
        if self.space is None:
            return counts
        usable = np.zeros_like(counts)
        for row, index in zip(usable, self.indexes, strict=True):
            for ids, _, left in runs_in_chunks(index):
                for column, length in enumerate(self.lengths):
                    row[column] += _starts(ids == self.space, left, length).sum()
        return usable

    def draw(self, seed: int, stream: str, indices: IntArray) -> WindowBatch:
        """One window for each index, (B,); a pure function of (seed, stream, index)."""
        words = bits(seed, stream, indices, 3)  # (B, 3): length, corpus, window
        row = below(len(self.lengths), words[:, 0])
        fraction = (words[:, 1] >> np.uint64(11)).astype(np.float64) * 2.0**-53
        corpus = (self._edges[:, row] <= fraction).sum(axis=0)  # (B,)
        length = row + self.lengths.start
        batch = self._locate(corpus, length, self._number(corpus, length, words[:, 2]))
        if self.space is not None:
            self._redraw_edge_spaces(batch, seed, stream, indices)
        return batch

    def shows_edges(self, batch: WindowBatch) -> NDArray[np.bool_]:
        """Whether windows neither begin nor end with a space, (B,)."""
        shown = np.ones(len(batch.corpus), dtype=np.bool_)
        if self.space is None:
            return shown
        for k, index in enumerate(self.indexes):
            rows = np.flatnonzero(batch.corpus == k)
            first = batch.position[rows]
            for at in (first, first + batch.length[rows] - 1):
                shown[rows] &= index.ids[at] != self.space
        return shown

    def read(self, batch: WindowBatch, width: int) -> NDArray[np.uint16]:
        """Class ids, (B, width), zero beyond a line's end."""
        class_ids = np.zeros((len(batch.corpus), width), dtype=np.uint16)
        steps = np.arange(width)
        for k, index in enumerate(self.indexes):
            rows = slice(None) if len(self.indexes) == 1 else np.flatnonzero(batch.corpus == k)
            at = batch.position[rows, None] + steps  # (b, width)
            class_ids[rows] = index.ids.take(at, mode="clip")
        if len(self.lengths) > 1:
            class_ids[steps >= batch.length[:, None]] = 0
        return class_ids

    def expected(self, classes: int) -> NDArray[np.float64]:
        """Occurrences of each class to expect on one drawn line, (classes,)."""
        total = np.zeros(classes, dtype=np.float64)
        for index, counts, share in zip(self.indexes, self.usable, self.share, strict=True):
            rates = [s / c if c else 0.0 for s, c in zip(share, counts, strict=True)]
            for ids, offset, left in runs_in_chunks(index):
                cover = sum(
                    rate * self._covering(ids, offset, left, length)
                    for rate, length in zip(rates, self.lengths, strict=True)
                    if rate
                )
                total += np.bincount(ids, weights=cover, minlength=classes)
        return total / len(self.lengths)

    def _covering(
        self, ids: NDArray[np.uint16], offset: IntArray, left: IntArray, length: int
    ) -> IntArray:
        """Windows of one length that hold each character and may be shown, (B,)."""
        if self.space is None:
            return covering(offset, left, length)
        before: IntArray = np.zeros(len(ids) + 1, dtype=np.int64)
        np.cumsum(_starts(ids == self.space, left, length), out=before[1:])
        last = np.arange(len(ids)) + 1
        first = np.maximum(last - length, 0)
        held: IntArray = before[last] - before[first]
        return held

    def _number(self, corpus: IntArray, length: IntArray, words: NDArray[np.uint64]) -> IntArray:
        """A random word as the number of a window of its corpus and length."""
        fractions = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        counts = self.counts[corpus, length - self.lengths.start]
        numbers: IntArray = (fractions * counts).astype(np.int64)
        return numbers

    def _redraw_edge_spaces(
        self, batch: WindowBatch, seed: int, stream: str, indices: IntArray
    ) -> None:
        """Draw windows that begin or end with a space again, of the same corpus and length."""
        rows = np.flatnonzero(~self.shows_edges(batch))
        for attempt in range(1, _MAX_REDRAWS + 1):
            if not len(rows):
                return
            corpus, length = batch.corpus[rows], batch.length[rows]
            words = bits(seed, f"{stream}/again {attempt}", indices[rows], 1)[:, 0]
            again = self._locate(corpus, length, self._number(corpus, length, words))
            batch.position[rows], batch.sentence[rows] = again.position, again.sentence
            rows = rows[~self.shows_edges(again)]
        if len(rows):
            name, length = self.names[batch.corpus[rows[0]]], batch.length[rows[0]]
            raise CorpusError(
                f"hardly a stretch of {length} characters of {name} begins and ends without a space"
                "; choose another --length, --corpus or --alphabet"
            )

    def _locate(self, corpus: IntArray, length: IntArray, number: IntArray) -> WindowBatch:
        position = np.empty_like(number)
        sentence = np.empty(len(number), dtype=np.uint64)
        for k, index in enumerate(self.indexes):
            rows = np.flatnonzero(corpus == k)
            if len(rows):
                position[rows], runs = index.locate(number[rows], length[rows])
                sentence[rows] = index.sentences_of(runs)
        return WindowBatch(corpus, position, length, sentence)


def _starts(is_space: NDArray[np.bool_], left: IntArray, length: int) -> NDArray[np.bool_]:
    """Where windows of one length begin in a text that neither begin nor end with a space.

    Args:
        is_space: of each character of whole runs, (B,).
        left: characters from it to the end of its run, (B,).
        length: characters of a window.
    """
    starts: NDArray[np.bool_] = (left >= length) & ~is_space
    ends = is_space[length - 1 :]
    starts[: len(ends)] &= ~ends
    return starts


def covering(offset: IntArray, left: IntArray, length: int) -> IntArray:
    """Windows of one length that hold each character.

    Args:
        offset: characters before it in its run, (B,).
        left: characters from it to the end of its run, itself included, (B,).
        length: characters of a window.

    Returns:
        (B,), 0 where the run is too short.
    """
    most = offset + left - length + 1  # windows of the whole run
    fewest = np.minimum(np.minimum(offset + 1, left), np.minimum(most, length))
    covered: IntArray = np.maximum(fewest, 0)
    return covered


def runs_in_chunks(index: TextIndex) -> Iterator[tuple[NDArray[np.uint16], IntArray, IntArray]]:
    """A whole index in pieces: class ids, offset in the run, characters left in the run."""
    for start in range(0, len(index.run_start), _RUNS_AT_ONCE):
        begins = np.asarray(index.run_start[start : start + _RUNS_AT_ONCE])
        lengths = index.run_length[start : start + _RUNS_AT_ONCE].astype(np.int64)
        end = int(begins[-1] + lengths[-1])
        offset = np.arange(begins[0], end) - np.repeat(begins, lengths)
        yield np.asarray(index.ids[begins[0] : end]), offset, np.repeat(lengths, lengths) - offset


def _check(
    names: Sequence[str], counts: IntArray, lengths: range, indexes: Sequence[TextIndex]
) -> None:
    span = f"{lengths[0]}" if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
    facts = ", ".join(f"{n} up to {i.longest}" for n, i in zip(names, indexes, strict=True))
    way_out = "; choose another --length, --corpus or --alphabet"
    empty = [name for name, row in zip(names, counts, strict=True) if not row.any()]
    if empty:
        raise CorpusError(
            f"no sentence of {', '.join(empty)} holds {span} characters of the alphabet in a row"
            f" ({facts}){way_out}"
        )
    missing = [str(n) for n, column in zip(lengths, counts.T, strict=True) if not column.any()]
    if missing:
        raise CorpusError(f"no sentence holds {', '.join(missing)} characters ({facts}){way_out}")
