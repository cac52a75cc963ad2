"""How a gray image becomes a line as the networks take it: dark on light, 32 px high.

Training and inference both prepare their lines here, so that a network meets at work what it met
when it learned. A line that is dark on light and 32 px high passes unchanged.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.line_geometry import LINE_HEIGHT_PX, scaled_width

EDGE_SHARE = 0.12  # of the height, at the top and at the bottom
SAMPLED_ROWS = 32  # of a high image, to tell ink from ground; columns in proportion

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class LineImage:
    """One line, ready to read.

    Attributes:
        pixels: gray, dark on light, (32, W) uint8.
        scale: pixels of the image per pixel of the line.
        inverted: whether the image had light ink on a dark ground.
    """

    pixels: Gray
    scale: float
    inverted: bool


def prepare(gray: Gray) -> LineImage:
    """A gray image (H, W) of any size as a line."""
    inverted = is_light_on_dark(gray)
    pixels = to_line_height(255 - gray if inverted else gray)
    return LineImage(np.ascontiguousarray(pixels), len(gray) / LINE_HEIGHT_PX, inverted)


def dark_on_light(gray: Gray) -> Gray:
    """The image itself, or its negative if its ink is lighter than its ground."""
    return np.subtract(255, gray, dtype=np.uint8) if is_light_on_dark(gray) else gray


def to_line_height(gray: Gray, width_px: int | None = None) -> Gray:
    """An image (H, W) scaled to (32, w), w in proportion unless it is given.

    Reduced by area, enlarged by cubic interpolation: area repeats pixels there, and linear
    interpolation blurs the strokes of small print.
    """
    height, width = gray.shape
    width_px = scaled_width(height, width) if width_px is None else width_px
    if (height, width) == (LINE_HEIGHT_PX, width_px):
        return gray
    method = cv2.INTER_AREA if height > LINE_HEIGHT_PX else cv2.INTER_CUBIC
    size = (width_px, LINE_HEIGHT_PX)
    return cv2.resize(gray, size, interpolation=method).astype(np.uint8, copy=False)


def is_light_on_dark(gray: Gray) -> bool:
    """Whether the ink of an image (H, W) is lighter than its ground.

    The level of the ground is taken block by block along the line, so that shading does not count,
    as the median of the rows at the top and bottom edge: bold strokes may cover more than half of
    the middle, never of the edges. The ink is what departs from it, and the larger departures
    decide, by their squares.
    """
    step = max(1, len(gray) // SAMPLED_ROWS)
    gray = gray[::step, ::step]
    height, width = gray.shape
    edge = max(1, round(EDGE_SHARE * height))
    blocks = -(-width // height)
    levels = gray + 256 * (np.arange(width) // height)  # (h, w), one range of 256 for each block
    edges = np.concatenate((levels[:edge], levels[-edge:]))
    apart = np.arange(256) - _medians(_histograms(edges, blocks))[:, None]  # (blocks, 256)
    return bool((_histograms(levels, blocks) * apart * np.abs(apart)).sum() > 0)


def _histograms(levels: NDArray[np.int64], blocks: int) -> NDArray[np.int64]:
    """How often each gray level occurs in each block, (blocks, 256)."""
    return np.bincount(levels.ravel(), minlength=256 * blocks).reshape(blocks, 256)


def _medians(histograms: NDArray[np.int64]) -> NDArray[np.float64]:
    """The median level of each histogram, (blocks,); of even counts the mean of the middle two."""
    upto = histograms.cumsum(axis=1)
    total = upto[:, -1:]
    low, high = (np.sum(upto <= rank, axis=1) for rank in ((total - 1) // 2, total // 2))
    medians: NDArray[np.float64] = (low + high) / 2
    return medians
