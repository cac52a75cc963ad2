"""The JPEG quality of the image that a line was cut from, found in its pixels alone.

JPEG rounds each coefficient of an 8 x 8 block to a multiple of its quantisation step, and decoding
leaves them there: at the right place of the grid and with the right table, all coefficients lie
close to multiples (Fan and de Queiroz 2003). Resizing or filtering afterwards wipes this out.
"""

import io
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Gray = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

BLOCK_PX = 8
QUALITIES = np.arange(20, 97, 4)
_MAX_WIDTH_PX = 320  # of the part of a line that is looked at
_COEFFICIENTS = 20  # of the lowest frequencies but the mean, in zigzag order
_FOUND = 0.28  # mean cosine from which multiples are no chance: lines without reach 0.19
_MIN_COEFFICIENTS = 16  # that are not rounded to nothing
_TIE = 0.68  # of the best score: half of the right steps (75 for 50) scores higher than they do


def source_quality(image: Gray) -> float:
    """Quality of the JPEG that a gray image (H, W) was decoded from; NaN where none shows."""
    gray = image[:, :_MAX_WIDTH_PX].astype(np.float64) - 128.0
    if min(gray.shape) < BLOCK_PX:
        return float("nan")
    best = np.full(len(QUALITIES), -1.0)
    for top in range(BLOCK_PX):
        for left in range(BLOCK_PX):
            part = gray[top:, left:]
            if min(part.shape) >= BLOCK_PX:
                best = np.maximum(best, _scores(_coefficients(part)))
    if best.max() < _FOUND:
        return float("nan")
    return float(QUALITIES[np.flatnonzero(best >= _TIE * best.max())[0]])


def _coefficients(gray: FloatArray) -> FloatArray:
    """The lowest frequencies of all whole blocks, (blocks, _COEFFICIENTS)."""
    rows, columns = (side // BLOCK_PX for side in gray.shape)
    blocks = gray[: rows * BLOCK_PX, : columns * BLOCK_PX]
    blocks = blocks.reshape(rows, BLOCK_PX, columns, BLOCK_PX).transpose(0, 2, 1, 3)
    basis = _basis()
    found = basis @ blocks.reshape(-1, BLOCK_PX, BLOCK_PX) @ basis.T  # (blocks, 8, 8)
    return found.reshape(len(found), -1)[:, _zigzag()]


def _scores(coefficients: FloatArray) -> FloatArray:
    """How close the coefficients lie to multiples of each quality's steps, (QUALITIES,), -1 to 1.

    Those under half a step are multiples of anything, and count for nothing.
    """
    steps = _steps()[:, None]  # (Q, 1, coefficients)
    close = np.cos(2.0 * np.pi * coefficients / steps)  # (Q, blocks, coefficients)
    count = np.abs(coefficients) > steps / 2.0
    total = count.sum(axis=(1, 2))
    score = (close * count).sum(axis=(1, 2)) / np.maximum(total, 1)
    return np.where(total >= _MIN_COEFFICIENTS, score, -1.0)


@cache
def _basis() -> FloatArray:
    """Rows of the orthonormal cosine transform, (8, 8)."""
    return np.asarray(cv2.dct(np.eye(BLOCK_PX), flags=cv2.DCT_ROWS).T, dtype=np.float64)


@cache
def _zigzag() -> NDArray[np.int64]:
    """Positions of the lowest frequencies in a flat block."""
    v, u = np.divmod(np.arange(BLOCK_PX**2), BLOCK_PX)
    return np.lexsort((u, u + v))[1 : _COEFFICIENTS + 1]


@cache
def _steps() -> FloatArray:
    """Quantisation steps of each quality, as the usual library has them, (Q, _COEFFICIENTS)."""
    tables = []
    for quality in QUALITIES.tolist():
        data = io.BytesIO()
        Image.new("L", (BLOCK_PX, BLOCK_PX)).save(data, "JPEG", quality=quality)
        with Image.open(data) as opened:
            tables.append(opened.quantization[0])  # type: ignore[attr-defined]
    return np.array(tables, np.float64)[:, _zigzag()]
