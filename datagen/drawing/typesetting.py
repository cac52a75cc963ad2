"""How the characters of a line are set: the face, place and size of each of them.

Lengths are in em of the line, before its stretch; y goes up from the baseline.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Typesetting:
    """The layout of B lines of at most L characters; every array is (B, L).

    Attributes:
        face: index of the face that draws each character.
        advance: width of a character's box; 0 beyond a line's end.
        gap: distance from that box to the next one, besides the line's own letter-spacing.
        shift: from the left of the box to the origin of the glyph.
        rise: of the glyph's baseline above that of the line.
        factor: size of the glyph relative to the line's em.
    """

    face: IntArray
    advance: FloatArray
    gap: FloatArray
    shift: FloatArray
    rise: FloatArray
    factor: FloatArray

    @property
    def columns(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """What compiled loops read: advance, gap, shift, rise, factor."""
        return self.advance, self.gap, self.shift, self.rise, self.factor


def plain(face: IntArray, advance: FloatArray) -> Typesetting:
    """Characters of one face per line, side by side as the face has them.

    Args:
        face: face of each character, (B, L).
        advance: pen advance of each character, (B, L).
    """
    zero = np.zeros_like(advance)
    return Typesetting(face, advance, zero, zero, zero, np.ones_like(advance))
