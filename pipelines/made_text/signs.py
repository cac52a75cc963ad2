"""Signs, commands, paths, numbers and lone letters between the Chinese characters of a text.

Manuals are full of them and news is not. What is put between two Chinese characters, every 4 to 16
of them, is drawn from a table; its words are those of the text.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence

MIN_PLACES = 6  # of a paragraph between two Chinese characters
EVERY = (4, 16)  # places from one piece to the next
SPACED = 0.4  # share of pieces with a space on both sides
_BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])")
_WORD = re.compile(r"[A-Za-z]{2,12}")
_QUOTED = ("//", "^^", "~", "\\", "#", "&", "%")
_TEX = ("TEX", "LATEX", "TEX Live", "pdfTEX", "XeTEX", "XeLATEX", "LuaLATEX")  # set as logos
_LETTERS = "xyznijkabcdefghmpqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ"


def with_signs(paragraphs: Sequence[str], draws: random.Random) -> Iterator[str]:
    """Paragraphs with pieces in them; those with fewer than MIN_PLACES are left out."""
    words = sorted({word for text in paragraphs for word in _WORD.findall(text)})
    if words:
        yield from filter(None, map(Signs(words, draws).put_into, paragraphs))


class Signs:
    """Puts pieces with signs between Chinese characters.

    Args:
        words: Latin words that they are made of.
        draws: which pieces, and where.
    """

    def __init__(self, words: list[str], draws: random.Random) -> None:
        self._draws, self._words = draws, words
        self._weights, self._makers = zip(*self._table(), strict=True)

    def put_into(self, paragraph: str) -> str:
        """A paragraph with pieces in it; "" if it has too few places."""
        places = [found.start() for found in _BETWEEN.finditer(paragraph)]
        if len(places) < MIN_PLACES:
            return ""
        parts, at, passed = [], 0, 0
        for place in places:
            passed += 1
            if passed > self._draws.randint(*EVERY):
                piece = self._piece()
                space = " " if self._draws.random() < SPACED else ""
                parts.append(paragraph[at:place] + space + piece + space)
                at, passed = place, 0
        return "".join([*parts, paragraph[at:]]).replace("  ", " ")

    def _piece(self) -> str:
        make: Callable[[], str] = self._draws.choices(self._makers, self._weights)[0]
        return make()

    def _table(self) -> list[tuple[int, Callable[[], str]]]:
        """How often each kind comes, and what makes it."""
        word, low, letter, n = self._word, self._low, self._letter, self._number
        one_of = self._draws.choice
        return [
            (10, lambda: "\\" + low()),
            (4, lambda: "\\" + low() + "{" + low() + "}"),
            (2, lambda: "\\" + low() + "[" + low() + "]"),
            (5, lambda: low() + "_" + low()),
            (5, lambda: "/" + "/".join(low() for _ in range(self._draws.randint(1, 3)))),
            (3, lambda: "~/" + low()),
            (3, lambda: "--" + low()),
            (2, lambda: "-" + letter()),
            (2, lambda: low() + "@" + low() + ".org"),
            (2, lambda: "http://" + low() + ".com/" + low()),
            (3, lambda: letter() + "^" + n(1)),
            (2, lambda: "^" * self._draws.randint(1, 4) + n(2)),
            (3, lambda: "<" + low() + ">"),
            (3, lambda: '"' + word() + '"'),
            (3, lambda: "'" + word() + "'"),
            (3, lambda: "‘" + one_of((word(), "//", "~", "\\", "#")) + "’"),
            (4, lambda: "“" + one_of((word(), letter(), *_QUOTED)) + "”"),
            (4, lambda: "[" + n(2) + "]"),
            (4, lambda: "(" + n(2) + ")"),
            (5, lambda: n(1) + "×" + n(1)),
            (2, lambda: n(2) + "x" + n(2)),
            (3, lambda: "C++"),
            (3, lambda: n(3) + "%"),
            (2, lambda: "$" + n(3)),
            (2, lambda: "#" + n(2)),
            (3, lambda: letter() + "=" + letter() + "+" + n(2)),
            (3, lambda: "~"),
            (2, lambda: "…"),
            (2, lambda: "……"),
            (2, lambda: "..."),
            (2, lambda: " & "),
            (2, lambda: "|"),
            (2, lambda: "*"),
            (2, lambda: "{" + low() + "}"),
            (3, lambda: low() + "()"),
            (2, lambda: low() + "." + low()),
            (3, lambda: n(2) + "em"),
            (2, lambda: n(2) + "pt"),
            (2, lambda: n(2) + "." + n(1)),
            (3, lambda: n(1) + "." + n(1) + "." + n(2)),
            (16, letter),
            (14, lambda: n(2)),
            (4, lambda: letter() + n(1)),
            (8, lambda: word().upper()[:5]),
            (6, word),
            (8, lambda: one_of(_TEX)),
            (2, lambda: low() + "-" + low()),
            (2, lambda: n(2) + "-" + n(2)),
            (2, lambda: n(2) + "～" + n(2)),
        ]

    def _word(self) -> str:
        return self._draws.choice(self._words)

    def _low(self) -> str:
        return self._word().lower()

    def _letter(self) -> str:
        return self._draws.choice(_LETTERS)

    def _number(self, digits: int = 3) -> str:
        return str(self._draws.randrange(1, 10 ** self._draws.randint(1, digits)))
