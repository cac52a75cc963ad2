"""How a gray line becomes a network's input: the same arithmetic in training and in reading.

Lines are padded on the right to a bucket that depends on the line's own width alone, so a line
reads the same whatever it is batched with: bidirectional LSTMs see padding.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.line_geometry import LINE_HEIGHT_PX

NARROW_STEP_PX = 40  # buckets up to NARROW_PX; 280 px, the usual line, needs no padding
NARROW_PX = 320
WIDE_STEP_PX = 80

GrayImages = NDArray[np.uint8]
FloatImages = NDArray[np.float32]

# What a checkpoint says of its input; a reader refuses a file that says otherwise.
PREPROCESSING: dict[str, object] = {
    "height_px": LINE_HEIGHT_PX,
    "colour": "gray",
    "scale": "gray / 127.5 - 1",
    "buckets_px": [NARROW_STEP_PX, NARROW_PX, WIDE_STEP_PX],
    "padding": "right, with the median of the last column",
}


def bucket_width(width_px: int) -> int:
    """The width that a line is padded to, a function of its own width alone."""
    step = NARROW_STEP_PX if width_px <= NARROW_PX else WIDE_STEP_PX
    return max(1, -(-width_px // step)) * step


def pad_lines(lines: Sequence[GrayImages], width_px: int) -> GrayImages:
    """Put lines of one bucket into one array, (N, H, width_px).

    Args:
        lines: images (H, w) of one height, each w at most `width_px`.
        width_px: the bucket of the lines, or a wider one.
    """
    batch = np.empty((len(lines), lines[0].shape[0], width_px), dtype=np.uint8)
    for row, line in zip(batch, lines, strict=True):
        width = line.shape[1]
        row[:, :width] = line
        row[:, width:] = np.median(line[:, -1])
    return batch


def network_input(images: GrayImages, channels: int = 1) -> FloatImages:
    """Gray images (N, H, W) to (N, channels, H, W) in [-1, 1]; gray is repeated over channels."""
    scaled = images.astype(np.float32) / np.float32(127.5) - np.float32(1)
    return np.repeat(scaled[:, None], channels, axis=1)
