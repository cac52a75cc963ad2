"""The index over a text: class ids, runs and sentences, built once and mapped afterwards.

A run is a stretch of one sentence without a character outside the alphabet; lines are cut from
runs only, so no line splices strangers together. Runs are also listed by falling length: then the
windows of any length L are numbered without a table of their own, because the windows of the
first k runs are sum(lengths) - k * (L - 1).
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora import Corpus
from datagen.alphabet import MAX_CLASSES, Alphabet
from datagen.text.column_folders import ColumnWriter, mapped, published
from ocrbase.homes import cache_home

INDEX_VERSION = 1
_SENTENCES_AT_ONCE = 20_000
_RUNS_AT_ONCE = 1 << 20
_LENGTH_BINS = 256  # longest run of a sentence, the last bin holds all that is longer

IntArray = NDArray[np.int64]


def sentence_hash(text: str) -> int:
    """64 bits that stand for a normalised sentence; train and validation are told apart by it."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Losses:
    """What of a text cannot be drawn.

    Attributes:
        outside: how often each character outside the alphabet occurs, most frequent first.
        longest_run: sentences by the length of their longest run, (256,); the last bin holds all
            longer ones.
    """

    outside: dict[str, int]
    longest_run: IntArray

    def sentences_too_short(self, length: int) -> int:
        """Sentences without a single window of this length."""
        return int(self.longest_run[: min(length, _LENGTH_BINS)].sum())


