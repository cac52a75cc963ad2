"""Corners of lines: turned with the page, measured, and cut out upright."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pages.detection import Quads
from training.pages.page_images import Rgb

FloatArray = NDArray[np.float64]

TALL = 1.5  # times as high as wide: a line that runs up or down


def sizes(quads: Quads) -> tuple[FloatArray, FloatArray]:
    """Width and height in px of each line, (N,) and (N,): the longer of two opposite sides."""
    sides = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=2)  # (N, 4): t, r, b, l
    return np.maximum(sides[:, 0], sides[:, 2]), np.maximum(sides[:, 1], sides[:, 3])


def runs_vertically(quads: Quads) -> bool:
    """Whether most of the text, by length, is in lines that run up or down."""
    width, height = sizes(quads)
    long = np.maximum(width, height)
    return bool(long[height > TALL * width].sum() > long.sum() / 2)


def turn_page(pixels: Rgb, quarters: int) -> Rgb:
    """The page turned by quarters of a turn counterclockwise."""
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def turn_points(
    points: NDArray[np.float32], quarters: int, height_px: int, width_px: int
) -> NDArray[np.float32]:
    """Points x, y (..., 2) of a page of that size where they lie on the page of `turn_page`."""
    turned = points.copy()
    for _ in range(quarters % 4):
        turned = np.stack([turned[..., 1], width_px - turned[..., 0]], axis=-1)
        height_px, width_px = width_px, height_px
    return turned


def turn_quads(quads: Quads, quarters: int, height_px: int, width_px: int) -> Quads:
    """Corners (N, 4, 2) as `turn_points`, each again from its top left on."""
    return np.roll(turn_points(quads, quarters, height_px, width_px), -(quarters % 4), axis=1)


def widened(quads: Quads, margin: float) -> Quads:
    """Corners (N, 4, 2) moved outwards on all sides by a share of each line's height."""
    _, height = sizes(quads)
    right = quads[:, [1, 1, 2, 2]] - quads[:, [0, 0, 3, 3]]  # along the line, for each corner
    down = quads[:, [3, 2, 2, 3]] - quads[:, [0, 1, 1, 0]]
    reach = (margin * height)[:, None, None]
    along = right / np.maximum(np.linalg.norm(right, axis=2, keepdims=True), 1e-6) * reach
    across = down / np.maximum(np.linalg.norm(down, axis=2, keepdims=True), 1e-6) * reach
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)  # x, y of each corner
    moved: Quads = (quads + signs[:, :1] * along + signs[:, 1:] * across).astype(np.float32)
    return moved


def cut(pixels: Rgb, quad: NDArray[np.float32]) -> Rgb:
    """The line between four corners, (4, 2), as an upright image (H, W, 3)."""
    width, height = (max(1, round(float(side[0]))) for side in sizes(quad[None]))
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), frame)
    return cv2.warpPerspective(
        pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8)


def along(quad: NDArray[np.float32], share: float) -> tuple[float, float]:
    """The point x, y on the middle line of a quad, at a share of its length from the left."""
    left, right = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
    x, y = left + (right - left) * share
    return float(x), float(y)
