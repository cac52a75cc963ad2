"""Gray levels of images of any mode, as the eye sees them: transparency laid on a ground."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datagen.line_images import Gray

_PIXELS_AT_ONCE = 2_000_000  # of levels that are floats on the way


def is_plain(image: Image.Image) -> bool:
    """Whether the header says that any decoder gives the same gray levels: 8 bits, no alpha."""
    return not (image.mode.startswith(("I", "F")) or image.has_transparency_data)


def is_opaque(image: Image.Image) -> bool:
    """Whether an image of 8 bits has an alpha channel that hides nothing; decodes it."""
    if image.mode not in ("RGBA", "LA"):
        return False
    lowest, _ = image.getchannel("A").getextrema()
    return lowest == 255


def to_gray(image: Image.Image) -> Gray:
    """Gray levels (H, W) of an image of any mode, dark to light as the eye sees it."""
    if image.mode.startswith(("I", "F")):
        return _deep_to_gray(np.asarray(image))
    if image.has_transparency_data:
        return _flatten(image if image.mode == "RGBA" else image.convert("RGBA"))
    return np.asarray(image.convert("L"))


def _deep_to_gray(levels: NDArray[np.generic]) -> Gray:
    """Levels of more than 8 bits: of 16 bits if any is over 255, fractions if none is over 1."""
    top = float(levels.max(initial=0))
    white = 65_535 if top > 255 else 1 if 0 < top <= 1 and levels.dtype.kind == "f" else 255

    def scaled(rows: slice) -> NDArray[np.floating]:
        return np.nan_to_num(levels[rows].astype(np.float64)) * 255 / white

    return _by_rows(levels.shape, scaled)


def _flatten(image: Image.Image) -> Gray:
    """Lay a transparent image on white, or on black if what is opaque in it is light."""
    gray, alpha = np.asarray(image.convert("L")), np.asarray(image.getchannel("A"))
    opaque = int(alpha.sum(dtype=np.int64))
    weighed = sum(int(np.vdot(g.astype(np.int64), a)) for g, a in zip(gray, alpha, strict=True))
    mean = weighed / opaque if opaque else 0.0
    ground = 0.0 if mean > 127.5 and alpha.min() < 255 else 255.0

    def laid(rows: slice) -> NDArray[np.floating]:
        share = alpha[rows].astype(np.float32) / 255
        return gray[rows] * share + ground * (1 - share)

    return _by_rows(gray.shape, laid)


def _by_rows(shape: tuple[int, ...], levels: Callable[[slice], NDArray[np.floating]]) -> Gray:
    """Gray (H, W) of levels that are worked out some rows at a time, because they are floats."""
    height, width = shape
    out = np.empty((height, width), dtype=np.uint8)
    step = max(1, _PIXELS_AT_ONCE // width)
    for top in range(0, height, step):
        rows = slice(top, top + step)
        out[rows] = np.clip(np.rint(levels(rows)), 0, 255)
    return out
