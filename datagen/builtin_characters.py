"""The built-in alphabets by name, and the rules that their frozen lists were built by."""

from collections.abc import Callable
from pathlib import Path

from corpora.jieba_tables import dictionary

# The frozen list of each built-in alphabet: what the rules below gave once, so that neither
# another version of a codec nor of a dictionary moves a class.
BUILTIN_FILES = {
    name: Path(__file__).with_name(f"alphabet_{name}.txt") for name in ("5990", "general")
}
DEFAULT_ALPHABET = "5990"
GENERAL_CLASSES = 7500

# What documents hold and GB2312 lacks or has outside of row 1, one class per look: ￥ stands for ¥
# too, ✓ for ✔ (`folding`). Letters of Greek and Roman numerals that look like others are left
# out, and so is what the faces at hand do not have.
_SYMBOLS = " ￥€〇①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫΓΔΘΛΞΦΨΩαβγδεζηθλμξπρστφχψω㎡²³½℉↔⇒✓▼▶◀•©®™†☎の"


def principled_characters() -> list[str]:
    """The 5989 characters of the alphabet `5990`, from Python's codecs and jieba's dictionary.

    ASCII, seven full-width marks, row 1 of GB2312 without the ideographic space, the 3755 hanzi
    of its level 1, and the 2040 hanzi of its level 2 that are most frequent in jieba's dictionary
    (ties by code point order of GB2312). Rows are decoded as GBK: the gb2312 codec gives
    U+30FB and U+2015 for the middle dot and the dash.
    """
    ascii_marks = [chr(code) for code in range(0x21, 0x7F)]
    row_1 = [_gbk(1, cell) for cell in range(2, 95)]
    level_2 = _level_2()
    frequency = _hanzi_frequency(lambda word: True)
    common = sorted(level_2, key=lambda c: -frequency.get(c, 0))[:2040]
    chosen = set(common)
    return (
        ascii_marks
        + list("，（）：；？！")
        + row_1
        + _level_1()
        + [c for c in level_2 if c in chosen]
    )


def general_characters(standard: set[str]) -> list[str]:
    """The 7499 characters of the alphabet `general`.

    Those of `5990` in their order; the space and other symbols; the rest of level 2 of GB2312; and
    hanzi of the Table of General Standard Chinese Characters beyond GB2312 (ties by code point),
    the most frequent in jieba's dictionary. Words with hanzi of neither do not count: some
    thousand are UTF-8 that was once read as GBK.

    Args:
        standard: the 8105 hanzi of the table (通用规范汉字表, 2013).
    """
    base = principled_characters()
    level_2 = _level_2()
    simplified = standard.union(_level_1(), level_2)
    frequency = _hanzi_frequency(simplified.issuperset)
    characters = list(dict.fromkeys([*base, *_SYMBOLS, *level_2]))
    beyond = sorted(simplified.difference(characters), key=lambda c: (-frequency.get(c, 0), c))
    return characters + sorted(beyond[: GENERAL_CLASSES - 1 - len(characters)])


def _level_1() -> list[str]:
    return [_gbk(r, c) for r in range(16, 56) for c in range(1, 95) if r < 55 or c < 90]


def _level_2() -> list[str]:
    return [_gbk(r, c) for r in range(56, 88) for c in range(1, 95)]


def _hanzi_frequency(counts: Callable[[str], bool]) -> dict[str, int]:
    """Occurrences of each character in the words of jieba's dictionary that count."""
    frequency: dict[str, int] = {}
    for word, occurrences, _ in dictionary():
        if counts(word):
            for character in set(word):
                frequency[character] = frequency.get(character, 0) + occurrences
    return frequency


def _gbk(row: int, cell: int) -> str:
    return bytes([row + 0xA0, cell + 0xA0]).decode("gbk")
