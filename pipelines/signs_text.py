"""Text in which signs, commands, paths, numbers and lone letters stand between Chinese characters.

Manuals are full of them and news is not: a model that shall read manuals trains on some of this
beside real text. Sentences and words are those of the text that is given; what is put between two
Chinese characters, every 4 to 16 of them, is drawn from PIECES. Same input, same output.

    python -m pipelines.signs_text technical.txt --out signs.txt
    ocrtrain fit --live --corpus news.txt:0.85 --corpus signs.txt:0.15 --alphabet general
"""

import argparse
import random
import re
from collections.abc import Callable
from pathlib import Path

SEED = 5
MIN_PLACES = 6  # of a sentence between two Chinese characters
EVERY = (4, 16)  # places from one piece to the next
SPACED = 0.4  # share of pieces with a space on both sides
_BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])")
_WORD = re.compile(r"[A-Za-z]{2,12}")
_QUOTED = ("//", "^^", "~", "\\", "#", "&", "%")
_LETTERS = "xyznijkabcdefghmpqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Pieces:
    """What is put between Chinese characters.

    Args:
        draws: the generator of all of it.
        words: Latin words to choose from.
    """

    def __init__(self, draws: random.Random, words: list[str]) -> None:
        self._draws, self._words = draws, words
        self._weights, self._makers = zip(*self._table(), strict=True)

    def piece(self) -> str:
        """One of them."""
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


def with_signs(sentence: str, pieces: Pieces, draws: random.Random) -> str:
    """A sentence with pieces between its Chinese characters; "" if it has too few places."""
    places = [found.start() for found in _BETWEEN.finditer(sentence)]
    if len(places) < MIN_PLACES:
        return ""
    parts, at, passed = [], 0, 0
    for place in places:
        passed += 1
        if passed > draws.randint(*EVERY):
            piece = pieces.piece()
            space = " " if draws.random() < SPACED else ""
            parts.append(sentence[at:place] + space + piece + space)
            at, passed = place, 0
    return "".join([*parts, sentence[at:]]).replace("  ", " ")


def main() -> None:
    """Write the text, one sentence or paragraph per line as in the input."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("text", type=Path, help="UTF-8 text with Latin words in it")
    options.add_argument("--out", type=Path, required=True)
    given = options.parse_args()
    lines = [line.strip() for line in given.text.read_text(encoding="utf-8").split("\n")]
    draws = random.Random(SEED)
    pieces = Pieces(draws, sorted({word for line in lines for word in _WORD.findall(line)}))
    made = [text for line in lines if (text := with_signs(line, pieces, draws))]
    given.out.write_text("\n".join(made) + "\n", encoding="utf-8")
    print(f"{len(made):,} lines, {sum(map(len, made)):,} characters in {given.out}")


if __name__ == "__main__":
    main()
