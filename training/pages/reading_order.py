"""In which order a person reads the lines of a page: pieces of a row, columns, then down.

Lines are ordered as Breuel does (High performance document layout analysis, 2003): a before b if
they share a stretch of x and a is above; also if a lies wholly to the left of b and no line
between them in height spans both. The order is a topological sort of that relation.
"""

import numpy as np
from numpy.typing import NDArray

from training.pages.detection import Quads
from training.pages.geometry import sizes

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

ROW_GAP = 1.0  # times the height of the lower piece, at most, between two pieces of one row
ROW_OVERLAP = 0.6  # share of the lower piece's height that both have in common
SHARED_X = 0.1  # share of the narrower line that two lines of one column have in common at least


def reading_order(quads: Quads) -> IntArray:
    """Positions of the lines (N, 4, 2) in reading order, (N,)."""
    if len(quads) < 2:
        return np.arange(len(quads))
    boxes = _bounds(_deskewed(quads))  # (N, 4)
    rows = sorted(_rows(boxes), key=lambda row: boxes[row, 1].min())
    order = _topological(_before(np.stack([_hull(boxes[row]) for row in rows])))
    return np.concatenate([rows[r] for r in order])


def _deskewed(quads: Quads) -> Quads:
    """Corners after a rotation by the median slope of the lines, weighted by their length."""
    width, _ = sizes(quads)
    along = quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]  # (N, 2)
    angles = np.arctan2(along[:, 1], along[:, 0])
    by_angle = np.argsort(angles, kind="stable")
    middle = np.searchsorted(np.cumsum(width[by_angle]), width.sum() / 2)
    angle = angles[by_angle][min(int(middle), len(angles) - 1)]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned: Quads = (quads @ turn).astype(np.float32)
    return turned


def _bounds(quads: Quads) -> FloatArray:
    """Left, top, right, bottom of each line, (N, 4)."""
    return np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1).astype(np.float64)


def _hull(boxes: FloatArray) -> FloatArray:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _rows(boxes: FloatArray) -> list[IntArray]:
    """Pieces of one row that are close together, from left to right."""
    left, top, right, bottom = boxes.T
    height = bottom - top
    lower = np.minimum(height[:, None], height[None])
    common = np.minimum(bottom[:, None], bottom[None]) - np.maximum(top[:, None], top[None])
    gap = left[None] - right[:, None]  # from the end of a to the start of b
    follows = (common > ROW_OVERLAP * lower) & (np.abs(gap) <= ROW_GAP * lower)
    follows &= left[:, None] < left[None]
    rows: list[list[int]] = []
    row_of: dict[int, list[int]] = {}
    for b in np.argsort(left, kind="stable").tolist():
        candidates = np.flatnonzero(follows[:, b])
        nearest = candidates[np.argmax(right[candidates])] if len(candidates) else None
        row = row_of[int(nearest)] if nearest is not None else []
        if not row:
            rows.append(row)
        row.append(b)
        row_of[b] = row
    return [np.array(row, np.int64) for row in rows]


def _before(boxes: FloatArray) -> BoolArray:
    """Whether row a must be read before row b, (N, N)."""
    left, top, right, bottom = boxes.T
    middle = (top + bottom) / 2
    shared = np.minimum(right[:, None], right[None]) - np.maximum(left[:, None], left[None])
    narrower = np.minimum((right - left)[:, None], (right - left)[None])
    column = shared > SHARED_X * narrower
    above = middle[:, None] < middle[None]
    result: BoolArray = column & above
    beside = ~column & (left[:, None] < left[None])
    for a, b in np.argwhere(beside):
        low, high = sorted((middle[a], middle[b]))
        between = (middle > low) & (middle < high) & column[a] & column[b]
        result[a, b] = not between.any()
    np.fill_diagonal(result, False)
    return result


def _topological(before: BoolArray) -> list[int]:
    """An order in which each row follows all that come before it; of several, the topmost first.

    Rows that must precede each other in a circle (crooked pages) are taken as they were found.
    """
    waiting = before.sum(axis=0)
    left = np.ones(len(before), np.bool_)
    order: list[int] = []
    while left.any():
        ready = np.flatnonzero(left & (waiting == 0))
        row = int(ready[0]) if len(ready) else int(np.flatnonzero(left)[0])
        order.append(row)
        left[row] = False
        waiting = waiting - before[row]
    return order
