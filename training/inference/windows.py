"""Long lines in overlapping windows, joined on their logits.

A window sees a margin on both sides of what it answers for. Where two windows meet, the line is
cut at the frame around which both are surest that there is no character, so none is lost between
them and none is read twice; everything after works as if the line had been scored whole.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.line_geometry import FRAME_PX
from training.inference.decoding import FloatArray, log_partition
from training.model.model_settings import BLANK
from training.model.preprocess import bucket_width

_AROUND = 2  # frames on each side that must be blank too, since two windows may differ by one


def window_starts(width_px: int, window_px: int, overlap_px: int) -> list[int]:
    """Left edges of the windows that cover a line; one window if it fits.

    All are multiples of 4 px, so that frames of neighbours fall together. The last window is
    moved to the left until it is full, because a narrow remainder would have no context.

    Raises:
        ValueError: if the window is no bucket, or the overlap not a multiple of 4 under half of it.
    """
    if window_px != bucket_width(window_px):
        raise ValueError(f"a window of {window_px} px would be padded; {bucket_width(window_px)}")
    if overlap_px % FRAME_PX or not 8 * FRAME_PX <= overlap_px <= window_px // 2:
        raise ValueError(f"an overlap of {overlap_px} px is not in 32 to {window_px // 2}, by 4")
    if width_px <= window_px:
        return [0]
    last = -(-(width_px - window_px) // FRAME_PX) * FRAME_PX
    return [*range(0, last, window_px - overlap_px), last]


def join(parts: Sequence[FloatArray], starts: Sequence[int]) -> FloatArray:
    """Logits of a whole line (T, C) from those of its windows (T_i, C) and their left edges."""
    pieces = []
    taken = 0  # frames of the line that are settled
    for i, part in enumerate(parts):
        first = starts[i] // FRAME_PX
        end = first + len(part)
        if i + 1 < len(parts):
            end = boundary(part, parts[i + 1], first, starts[i + 1] // FRAME_PX, taken)
        pieces.append(part[taken - first : end - first])
        taken = end
    return np.concatenate(pieces)


def boundary(
    left: FloatArray, right: FloatArray, left_first: int, right_first: int, settled: int
) -> int:
    """The frame of the line from which on the right window answers.

    Args:
        left: logits of the left window, (T, C).
        right: logits of the right window, (T, C).
        left_first: frame of the line at which the left window starts.
        right_first: the same of the right window.
        settled: frame before which the boundary may not be.
    """
    start, end = right_first, min(left_first + len(left), right_first + len(right))
    ink = _not_blank(left[start - left_first : end - left_first])
    ink += _not_blank(right[start - right_first : end - right_first])
    kernel = np.ones(2 * _AROUND)  # the boundary lies between two frames
    around = np.convolve(np.pad(ink, (_AROUND, _AROUND)), kernel, mode="valid")[: len(ink)]
    frames = np.arange(start, end)
    margin = len(ink) // 4  # the outer quarters lack context in one of the two windows
    middle = (start + end - 1) / 2
    cost = around + 1e-3 * np.abs(frames - middle)
    cost[:margin] = np.inf
    cost[len(cost) - margin :] = np.inf
    cost[frames < settled] = np.inf
    return int(frames[cost.argmin()])


def _not_blank(logits: FloatArray) -> NDArray[np.float64]:
    """Probability of any character in each frame, (T,)."""
    log_blank = logits[:, BLANK] - log_partition(logits[:, None])[:, 0]
    return 1.0 - np.exp(log_blank.astype(np.float64))