class TextIndex:
    """A corpus over an alphabet, mapped from its cache folder.

    Attributes:
        ids: class of every character that is in a run, in text order, (N,) uint16.
        run_start: position of each run in `ids`, rising, (R,).
        run_length: characters of each run, (R,).
        run_sentence: sentence of each run, (R,).
        sentence_hashes: (S,) uint64.
        by_length: runs by falling length, ties in text order, (R,).
        cumulative: characters before each run of `by_length`, (R + 1,).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ids: NDArray[np.uint16] = mapped(folder / "ids.npy")
        self.run_start: IntArray = mapped(folder / "run_start.npy")
        self.run_length: NDArray[np.int32] = mapped(folder / "run_length.npy")
        self.run_sentence: IntArray = mapped(folder / "run_sentence.npy")
        self.sentence_hashes: NDArray[np.uint64] = mapped(folder / "sentence_hashes.npy")
        self.by_length: IntArray = mapped(folder / "by_length.npy")
        self.cumulative: IntArray = mapped(folder / "cumulative.npy")
        self.class_counts: IntArray = mapped(folder / "class_counts.npy")
        self.runs_of_length: IntArray = mapped(folder / "runs_of_length.npy")

    @property
    def fingerprint(self) -> str:
        return self.folder.name

    @cached_property
    def losses(self) -> Losses:
        facts = json.loads((self.folder / "losses.json").read_text(encoding="utf-8"))
        return Losses(facts["outside"], np.array(facts["longest_run"], dtype=np.int64))

    @property
    def longest(self) -> int:
        """Characters of the longest run; 0 if there is none."""
        return len(self.runs_of_length) - 1

    def runs_with(self, length: int) -> int:
        """Runs of at least this many characters: the first ones of `by_length`."""
        return int(self.runs_of_length[length:].sum())

    def windows(self, length: int) -> int:
        """Distinct windows of this many characters."""
        runs = self.runs_with(length)
        return int(self.cumulative[runs]) - runs * (length - 1)

    def locate(self, numbers: IntArray, lengths: IntArray) -> tuple[IntArray, IntArray]:
        """Where windows stand, by their numbers.

        Args:
            numbers: window of each line, in [0, windows(length)), (B,).
            lengths: characters of each line, (B,).

        Returns:
            (positions in `ids`, runs), each (B,).
        """
        low = np.zeros(len(numbers), dtype=np.int64)  # rank in by_length: windows before <= number
        high = np.full(len(numbers), len(self.by_length), dtype=np.int64)
        for _ in range(len(self.by_length).bit_length()):
            middle = (low + high) >> 1
            before = self.cumulative[middle] - middle * (lengths - 1)
            # Beyond the last run that is long enough the formula falls again: stay below it.
            inside = (before <= numbers) & (self._length_at(middle) >= lengths)
            low = np.where(inside, middle, low)
            high = np.where(inside, high, middle)
        runs = self.by_length[low]
        offsets = numbers - (self.cumulative[low] - low * (lengths - 1))
        return self.run_start[runs] + offsets, runs

    def runs_at(self, positions: IntArray) -> IntArray:
        """The run of each position in `ids`."""
        found: IntArray = np.searchsorted(self.run_start, positions, side="right") - 1
        return found

    def sentences_of(self, runs: IntArray) -> NDArray[np.uint64]:
        """Sentence hashes of runs."""
        hashes: NDArray[np.uint64] = self.sentence_hashes[self.run_sentence[runs]]
        return hashes

    def _length_at(self, ranks: IntArray) -> NDArray[np.int32]:
        lengths: NDArray[np.int32] = self.run_length[self.by_length[ranks]]
        return lengths


def open_index(corpus: Corpus, alphabet: Alphabet) -> TextIndex:
    """The index of a corpus over an alphabet, built on first use in memory that does not grow."""
    identity = f"{INDEX_VERSION}\n{corpus.fingerprint}\n{alphabet.fingerprint}"
    name = hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
    folder = cache_home() / "text" / name
    if not (folder / "losses.json").is_file():
        with published(folder) as draft:
            _build(draft, corpus.sentences(), alphabet)
    return TextIndex(folder)


class _Builder:
    """Columns that grow batch by batch."""

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
        edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
        starts, ends = edges[::2], edges[1::2]
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        breaks = np.flatnonzero(points == ord("\n"))
        owner = np.searchsorted(breaks, starts)  # sentence within this batch
        self._count(points[~inside], ends - starts, owner, len(sentences))
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
        points, counts = np.unique(outside[outside != ord("\n")], return_counts=True)
        self.outside.update(dict(zip(map(chr, points.tolist()), counts.tolist(), strict=True)))
        longest = np.zeros(sentences, dtype=np.int64)
        np.maximum.at(longest, owner, lengths)
        self.longest_run += np.bincount(
            np.minimum(longest, _LENGTH_BINS - 1), minlength=_LENGTH_BINS
        )
        found = np.bincount(lengths, minlength=len(self.runs_of_length))
        found[: len(self.runs_of_length)] += self.runs_of_length
        self.runs_of_length = found

    def finish(self, folder: Path) -> None:
        for column in self.columns.values():
            column.close()
        np.save(folder / "class_counts.npy", self.class_counts)
        np.save(folder / "runs_of_length.npy", self.runs_of_length)
        _order_by_length(folder, self.runs_of_length)
        facts = {"outside": dict(_by_count(self.outside)), "longest_run": self.longest_run.tolist()}
        (folder / "losses.json").write_text(json.dumps(facts, ensure_ascii=True), encoding="utf-8")


def _build(folder: Path, sentences: Iterable[str], alphabet: Alphabet) -> None:
    builder = _Builder(folder, alphabet)
    stream = iter(sentences)
    while batch := list(islice(stream, _SENTENCES_AT_ONCE)):
        builder.add(batch)
    builder.finish(folder)


def _order_by_length(folder: Path, runs_of_length: IntArray) -> None:
    """A counting sort in chunks, so that memory does not grow with the number of runs."""
    lengths = mapped(folder / "run_length.npy")
    if not len(lengths):
        np.save(folder / "by_length.npy", np.zeros(0, dtype=np.int64))
        np.save(folder / "cumulative.npy", np.zeros(1, dtype=np.int64))
        return
    next_rank = len(lengths) - np.cumsum(runs_of_length)  # first rank of each length
    by_length = np.lib.format.open_memmap(
        folder / "by_length.npy", mode="w+", dtype=np.int64, shape=(len(lengths),)
    )
    for start in range(0, len(lengths), _RUNS_AT_ONCE):
        part = np.asarray(lengths[start : start + _RUNS_AT_ONCE], dtype=np.int64)
        order = np.argsort(part, kind="stable")
        found = np.bincount(part, minlength=len(next_rank))
        within = np.arange(len(part)) - np.repeat(np.cumsum(found) - found, found)
        by_length[next_rank[part[order]] + within] = start + order
        next_rank += found
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


def _by_count(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
