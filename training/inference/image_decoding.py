"""Any image file of one text line to what the networks read: gray, dark on light, 32 px high.

Width stays in proportion, so nothing is squashed. Every mode that Pillow opens is taken; EXIF
rotation is applied, transparency is laid on the ground that its ink stands out from, and light
ink on a dark ground is inverted. What a file claims of its size is checked before it is decoded.
"""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from datagen.errors import ImageError
from datagen.gray_levels import to_gray
from datagen.line_geometry import LINE_HEIGHT_PX, MAX_PIXELS, scaled_width
from datagen.line_images import Gray, LineImage, prepare
from ocrbase.inputs import open_regular

MIN_HEIGHT_PX = 8  # of the file; below it strokes of hanzi merge
MAX_HEIGHT_PX = 8_192  # of the file
MAX_WIDTH_PX = 32_768  # after scaling
LARGE_PIXELS = 2_000_000  # images over it are decoded one at a time, whatever the threads

# Kinds of files that hold pixels, all of which Pillow decodes itself: for EPS it would run another
# program. Which of them it has depends on how it was built.
KINDS = (
    "AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "TGA", "TIFF",
    "WEBP",
)  # fmt: skip

_SUPPRESSING = threading.Lock()  # catch_warnings changes what all threads see
_LARGE = threading.Lock()


def read_line(source: Path | bytes) -> LineImage:
    """Read an image file, or the bytes of one.

    Raises:
        ImageError: if it is no image, damaged, too large, too low or too wide; one line, without
            the file's name.
    """
    return prepare(read_gray(source))


def prepare_image(image: Image.Image) -> LineImage:
    """An image that Pillow has opened as a line.

    Raises:
        ImageError: if it is damaged, too large, too low or too wide.
    """
    with image_errors():
        _check_pixels(image.height, image.width)
        _check_upright_size(image)
        return prepare(to_gray(ImageOps.exif_transpose(image)))


def prepare_array(pixels: NDArray[np.generic]) -> LineImage:
    """An array as a line: gray (H, W), RGB (H, W, 3) or RGBA (H, W, 4), uint8.

    Raises:
        ImageError: if it has another shape or type, or is too large, too low or too wide.
    """
    if pixels.dtype != np.uint8 or (pixels.ndim != 2 and pixels.shape[2:] not in ((3,), (4,))):
        raise ImageError(
            f"an array of shape {pixels.shape} and type {pixels.dtype}; lines are uint8 of shape"
            " (height, width), (height, width, 3) in RGB, or (height, width, 4)"
        )
    _check_size(*pixels.shape[:2])  # Pillow takes no empty array
    return prepare_image(Image.fromarray(pixels))


def _check_pixels(height: int, width: int) -> None:
    """Refuse what is too large to decode, before memory is taken for it.

    Raises:
        ImageError: naming the size and the limit.
    """
    if height * width > MAX_PIXELS:
        raise ImageError(
            f"{width} x {height} px is over the limit of {MAX_PIXELS:,} pixels; cut out the line"
        )


def _check_size(height: int, width: int) -> None:
    """Refuse what cannot be a line.

    Raises:
        ImageError: naming the size and the limit.
    """
    if height < MIN_HEIGHT_PX:
        raise ImageError(
            f"{height} px high; a line needs at least {MIN_HEIGHT_PX} px: scan or crop it larger"
        )
    if height > MAX_HEIGHT_PX:
        raise ImageError(
            f"{height:,} px high, over the limit of {MAX_HEIGHT_PX:,} px; cut out the line"
        )
    if width < 1 or scaled_width(height, width) > MAX_WIDTH_PX:
        raise ImageError(
            f"{scaled_width(height, width)} px wide at a height of {LINE_HEIGHT_PX} px, over the"
            f" limit of {MAX_WIDTH_PX} px; cut the line into parts"
        )


def read_gray(source: Path | bytes) -> Gray:
    """Gray levels of the first frame of a file, or of the bytes of one, turned upright.

    Raises:
        ImageError: as of `read_line`.
    """
    with open_source(source) as file, image_errors():
        image = open_image(file)
        _check_pixels(image.height, image.width)
        large = image.width * image.height > LARGE_PIXELS
        with _LARGE if large else nullcontext():
            _check_upright_size(image)
            ImageOps.exif_transpose(image, in_place=True)
            return to_gray(image)


def _check_upright_size(image: Image.Image) -> None:
    """Refuse a size; of a PNG, asking for its orientation decodes the pixels."""
    turned = image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)  # by 90 degrees
    _check_size(*(image.size if turned else image.size[::-1]))


def open_source(source: Path | bytes) -> BinaryIO:
    """A regular file, or bytes as a file.

    Raises:
        ImageError: if it cannot be opened; without its name.
    """
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return open_regular(source, error=ImageError)
    except ImageError as error:  # the caller names the file
        raise ImageError(str(error).removeprefix(f"cannot read {source}: ")) from error


def open_image(file: BinaryIO) -> Image.Image:
    """Read the header of an image of one of KINDS; nothing is decoded yet."""
    with _SUPPRESSING, warnings.catch_warnings():
        # Pillow warns of large images where this module refuses them, in its own words.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        Image.init()
        return Image.open(file, formats=[kind for kind in KINDS if kind in Image.OPEN])


@contextmanager
def image_errors() -> Iterator[None]:
    """Turn what Pillow's parsers raise into one line.

    Raises:
        ImageError: in place of any other exception of the block.
    """
    try:
        yield
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"a decompression bomb, over the limit of {MAX_PIXELS:,} pixels: {error}"
        ) from error
    except UnidentifiedImageError as error:
        raise ImageError(f"not an image ({', '.join(KINDS)})") from error
    except MemoryError as error:
        raise ImageError("not enough memory to decode it") from error
    except Exception as error:
        # On damaged files the parsers let through whatever their arithmetic runs into.
        raise ImageError(f"damaged: {error or type(error).__name__}") from error
