"""How gray lines become a batch for a network, in training as in inference.

Lines are padded on the right to a bucket that depends on the line's own width alone, so a line
reads the same whatever it is batched with: bidirectional LSTMs see padding.
"""

import json
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from datagen.line_geometry import LINE_HEIGHT_PX

NARROW_STEP_PX = 40  # buckets up to NARROW_PX; 280 px, the usual line, needs no padding
NARROW_PX = 320
WIDE_STEP_PX = 80

GrayImages = NDArray[np.uint8]


class Preprocessing(Struct, frozen=True):
    """What a model file says of its input.

    Attributes:
        height_px: of a line.
        colour: "gray".
        scale: from gray levels to the network's input.
        buckets_px: step of narrow widths, the last of them, step of wide ones.
        padding: where, and with which level.
    """

    height_px: int
    colour: str
    scale: str
    buckets_px: tuple[int, int, int]
    padding: str


# A file that says otherwise is refused.
PREPROCESSING = Preprocessing(
    height_px=LINE_HEIGHT_PX,
    colour="gray",
    scale="gray / 127.5 - 1",
    buckets_px=(NARROW_STEP_PX, NARROW_PX, WIDE_STEP_PX),
    padding="right, with the median of the last column",
)
PREPROCESSING_JSON = json.dumps(msgspec.to_builtins(PREPROCESSING))


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
