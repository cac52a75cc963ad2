"""What is in a text, seen through an alphabet: size, coverage, tail and losses."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from corpora import Corpus, open_corpus, parse_mix
from datagen.alphabet import Alphabet
from datagen.text.index import open_index
from datagen.text.windows import Windows
from ocrbase.homes import data_home

TAIL = (1, 50, 200)  # expected occurrences that mark the tail
_MAX_OUTSIDE = 200  # characters outside the alphabet that a report lists


@dataclass(frozen=True)
class TextStatistics:
    """One corpus or a mix over one alphabet.

    Attributes:
        corpora: names with their shares.
        sources: name, licence and attribution of each source.
        n: lines that the tail is computed for.
        length: characters of a line.
        sentences: in all.
        sentences_too_short: without a window of that length.
        windows: distinct windows of that length.
        characters: inside and outside of the alphabet; spaces only where it has one.
        distinct: different characters among them.
        outside_share: of the characters, those outside the alphabet.
        outside: how often each of them occurs, most frequent first.
        classes: of the alphabet, without the blank.
        covered: classes that occur in the text.
        tail: classes under 1, 50 and 200 expected occurrences in n lines of plain windows.
        expected: occurrences to expect of each class in n lines, most frequent first.
        notes: what was decided in reading the text.
    """

    corpora: dict[str, float]
    sources: list[dict[str, str]]
    n: int
    length: int
    sentences: int
    sentences_too_short: int
    windows: int
    characters: int
    distinct: int
    outside_share: float
    outside: dict[str, int]
    classes: int
    covered: int
    tail: dict[str, int]
    expected: NDArray[np.float64] = field(repr=False)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {
            "expected": [round(float(value), 3) for value in self.expected],
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """The table that `ocrgen corpus stats` prints."""
        shares = ", ".join(f"{name} {share:.0%}" for name, share in self.corpora.items())
        outside = " ".join(f"{_shown(c)}×{count}" for c, count in list(self.outside.items())[:30])
        rows = [
            ("text", shares),
            ("licences", "; ".join(dict.fromkeys(s["licence"] for s in self.sources))),
            ("characters", f"{self.characters:,}, {self.distinct:,} distinct"),
            ("sentences", f"{self.sentences:,}"),
            (
                "lost to length",
                f"{self.sentences_too_short:,} sentences have no {self.length} characters in a row"
                f" ({self.sentences_too_short / max(self.sentences, 1):.1%})",
            ),
            ("windows", f"{self.windows:,}, each used {self.n / self.windows:.1f} times"),
            ("lost to alphabet", f"{self.outside_share:.3%} of characters: {outside or 'none'}"),
            ("classes covered", f"{self.covered:,} of {self.classes:,}"),
            (
                "tail",
                f"in {self.n:,} plain lines: "
                + ", ".join(f"{count:,} classes under {k}" for k, count in self.tail.items()),
            ),
        ]
        return [f"{name:<17} {value}" for name, value in rows] + [f"note: {n}" for n in self.notes]


def text_statistics(
    specs: Sequence[str], alphabet: Alphabet, *, n: int, length: int, home: str | None = None
) -> TextStatistics:
    """Statistics of a corpus or of a weighted mix.

    Raises:
        CorpusError: if a corpus is unknown or has no window of the length.
    """
    mix = parse_mix(specs)
    corpora = [open_corpus(spec, home=data_home(home)) for spec, _ in mix]
    indexes = [open_index(corpus, alphabet) for corpus in corpora]
    weights = [weight for _, weight in mix]
    windows = Windows([c.name for c in corpora], indexes, weights, length, length, alphabet.space)
    expected = np.delete(windows.expected(len(alphabet)) * n, alphabet.blank)
    outside: dict[str, int] = {}
    for index in indexes:
        for character, count in index.losses.outside.items():
            outside[character] = outside.get(character, 0) + count
    counts = np.sum([index.class_counts for index in indexes], axis=0)  # (classes,)
    inside, lost = int(counts.sum()), sum(outside.values())
    ranked = sorted(outside.items(), key=lambda item: (-item[1], item[0]))
    covered = int((counts > 0).sum())
    return TextStatistics(
        corpora=_shares(corpora, weights),
        sources=_sources(corpora),
        n=n,
        length=length,
        sentences=sum(len(index.sentence_hashes) for index in indexes),
        sentences_too_short=sum(index.losses.sentences_too_short(length) for index in indexes),
        windows=int(windows.usable.sum()),
        characters=inside + lost,
        distinct=covered + len(outside),
        outside_share=lost / max(inside + lost, 1),
        outside=dict(ranked[:_MAX_OUTSIDE]),
        classes=len(alphabet) - 1,
        covered=covered,
        tail={str(limit): int((expected < limit).sum()) for limit in TAIL},
        expected=np.sort(expected)[::-1],
        notes=tuple(note for corpus in corpora for note in corpus.notes),
    )


def _shares(corpora: Sequence[Corpus], weights: Sequence[float]) -> dict[str, float]:
    """By name, which two of them may share."""
    shares: dict[str, float] = {}
    for corpus, weight in zip(corpora, weights, strict=True):
        shares[corpus.name] = shares.get(corpus.name, 0.0) + weight
    return shares


def _sources(corpora: Sequence[Corpus]) -> list[dict[str, str]]:
    return [asdict(source) for corpus in corpora for source in corpus.sources]


def _shown(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"
