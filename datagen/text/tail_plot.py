"""The tail of a text as a picture: expected occurrences of each class, by rank."""

from collections.abc import Sequence
from math import log10
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from datagen.text.statistics import TAIL, TextStatistics
from ocrbase.pictures import publish_picture

_WIDTH, _HEIGHT = 960, 600
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 60, 30, 60
_INK, _GRID, _CURVE, _MARK = "#222222", "#dddddd", "#1f5fa8", "#b5482a"
_LOWEST = 0.1  # classes that are never expected are drawn on the floor


def draw_tail(statistics: TextStatistics, path: Path) -> None:
    """Write a PNG: rank of the class against expected occurrences, the latter logarithmic."""
    picture = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    small, large = ImageFont.load_default(15), ImageFont.load_default(19)
    values = [max(float(value), _LOWEST) for value in statistics.expected]
    top = max(log10(values[0]), 1.0)
    names = " + ".join(
        f"{name if name.isascii() else 'text'} {share:.0%}"
        for name, share in statistics.corpora.items()
    )
    title = f"{names}: occurrences to expect in {statistics.n:,} lines of {statistics.length}"
    draw.text((_LEFT, 20), title, _INK, large)
    for power in range(int(log10(_LOWEST)), int(top) + 1):
        y = _y(10.0**power, top)
        draw.line((_LEFT, y, _WIDTH - _RIGHT, y), _GRID)
        draw.text((_LEFT - 10, y), f"{10.0**power:,.10g}", _INK, small, anchor="rm")
    for rank in range(0, len(values) + 1, _step(len(values))):
        x = _x(rank, len(values))
        draw.line((x, _TOP, x, _HEIGHT - _BOTTOM), _GRID)
        draw.text((x, _HEIGHT - _BOTTOM + 8), f"{rank:,}", _INK, small, anchor="ma")
    for limit in TAIL:
        y = _y(limit, top)
        draw.line((_LEFT, y, _WIDTH - _RIGHT, y), _MARK)
        text = f"{statistics.tail[str(limit)]:,} classes under {limit}"
        draw.text((_LEFT + 8, y - 2), text, _MARK, small, anchor="lb")
    draw.line(_curve(values, top), _CURVE, 3)
    draw.rectangle((_LEFT, _TOP, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM), outline=_INK)
    label = "classes of the alphabet, most frequent first"
    draw.text((_WIDTH - _RIGHT, _HEIGHT - 26), label, _INK, small, anchor="ra")
    publish_picture(picture, path)


def _curve(values: Sequence[float], top: float) -> list[tuple[float, float]]:
    return [(_x(rank, len(values)), _y(value, top)) for rank, value in enumerate(values)]


def _x(rank: float, count: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * rank / max(count, 1)


def _y(value: float, top: float) -> float:
    floor = log10(_LOWEST)
    share = (log10(value) - floor) / (top - floor)
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share


def _step(count: int) -> int:
    step = 1
    while count / step > 12:
        step *= 10 if str(step)[0] == "5" and count / step > 60 else 5 if str(step)[0] == "1" else 2
    return step
