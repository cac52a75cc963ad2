"""Whether an image looks like one horizontal line of text, which is what the networks read."""

from typing import Literal

import numpy as np

from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.line_images import Gray

Layout = Literal["one line", "two lines", "vertical text"]

# Of 701 real single lines, those of 一二三 among them, the emptiest row in the middle has 0.42 of
# the ink of the full rows, where the ink above and below it is alike; of nearly all stacks of two
# such lines, under 0.25.
MAX_VALLEY = 0.25
MIN_BALANCE = 0.3  # ink of the fainter half, as a share of the other's: a rule is no line of text
MIN_BAND_PX = 8  # height of either half
MAX_UPRIGHT = 2  # height per width of one line: even of a single, narrow character


def layout_of(pixels: Gray) -> Layout:
    """What a prepared line (32, w) likely holds, from its shape and the ink of its rows."""
    if pixels.shape[1] * MAX_UPRIGHT < LINE_HEIGHT_PX:
        return "vertical text"
    return "two lines" if _has_valley(pixels) else "one line"


def _has_valley(pixels: Gray) -> bool:
    """Whether rows in the middle are empty, between two bands of ink.

    The ink of a row is what departs from the row's own median, so that shading from top to bottom
    does not count.
    """
    ink = np.abs(pixels - np.median(pixels, axis=1, keepdims=True)).mean(axis=1)  # (32,)
    ink -= ink.min()
    middle = ink[MIN_BAND_PX:-MIN_BAND_PX]
    row = MIN_BAND_PX + int(middle.argmin())
    low, high = sorted((float(ink[:row].max()), float(ink[row:].max())))
    return float(ink[row]) < MAX_VALLEY * float(np.quantile(ink, 0.8)) and low > MIN_BALANCE * high
