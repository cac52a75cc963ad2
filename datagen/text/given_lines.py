"""A plan over whole given lines: sample i says line i mod the number of lines."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from corpora import CorpusError, TextSource
from corpora.reading import numbered_lines, sniff_encoding
from datagen.alphabet import Alphabet
from datagen.errors import AlphabetError
from datagen.sample import Texts
from datagen.text.coverage import ClassCoverage, given_coverage
from datagen.text.plan_settings import MAX_LINE_LENGTH
from datagen.text.sentences import sentence_hash
from ocrbase.errors import listed

_MAX_EXAMPLE = 30  # characters of a line that a note quotes


@dataclass(frozen=True)
class LinesPlan:
    """Whole lines of a file, in order, again and again.

    Attributes:
        path: the file.
        alphabet: the classes of `class_ids`.
        class_ids: (lines, longest line), zero beyond a line's end.
        lengths: characters, (lines,).
        sentence: hash of each line, (lines,).
        notes: what was decided in reading the file.
        another: from the index of a line to that of one in its place; prime to any number of lines,
            so that every line is reached.
    """

    another: ClassVar[int] = 1_000_000_007
    path: Path
    alphabet: Alphabet
    class_ids: NDArray[np.uint16]
    lengths: NDArray[np.int64]
    sentence: NDArray[np.uint64]
    notes: tuple[str, ...]

    @property
    def length_range(self) -> tuple[int, int]:
        """Characters of the shortest line and of the longest."""
        return int(self.lengths.min()), int(self.lengths.max())

    @property
    def corpora(self) -> tuple[str, ...]:
        return (self.path.name.split(".")[0],)

    @property
    def text_fingerprints(self) -> dict[str, str]:
        """Stands for the content of the file, whatever its path."""
        digest = hashlib.blake2b(self.sentence.tobytes(), digest_size=16)
        return {self.corpora[0]: digest.hexdigest()}

    @property
    def sources(self) -> tuple[TextSource, ...]:
        return (TextSource(self.corpora[0], "not stated", f"given lines of {self.path.name}"),)

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(self.alphabet.fingerprint.encode(), digest_size=16)
        digest.update(self.lengths.tobytes() + self.class_ids.tobytes())
        return digest.hexdigest()

    def texts(self, indices: NDArray[np.int64], attempt: int = 0) -> Texts:
        """What the lines of these indices say, in every attempt; see `datagen.sample.Texts`."""
        row = np.asarray(indices, dtype=np.int64) % len(self.lengths)
        nothing = np.zeros(len(row), dtype=np.uint8)
        return Texts(
            self.class_ids[row],
            self.lengths[row],
            self.sentence[row],
            nothing.astype(np.uint16),
            nothing,
        )

    def coverage_report(self, n: int) -> ClassCoverage:
        """What n lines hold of every class, and how often each line is used."""
        return given_coverage(n, self.alphabet, self.corpora[0], self.class_ids)


def open_lines(path: Path, alphabet: Alphabet) -> LinesPlan:
    """Read a file of whole lines; empty lines are skipped.

    Raises:
        CorpusError: if the file cannot be read, has no line, or has lines that are too long.
        AlphabetError: if characters are outside the alphabet; names them and their lines.
    """
    if not path.is_file():
        raise CorpusError(f"there is no file of lines at {path}; give one with --lines FILE")
    encoding = sniff_encoding(path)
    numbered = list(numbered_lines(path, encoding))
    lines = [line for _, line in numbered]
    rows = [(number, text) for number, line in numbered if (text := alphabet.normalise(line))]
    if not rows:
        raise CorpusError(f"{path} holds no line of text; give one line of text per image")
    _check(path, rows, alphabet)
    texts = [text for _, text in rows]
    class_ids = np.zeros((len(texts), max(map(len, texts))), dtype=np.uint16)
    for k, text in enumerate(texts):
        class_ids[k, : len(text)] = alphabet.class_ids(text)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    sentence = np.array([sentence_hash(text) for text in texts], dtype=np.uint64)
    notes = [] if encoding == "utf-8" else [f"{path} is not UTF-8 and is read as GB18030"]
    notes += _dropped_spaces(path, lines, alphabet)
    return LinesPlan(path, alphabet, class_ids, lengths, sentence, tuple(notes))


def _dropped_spaces(path: Path, lines: list[str], alphabet: Alphabet) -> list[str]:
    """A note on lines whose spaces are not drawn, because the alphabet has none."""
    spaced = [line for line in lines if any(map(str.isspace, line))]
    dropped = [line for line in spaced if not any(map(str.isspace, alphabet.normalise(line)))]
    if not dropped:
        return []
    example = dropped[0] if len(dropped[0]) <= _MAX_EXAMPLE else f"{dropped[0][:_MAX_EXAMPLE]}…"
    return [
        f"{len(dropped):,} of {len(lines):,} lines of {path} hold spaces, which the alphabet lacks:"
        f" they are left out of images and labels ({example!r})"
    ]


def _check(path: Path, rows: list[tuple[int, str]], alphabet: Alphabet) -> None:
    long = [f"line {k} ({len(t)})" for k, t in rows if len(t) > MAX_LINE_LENGTH]
    if long:
        raise CorpusError(
            f"{path}: longer than {MAX_LINE_LENGTH} characters: {listed(long)}; break these lines"
        )
    where: dict[str, list[int]] = {}
    for k, text in rows:
        for character in alphabet.outside(text):
            where.setdefault(character, []).append(k)
    if where:
        offenders = [f"{c!r} (line {', '.join(map(str, k[:3]))})" for c, k in where.items()]
        raise AlphabetError(
            f"{path} holds characters outside the alphabet of {len(alphabet)} classes:"
            f" {listed(offenders)}; change these lines or choose another --alphabet"
        )
