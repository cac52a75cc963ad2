"""How many time steps each network gives an image: what a label must fit into.

CTC needs a step for every character and one more between two equal neighbours. The networks
themselves live elsewhere; a test there holds these formulas against them.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.line_geometry import FRAME_PX, LINE_HEIGHT_PX

IntArray = NDArray[np.int64]

TIME_STEPS: dict[str, Callable[[IntArray], IntArray]] = {
    "crnn": lambda width_px: width_px // FRAME_PX + 1,
    "crnn_v2": lambda width_px: width_px // FRAME_PX + 2,
    "crnn_res": lambda width_px: -(-width_px // FRAME_PX),
    "crnn_lite": lambda width_px: -(-width_px // FRAME_PX),
}


def steps_needed(texts: Sequence[str]) -> IntArray:
    """Fewest time steps that CTC needs for each label, (B,): length and adjacent repeats."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.array([len(text) for text in texts], np.int64)
    ends = np.cumsum(lengths)
    repeats = np.zeros(len(codes) + 1, np.int64)  # before each character, over all labels
    repeats[2:] = np.cumsum(codes[1:] == codes[:-1])
    firsts = np.minimum(ends - lengths + 1, ends)  # a label's own first character repeats nothing
    needed: IntArray = lengths + repeats[ends] - repeats[firsts]
    return needed


def scaled_widths(heights: IntArray, widths: IntArray) -> IntArray:
    """Widths of images scaled in proportion to LINE_HEIGHT_PX, at least 1, (B,)."""
    exact = widths * LINE_HEIGHT_PX / np.maximum(heights, 1)
    return np.maximum(1, np.round(exact)).astype(np.int64)
