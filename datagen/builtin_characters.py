"""The rule that the built-in alphabet was built by."""


def principled_characters() -> list[str]:
    """The 5989 characters of the built-in alphabet, from Python's codecs and jieba's dictionary.

    ASCII, seven full-width marks, row 1 of GB2312 without the ideographic space, the 3755 hanzi
    of its level 1, and the 2040 hanzi of its level 2 that are most frequent in jieba's dictionary
    (ties by code point order of GB2312). Rows are decoded as GBK: the gb2312 codec gives
    U+30FB and U+2015 for the middle dot and the dash.
    """
    ascii_marks = [chr(code) for code in range(0x21, 0x7F)]
    row_1 = [_gbk(1, cell) for cell in range(2, 95)]
    level_1 = [_gbk(r, c) for r in range(16, 56) for c in range(1, 95) if r < 55 or c < 90]
    level_2 = [_gbk(r, c) for r in range(56, 88) for c in range(1, 95)]
    frequency = _hanzi_frequency()
    common = sorted(level_2, key=lambda c: -frequency.get(c, 0))[:2040]
    chosen = set(common)
    return (
        ascii_marks + list("，（）：；？！") + row_1 + level_1 + [c for c in level_2 if c in chosen]
    )


def _hanzi_frequency() -> dict[str, int]:
    import jieba

    tokenizer = jieba.Tokenizer()
    frequency: dict[str, int] = {}
    with tokenizer.get_dict_file() as lines:
        for line in lines:
            word, count, _ = line.decode("utf-8").split(" ")
            for character in set(word):
                frequency[character] = frequency.get(character, 0) + int(count)
    return frequency


def _gbk(row: int, cell: int) -> str:
    return bytes([row + 0xA0, cell + 0xA0]).decode("gbk")
