"""The font object that TRDG is given in place of a file's name."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from datagen.drawing.placing import ASCENT
from datagen.drawing.trdg_looks import EM_PX, TextExtent
from fonts import Face
from fonts.specimen import open_font

IntArray = NDArray[np.int64]


class TrdgFont(ImageFont.FreeTypeFont):
    """A font that remembers its measures and still has `getsize`, which TRDG asks for."""

    def __init__(self, face: Face) -> None:
        # What Pillow opened with index and axes, under this class.
        self.__dict__.update(open_font(face, EM_PX).__dict__)
        ascent, descent = self.getmetrics()
        self._ascent = int(ascent)
        # A line of 一 alone must not be enlarged to the height of others, as TRDG would.
        self._em_bottom = min(self._ascent + round((1.0 - ASCENT) * EM_PX), ascent + descent)
        self._measures: dict[str, tuple[int, int, int, int]] = {}

    def getsize(self, text: str) -> tuple[int, int]:
        """Width and height from the ascender down to the ink, as Pillow before 10 had it."""
        advance, _, _, bottom = self._measure(text)
        return advance, max(bottom, self._em_bottom)

    def extent(self, label: str) -> TextExtent:
        """How far the characters of a line reach."""
        advances, lefts, rights, _ = np.array([self._measure(c) for c in label], np.int64).T
        height = max(self.getsize(c)[1] for c in label)
        return TextExtent(advances, lefts, rights, height)

    def squares(self, label: str, pens: IntArray) -> NDArray[np.float64]:
        """Corners, clockwise from the top left, and centre of the em squares, (L, 5, 2)."""
        left = pens.astype(np.float64)
        right = left + [self._measure(c)[0] for c in label]
        bottom = np.full(len(label), self._ascent + (1.0 - ASCENT) * EM_PX)
        top = bottom - EM_PX
        xs = np.stack([left, right, right, left, (left + right) / 2.0], axis=1)
        ys = np.stack([top, top, bottom, bottom, (top + bottom) / 2.0], axis=1)
        return np.stack([xs, ys], axis=2)

    def _measure(self, text: str) -> tuple[int, int, int, int]:
        if text not in self._measures:
            left, _, right, bottom = self.getbbox(text)
            measure = (round(self.getlength(text)), math.floor(left), math.ceil(right))
            self._measures[text] = (*measure, math.ceil(bottom))
        return self._measures[text]
