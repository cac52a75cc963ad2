"""Measures of faces that typesetting needs besides advances, each taken once."""

from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.drawing.character_kinds import CLOSING, OPENING
from datagen.drawing.raster import Raster
from datagen.drawing.rasteriser import Rasteriser
from fonts import Face

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

_SIZE_PX = 256
_USUAL_CAP_EM = 0.7  # height of capitals, for a face that has none


class FaceMetrics:
    """Heights of capitals, and where the ink of punctuation marks begins and ends."""

    def __init__(self, faces: Sequence[Face], alphabet: Alphabet) -> None:
        self._faces, self._alphabet = tuple(faces), alphabet
        self._cap = np.full(len(faces), np.nan, dtype=np.float32)
        self._ink = np.zeros((2, len(faces), len(alphabet)), dtype=np.float32)
        self._lock = Lock()

    def cap_heights(self, face: IntArray) -> FloatArray:
        """Height of a capital letter in em, in the shape of `face`."""
        self._measure(face)
        heights: FloatArray = self._cap[face]
        return heights

    def ink(self, face: IntArray, class_ids: IntArray) -> tuple[FloatArray, FloatArray]:
        """Left and right end of the ink of punctuation marks, in em from the glyph's origin.

        Args:
            face: of each character, (B, L).
            class_ids: (B, L); 0 and 0 come back for what is no full-width mark.
        """
        self._measure(face)
        return self._ink[0][face, class_ids], self._ink[1][face, class_ids]

    def _measure(self, face: IntArray) -> None:
        missing = np.unique(face[np.isnan(self._cap[face])])
        with self._lock:
            for f in missing.tolist():
                font = Rasteriser(self._faces[f])
                for c, symbol in enumerate(self._alphabet.symbols):
                    if symbol and symbol in OPENING + CLOSING:
                        left, _, right = _ink(font, symbol)
                        self._ink[:, f, c] = left, right
                top = -_ink(font, "H")[1]
                self._cap[f] = top if top > 0.0 else _USUAL_CAP_EM


def _ink(font: Rasteriser, symbol: str) -> tuple[float, float, float]:
    """Left, top and right of a glyph's ink in em, y going down from the baseline."""
    mask, left, top = font.mask(symbol, _SIZE_PX, Raster.UNHINTED)
    return left / _SIZE_PX, top / _SIZE_PX, (left + mask.shape[1]) / _SIZE_PX
