"""Numbers in Chinese: as read, and in the capital forms that cheques and invoices use."""

_DIGITS = "〇一二三四五六七八九"
_READ = "零一二三四五六七八九"
_CAPITALS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "十", "百", "千")
_CAPITAL_UNITS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")


def digit_by_digit(number: int | str) -> str:
    """1998 as 一九九八."""
    return "".join(_DIGITS[int(digit)] for digit in str(number))


def spoken(number: int, *, capitals: bool = False) -> str:
    """A whole number from 0 to 10**12 - 1 in words: 1005 is 一千零五, or 壹仟零伍 in capitals."""
    digits, units = (_CAPITALS, _CAPITAL_UNITS) if capitals else (_READ, _UNITS)
    if number == 0:
        return digits[0]
    words = ""
    for group in (2, 1, 0):
        value = number // 10_000**group % 10_000
        if value == 0:
            continue
        if words and value < 1000:
            words += digits[0]
        words += _group(value, digits, units) + _GROUPS[group]
    return words.removeprefix("一") if words.startswith("一十") else words


def amount(cents: int) -> str:
    """Money in capitals, from cents: 123456 is 壹仟贰佰叁拾肆元伍角陆分."""
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    words = spoken(yuan, capitals=True) + "元" if yuan else ""
    if not jiao and not fen:
        return (words or "零元") + "整"
    if jiao:
        words += _CAPITALS[jiao] + "角"
    elif words:
        words += "零"
    return words + (_CAPITALS[fen] + "分" if fen else "整")


def _group(value: int, digits: str, units: tuple[str, ...]) -> str:
    """A number from 1 to 9999; gaps between digits become one 零."""
    words, gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit == 0:
            gap = bool(words)
            continue
        words += (digits[0] if gap else "") + digits[digit] + units[place]
        gap = False
    return words
