"""What typesetting has to know about each class of an alphabet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet

BoolArray = NDArray[np.bool_]

OPENING = "（「『《〈“‘【〔〖［｛"
STOPS = "，。、：；？！．"
CLOSING = "）」』》〉”’】〕〗］｝" + STOPS
SENTENCE_END = "。？！"
AMBIGUOUS = "“”‘’…—"  # one code point for Chinese and Latin: full width in the one, not the other
DASHES = "一—–-－~～=＝…·"  # what a rule through the middle would hide, or looks like
HALF_MARKS = ".,;:?!"
ITEMS, ITEM_ENDS = "0123456789.-()", ".)"  # what numbers of items are made of, and their last mark
LEVEL = " " + DASHES + "二三≡‐.,…·。、_＿¯ˉ"  # characters of level strokes or dots alone
LOW_LINES = "_＿"  # what an underline would hide
_LATIN_LIMIT = 0x180  # ASCII, Latin-1 and Latin Extended-A


@dataclass(frozen=True, slots=True)
class CharacterKinds:
    """Membership of each class, (C,) each.

    Attributes:
        hanzi: Chinese characters.
        word: letters and digits of Latin text.
        latin: those with the ASCII signs and the space: what a Latin face draws.
        digit: Latin digits.
        capital: A to Z.
        half_mark: half-width punctuation that a gap may follow.
        item: what the number of an item is made of.
        item_end: the mark that it ends with.
        ambiguous: marks that Chinese and Latin text share.
        space: the space.
        opening: full-width marks whose ink stands at the right.
        closing: full-width marks whose ink stands at the left, stops included.
        sentence_end: those that end a sentence.
        stop: closing marks but for brackets and quotes.
        dash: those that a rule through the middle would hide.
        low_line: those that an underline would hide.
        level: those of level strokes or dots alone, which another stroke changes into others.
    """

    hanzi: BoolArray
    word: BoolArray
    latin: BoolArray
    digit: BoolArray
    capital: BoolArray
    half_mark: BoolArray
    item: BoolArray
    item_end: BoolArray
    ambiguous: BoolArray
    space: BoolArray
    opening: BoolArray
    closing: BoolArray
    sentence_end: BoolArray
    stop: BoolArray
    dash: BoolArray
    low_line: BoolArray
    level: BoolArray


def character_kinds(alphabet: Alphabet) -> CharacterKinds:
    """The kinds of all classes; the blank is of none."""

    def among(characters: str) -> BoolArray:
        return np.array([symbol != "" and symbol in characters for symbol in alphabet.symbols])

    points = np.array([ord(symbol or "\0") for symbol in alphabet.symbols])
    letter = np.array([symbol.isalnum() for symbol in alphabet.symbols])
    word = letter & (points < _LATIN_LIMIT)
    return CharacterKinds(
        hanzi=(points >= 0x4E00) & (points < 0xA000) | (points >= 0x3400) & (points < 0x4DC0),
        word=word,
        latin=word | (points >= 0x20) & (points < 0x7F),
        digit=among("0123456789"),
        capital=(points >= ord("A")) & (points <= ord("Z")),
        half_mark=among(HALF_MARKS),
        item=among(ITEMS),
        item_end=among(ITEM_ENDS),
        ambiguous=among(AMBIGUOUS),
        space=points == 0x20,
        opening=among(OPENING),
        closing=among(CLOSING),
        sentence_end=among(SENTENCE_END),
        stop=among(STOPS),
        dash=among(DASHES),
        low_line=among(LOW_LINES),
        level=among(LEVEL),
    )
