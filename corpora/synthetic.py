"""Word salad from jieba's tables: synthetic text, not a corpus of anything that people wrote.

A chain of part-of-speech tags is sampled from the transition probabilities of `jieba.posseg`
(trained on news), and for each tag a word by its frequency in jieba's dictionary. Punctuation,
digits and Latin are mixed in. The hanzi frequencies come out close to those of news, and words
turn up that a small text lacks.
"""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import exp
from random import Random
from typing import Generic, TypeVar

from corpora.jieba_tables import State, dictionary, first_states, transitions

VERSION = "1"
LINES = 60_000
_WORDS_A_CLAUSE = (3, 8)
_CLAUSES = (2, 4)
_ENDS = "。" * 12 + "！？…"
_JOINS = "，" * 14 + "、、；："
_QUOTES = ("“”", "《》", "（）", "‘’", "「」", "〈〉", "【】")
_ACRONYMS = (
    "GDP",
    "WTO",
    "NBA",
    "DNA",
    "CEO",
    "5G",
    "APP",
    "AI",
    "IT",
    "GPS",
    "LED",
    "CPU",
    "PM2.5",
)
_COUNTED = ("年", "月", "日", "%", "万元", "人", "个", "公里", "岁", "次", "亿", "元", "吨", "倍")
_LATIN = "aaabcdeeefghiiijklmnnooopqrsttuvwxyz"

T = TypeVar("T", State, str)


@dataclass(frozen=True)
class _Choice(Generic[T]):
    """Things to choose from by weight."""

    values: tuple[T, ...]
    totals: tuple[float, ...]

    def draw(self, draw: Random) -> T:
        return self.values[bisect(self.totals, draw.random() * self.totals[-1])]


def write() -> Iterator[str]:
    """All sentences in order; each is a pure function of its number."""
    start, follow, words = _tables()
    for number in range(LINES):
        draw = Random(f"synthetic/{VERSION}/{number}")
        state = start.draw(draw)
        clauses = []
        for _ in range(draw.randint(*_CLAUSES)):
            pieces = []
            for _ in range(draw.randint(*_WORDS_A_CLAUSE)):
                pieces.append(words[state].draw(draw))
                state = follow[state].draw(draw)
            clauses.append(_decorated(pieces, draw))
        yield "".join(_punctuated(clauses, draw))


def _decorated(pieces: list[str], draw: Random) -> str:
    """Now and then a number, a Latin word or quotation marks."""
    lot = draw.random()
    at = draw.randrange(len(pieces))
    if lot < 0.10:
        pieces.insert(at, _number(draw) + draw.choice(_COUNTED))
    elif lot < 0.14:
        pieces.insert(at, draw.choice(_ACRONYMS))
    elif lot < 0.17:
        letters = "".join(draw.choice(_LATIN) for _ in range(draw.randint(3, 8)))
        pieces.insert(at, letters.capitalize())
    elif lot < 0.25:
        marks = draw.choice(_QUOTES[:1] * 4 + _QUOTES)
        pieces[at] = marks[0] + pieces[at] + marks[1]
    return "".join(pieces)


def _punctuated(clauses: list[str], draw: Random) -> Iterator[str]:
    for clause in clauses[:-1]:
        yield clause + draw.choice(_JOINS)
    yield clauses[-1] + draw.choice(_ENDS)


def _number(draw: Random) -> str:
    value = int(10 ** draw.uniform(0, 5))
    return draw.choice((f"{value}", f"{value}", f"{value:,}", f"{value / 10:.1f}"))


@lru_cache(maxsize=1)
def _tables() -> tuple[_Choice[State], dict[State, _Choice[State]], dict[State, _Choice[str]]]:
    """First states, the states that follow each, and the words of each."""
    words = _words()
    ends: dict[State, dict[State, float]] = {}
    for (place, tag), row in transitions().items():
        if place in "ES":
            following = {s: exp(p) for s, p in row.items() if s[0] in "BS" and s in words}
            if following:
                ends[("B" if place == "E" else "S", tag)] = following
    usable = words.keys() & ends.keys()
    follow = {}
    for state in sorted(usable):
        row = {s: p for s, p in ends[state].items() if s in usable}
        follow[state] = _choice(row or dict.fromkeys(usable, 1.0))
    start = {s: exp(p) for s, p in first_states().items() if s in usable}
    return _choice(start), follow, {s: _choice(words[s]) for s in sorted(usable)}


def _words() -> dict[State, dict[str, float]]:
    """Words by state: longer ones stand for a chain that starts in B, single characters for S."""
    words: dict[State, dict[str, float]] = defaultdict(dict)
    for word, count, tag in dictionary():
        if all("一" <= c <= "鿿" for c in word):
            words["S" if len(word) == 1 else "B", tag][word] = float(count)
    return words


def _choice(weights: dict[T, float]) -> _Choice[T]:
    ordered = sorted(weights.items())
    return _Choice(tuple(v for v, _ in ordered), tuple(accumulate(w for _, w in ordered)))
