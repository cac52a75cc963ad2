"""Any image file of one text line to what the networks read: gray, dark on light, 32 px high.

Width stays in proportion, so nothing is squashed. Every mode that Pillow opens is taken; EXIF
rotation is applied, transparency is laid on the ground that its ink stands out from, and light
ink on a dark ground is inverted.
"""

import io
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from datagen.errors import ImageError
from datagen.line_geometry import LINE_HEIGHT_PX

MIN_HEIGHT_PX = 8  # of the file; below it strokes of hanzi merge
MAX_WIDTH_PX = 32_768  # after scaling
MAX_PIXELS = 80_000_000  # of the file; decoded, such an image takes 320 MB
EDGE_SHARE = 0.12  # of the height, at the top and at the bottom

Gray = NDArray[np.uint8]

_SUPPRESSING = threading.Lock()  # catch_warnings changes what all threads see


@dataclass(frozen=True, slots=True)
class LineImage:
    """One line, ready to read.

    Attributes:
        pixels: gray, dark on light, (32, W) uint8.
        scale: file pixels for one pixel of the line, after EXIF rotation.
        inverted: whether the file had light ink on a dark ground.
    """

    pixels: Gray
    scale: float
    inverted: bool


def read_line(source: Path | bytes) -> LineImage:
    """Read an image file, or the bytes of one.

    Raises:
        ImageError: if it is no image, damaged, too large, too low or too wide; one line, without
            the file's name.
    """
    gray = to_gray(_open(source))
    return prepare(gray)


def prepare(gray: Gray) -> LineImage:
    """A gray image (H, W) of any height as a line.

    Raises:
        ImageError: if it is under 8 px high, or wider than 32,768 px when it is 32 px high.
    """
    height, width = gray.shape
    if height < MIN_HEIGHT_PX:
        raise ImageError(
            f"{height} px high; a line needs at least {MIN_HEIGHT_PX} px: scan or crop it larger"
        )
    scale = height / LINE_HEIGHT_PX
    scaled_width = max(1, round(width / scale))
    if scaled_width > MAX_WIDTH_PX:
        raise ImageError(
            f"{scaled_width} px wide at a height of {LINE_HEIGHT_PX} px, over the limit of"
            f" {MAX_WIDTH_PX} px; cut the line into parts"
        )
    inverted = is_light_on_dark(gray)
    if inverted:
        gray = 255 - gray
    if height != LINE_HEIGHT_PX:
        how = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
        gray = cv2.resize(gray, (scaled_width, LINE_HEIGHT_PX), interpolation=how).astype(np.uint8)
    return LineImage(np.ascontiguousarray(gray), scale, inverted)


def is_light_on_dark(gray: Gray) -> bool:
    """Whether the ink is lighter than the ground.

    The ground is judged block by block along the line, so that shading does not count, from the
    rows at the top and bottom edge: bold strokes may cover more than half of the middle, never of
    the edges. The ink is what departs from it, and the larger departures decide.
    """
    height, width = gray.shape
    edge = max(1, round(EDGE_SHARE * height))
    darker, lighter = 0.0, 0.0
    for x in range(0, width, height):
        block = gray[:, x : x + height].astype(np.float32)
        apart = block - np.median(np.concatenate([block[:edge], block[-edge:]]))
        darker += float(np.square(np.minimum(apart, 0)).sum())
        lighter += float(np.square(np.maximum(apart, 0)).sum())
    return lighter > darker


def to_gray(image: Image.Image) -> Gray:
    """Gray levels (H, W) of an image of any mode, dark to light as the eye sees it."""
    if image.mode.startswith(("I", "F")):
        return _deep_to_gray(np.asarray(image))
    if image.has_transparency_data:
        return _flatten(image.convert("RGBA"))
    return np.asarray(image.convert("L"))


def _deep_to_gray(levels: NDArray[np.generic]) -> Gray:
    """Levels of more than 8 bits: of 16 bits if any is over 255, fractions if none is over 1."""
    values = levels.astype(np.float64)
    top = float(values.max(initial=0.0))
    if top > 255:
        values = values / 257
    elif 0 < top <= 1 and levels.dtype.kind == "f":
        values = values * 255
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _flatten(image: Image.Image) -> Gray:
    """Lay a transparent image on white, or on black if what is opaque in it is light."""
    gray = np.asarray(image.convert("RGB").convert("L")).astype(np.float32)
    alpha = np.asarray(image.getchannel("A")).astype(np.float32) / 255
    opaque = float(alpha.sum())
    mean = float((gray * alpha).sum()) / opaque if opaque else 0.0
    ground = 0.0 if mean > 127.5 and alpha.min() < 1 else 255.0
    return np.rint(gray * alpha + ground * (1 - alpha)).astype(np.uint8)


def _open(source: Path | bytes) -> Image.Image:
    """Decode the first frame and turn it upright, if its size is sane."""
    try:
        with _header(source) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ImageError(
                    f"{width} x {height} px is over the limit of {MAX_PIXELS:,} pixels; cut out"
                    " the line"
                )
            return ImageOps.exif_transpose(image)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"a decompression bomb, over the limit of {MAX_PIXELS:,} pixels: {error}"
        ) from error
    except UnidentifiedImageError as error:
        raise ImageError("not an image that Pillow can read") from error
    except OSError as error:
        raise ImageError(error.strerror or f"damaged: {error}") from error
    except (SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError) as error:
        # What Pillow's parsers let through on damaged files, besides OSError.
        raise ImageError(f"damaged: {error}") from error


def _header(source: Path | bytes) -> Image.Image:
    with _SUPPRESSING, warnings.catch_warnings():
        # Pillow warns of large images where this module refuses them, in its own words.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
