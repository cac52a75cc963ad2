"""Where words of Latin letters end, told by the gaps in the image.

For networks whose alphabet has no space: the text gets one where the gap without ink between two
neighbouring Latin characters is wider than between most of the line's others. How wide a space is
next to letters differs from face to face and with the setting, so only the line itself tells.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.line_images import Gray

INK = 0.4  # of the line's contrast: a column with less is a gap
WIDER = 0.22  # of the Latin characters' distance: how much wider than the median a gap must be

FloatArray = NDArray[np.float64]


def word_gaps(pixels: Gray, symbols: Sequence[str], centres_px: NDArray[np.floating]) -> list[int]:
    """Characters before which a space stands.

    Args:
        pixels: the prepared line, dark on light, (32, W).
        symbols: the characters read, (L,).
        centres_px: x of each, rising, (L,).

    Returns:
        Positions in `symbols`, rising; only between two Latin characters.
    """
    latin = np.array([_is_latin(symbol) for symbol in symbols], dtype=np.bool_)
    pairs = np.flatnonzero(latin[:-1] & latin[1:])  # of a character and the next
    if not len(pairs):
        return []
    gaps = _gaps(pixels, centres_px, pairs)
    distance = np.median(centres_px[pairs + 1] - centres_px[pairs])
    wide = gaps - np.median(gaps) > WIDER * distance
    return [int(i) + 1 for i in pairs[wide]]


def _gaps(pixels: Gray, centres_px: NDArray[np.floating], pairs: NDArray[np.int64]) -> FloatArray:
    """The widest run of columns without ink between each pair's centres in px, (P,)."""
    contrast = pixels.max(axis=0).astype(np.int64) - pixels.min(axis=0)  # (W,), whatever the ground
    inked = contrast > INK * np.percentile(contrast, 95)
    gaps = np.zeros(len(pairs))
    for k, i in enumerate(pairs):
        first, last = np.rint(centres_px[i : i + 2]).astype(np.int64).clip(0, len(inked) - 1)
        edges = np.flatnonzero(np.concatenate([[True], inked[first : last + 1], [True]]))
        gaps[k] = np.diff(edges).max() - 1
    return gaps


def _is_latin(symbol: str) -> bool:
    """An ASCII character that can be seen."""
    return "!" <= symbol <= "~"
