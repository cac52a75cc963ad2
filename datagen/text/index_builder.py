"""Builds the index over a text: one pass over its sentences, then a sort of its runs by length."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import MAX_CLASSES, Alphabet
from datagen.text.column_folders import ColumnWriter, map_column
from datagen.text.sentences import sentence_hash
from ocrbase.publishing import reserve
from ocrbase.records import encode

LOSSES_FILE = "losses.json"
_SENTENCES_AT_ONCE = 20_000
_RUNS_AT_ONCE = 1 << 20
_LENGTH_BINS = 256  # longest run of a sentence, the last bin holds all that is longer

IntArray = NDArray[np.int64]


class Losses(msgspec.Struct, frozen=True):
    """What of a text cannot be drawn.

    Attributes:
        outside: how often each character outside the alphabet occurs, most frequent first.
        longest_run: sentences by the length of their longest run, 256 counts; the last one holds
            all longer ones.
    """

    outside: dict[str, int]
    longest_run: list[int]

    def sentences_too_short(self, length: int) -> int:
        """Sentences without a single window of this length."""
        return sum(self.longest_run[: min(length, _LENGTH_BINS)])


class _Builder:
    """Columns of an index that grow batch by batch."""

    _COLUMNS = (
        ("ids", "<u2"),
        ("run_start", "<i8"),
        ("run_length", "<i4"),
        ("run_sentence", "<i8"),
        ("sentence_hashes", "<u8"),
    )

    def __init__(self, folder: Path, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.columns = {name: ColumnWriter(folder / f"{name}.npy", t) for name, t in self._COLUMNS}
        self.outside: Counter[str] = Counter()
        self.class_counts = np.zeros(len(alphabet), dtype=np.int64)
        self.longest_run = np.zeros(_LENGTH_BINS, dtype=np.int64)
        self.runs_of_length = np.zeros(1, dtype=np.int64)

    def add(self, sentences: list[str]) -> None:
        """Index whole sentences; the newline between them is outside every alphabet."""
        text = self.alphabet.normalise("\n".join(s.replace("\n", " ") for s in sentences)) + "\n"
        ids = self.alphabet.class_ids(text)
        inside = ids != MAX_CLASSES
        outside = ~inside
        if self.alphabet.space is not None:
            inside &= ~_edge_spaces(ids == self.alphabet.space, outside)
        edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
        starts, ends = edges[::2], edges[1::2]
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        breaks = np.flatnonzero(points == ord("\n"))
        owner = np.searchsorted(breaks, starts)  # sentence within this batch
        self._count(points[outside], ends - starts, owner, len(sentences))
        self._write(text, ids[inside], ends - starts, owner)

    def _write(
        self, text: str, ids: NDArray[np.uint16], lengths: IntArray, owner: IntArray
    ) -> None:
        columns = self.columns
        first = columns["ids"].size
        columns["run_start"].append(first + np.cumsum(lengths) - lengths)
        columns["run_length"].append(lengths)
        columns["run_sentence"].append(columns["sentence_hashes"].size + owner)
        columns["ids"].append(ids)
        hashes = [sentence_hash(sentence) for sentence in text[:-1].split("\n")]
        columns["sentence_hashes"].append(np.array(hashes, dtype=np.uint64))
        self.class_counts += np.bincount(ids, minlength=len(self.alphabet))

    def _count(
        self, outside: NDArray[np.uint32], lengths: IntArray, owner: IntArray, sentences: int
    ) -> None:
        points, occurrences = np.unique(outside[outside != ord("\n")], return_counts=True)
        for point, count in zip(points.tolist(), occurrences.tolist(), strict=True):
            self.outside[_valid(point)] += count
        longest = np.zeros(sentences, dtype=np.int64)
        np.maximum.at(longest, owner, lengths)
        self.longest_run += np.bincount(
            np.minimum(longest, _LENGTH_BINS - 1), minlength=_LENGTH_BINS
        )
        counts = np.bincount(lengths, minlength=len(self.runs_of_length))
        counts[: len(self.runs_of_length)] += self.runs_of_length
        self.runs_of_length = counts

    def finish(self, folder: Path) -> None:
        for column in self.columns.values():
            column.close()
        np.save(folder / "class_counts.npy", self.class_counts)
        np.save(folder / "runs_of_length.npy", self.runs_of_length)
        _order_by_length(folder, self.runs_of_length)
        losses = Losses(dict(_by_count(self.outside)), self.longest_run.tolist())
        (folder / LOSSES_FILE).write_text(encode(losses), encoding="utf-8")


def _edge_spaces(is_space: NDArray[np.bool_], outside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Spaces beside a character outside the alphabet: at an end of a run they would not show."""
    before = np.concatenate([[True], outside[:-1]])
    after = np.concatenate([outside[1:], [True]])
    at_edge: NDArray[np.bool_] = is_space & (before | after)
    return at_edge


def build_index(folder: Path, sentences: Iterable[str], alphabet: Alphabet) -> None:
    """Write the columns of an index into an empty folder, in memory that does not grow."""
    builder = _Builder(folder, alphabet)
    stream = iter(sentences)
    try:
        while batch := list(islice(stream, _SENTENCES_AT_ONCE)):
            builder.add(batch)
        builder.finish(folder)
    except BaseException:
        for column in builder.columns.values():
            column.abandon()
        raise


def _order_by_length(folder: Path, runs_of_length: IntArray) -> None:
    """A counting sort in chunks, so that memory does not grow with the number of runs."""
    lengths = map_column(folder / "run_length.npy", "<i4")
    if not len(lengths):
        np.save(folder / "by_length.npy", np.zeros(0, dtype=np.int64))
        np.save(folder / "cumulative.npy", np.zeros(1, dtype=np.int64))
        return
    next_rank = len(lengths) - np.cumsum(runs_of_length)  # first rank of each length
    by_length = np.lib.format.open_memmap(
        folder / "by_length.npy", mode="w+", dtype=np.int64, shape=(len(lengths),)
    )
    reserve(folder / "by_length.npy")
    for start in range(0, len(lengths), _RUNS_AT_ONCE):
        part = np.asarray(lengths[start : start + _RUNS_AT_ONCE], dtype=np.int64)
        order = np.argsort(part, kind="stable")
        counts = np.bincount(part, minlength=len(next_rank))
        within = np.arange(len(part)) - np.repeat(np.cumsum(counts) - counts, counts)
        by_length[next_rank[part[order]] + within] = start + order
        next_rank += counts
    by_length.flush()
    cumulative = ColumnWriter(folder / "cumulative.npy", "<i8")
    cumulative.append(np.zeros(1, dtype=np.int64))
    for chunk, total in _running_totals(lengths, by_length):
        cumulative.append(total + np.cumsum(chunk))
    cumulative.close()


def _running_totals(
    lengths: NDArray[np.int32], by_length: IntArray
) -> Iterator[tuple[IntArray, int]]:
    total = 0
    for start in range(0, len(by_length), _RUNS_AT_ONCE):
        chunk = lengths[by_length[start : start + _RUNS_AT_ONCE]].astype(np.int64)
        yield chunk, total
        total += int(chunk.sum())


def _valid(point: int) -> str:
    """A character that UTF-8 can hold; U+FFFD for half of a surrogate pair."""
    return "\ufffd" if 0xD800 <= point < 0xE000 else chr(point)


def _by_count(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
