"""Sentences with numbers before them, as items of lists, headings and captions have."""

import random
from collections.abc import Iterator, Sequence

from corpora.sentences import sentences_of

SHOWN = (4, 26)  # characters of a sentence that follow its number
SPACED = 0.8  # share of the numbers before a space, of those that stand with one or without


def as_items(paragraphs: Sequence[str], draws: random.Random) -> Iterator[str]:
    """The sentences of some paragraphs, cut after a few characters, each behind a number."""
    for paragraph in paragraphs:
        for sentence in sentences_of(paragraph):
            yield item_number(draws) + sentence[: draws.randint(*SHOWN)]


def item_number(draws: random.Random) -> str:
    """The number of an item, a heading or a caption, with the space behind it if it has one."""

    def below(limit: int) -> str:
        return str(draws.randrange(1, limit))

    space = " " if draws.random() < SPACED else ""
    forms = (
        f"{below(30)}.{space}",
        f"{below(30)}.{space}",
        f"{below(100)}.{space}",
        f"{below(10)}.{below(20)}.{space}",
        f"{below(10)}.{below(20)}{space}",
        f"{below(10)}.{below(10)}.{below(10)}{space}",
        f"({below(20)}){space}",
        f"（{below(20)}）",
        f"{below(20)}){space}",
        f"{below(30)}、",
        f"图 {below(10)}.{below(20)} ",
        f"第 {below(20)} 章 ",
    )
    return draws.choice(forms)
