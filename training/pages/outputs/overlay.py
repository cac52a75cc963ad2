"""The page with what was read: each line framed in the colour of its confidence, text beside."""

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fonts import select
from fonts.specimen import open_font
from training.pages.page_reader import PageLine, PageReading

Colour = tuple[int, int, int]

FACE = "noto-sans-sc-regular"
TEXT_SHARE = 0.7  # of the line's height
MIN_TEXT_PX = 9
_SURE, _FAIR, _POOR, _GRAY = (31, 122, 77), (183, 121, 31), (192, 57, 43), (140, 140, 140)


def draw_overlay(reading: PageReading) -> Image.Image:
    """The upright page beside a sheet with the text where it stands, twice as wide in all."""
    height, width = reading.upright.shape[:2]
    page = reading.upright.copy()
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(reading.lines, 1):
        colour = _colour(line.confidence)
        corners = np.rint(line.quad).astype(np.int32)
        cv2.polylines(page, [corners], True, colour, max(2, height // 800), cv2.LINE_AA)
        _write(draw, number, line, colour)
    both = Image.new("RGB", (2 * width, height))
    both.paste(Image.fromarray(page), (0, 0))
    both.paste(sheet, (width, 0))
    return both


def _write(draw: ImageDraw.ImageDraw, number: int, line: PageLine, colour: Colour) -> None:
    """The text of a line where it stands, no longer than the line is, and its number."""
    left, top = (float(value) for value in line.quad.min(axis=0))
    right, bottom = (float(value) for value in line.quad.max(axis=0))
    size = max(MIN_TEXT_PX, round(TEXT_SHARE * float(np.linalg.norm(line.quad[3] - line.quad[0]))))
    length = _font(size).getlength(line.text) or 1.0
    fitting = max(MIN_TEXT_PX, int(size * min(1.0, (right - left) / length)))
    middle = (top + bottom) / 2
    draw.text((left, middle), line.text, fill=colour, font=_font(fitting), anchor="lm")
    draw.text(
        (left - 3, middle),
        str(number),
        fill=_GRAY,
        font=_font(max(MIN_TEXT_PX, size // 2)),
        anchor="rm",
    )


@lru_cache(maxsize=64)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    (face,) = select([FACE])
    return open_font(face, size_px)


def _colour(confidence: float) -> Colour:
    return _SURE if confidence >= 0.9 else _FAIR if confidence >= 0.6 else _POOR
