"""Encoded images in whole batches: decode, encode, and what can be known without decoding."""

import io
import struct
import warnings
import zlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from datagen.errors import ImageError
from datagen.gray_levels import is_opaque, is_plain, to_gray
from ocrbase.errors import listed

UintImages = NDArray[np.uint8]

# Callers have limits of their own, which they check against `size_of`.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

# The whole work is split over processes; threads inside one would only fight for the cores.
cv2.setNumThreads(1)

_SIGNATURES = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"BM", ".bmp"),
    (b"GIF8", ".gif"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"II+\0", ".tif"),
    (b"MM\0+", ".tif"),
    (b"P5", ".pgm"),
    (b"P6", ".ppm"),
    (b"\0\0\0\x0cjP  ", ".jp2"),
)
_AVIF = b"ftypavif"  # behind the size of this box
_PNG = _SIGNATURES[1][0]
_JPEG_END, _JPEG_SCAN = b"\xff\xd9", b"\xff\xda"
_CHUNK = struct.Struct(">I4s")  # bytes of its data, type; CRC-32 of type and data behind them
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap height and width
_ORIENTATION = 0x0112


def decode(images: Sequence[bytes]) -> UintImages:
    """Decode images of one size as grayscale, (B, H, W) uint8.

    Raises:
        ImageError: if one cannot be decoded or the sizes differ; names the positions.
    """
    decoded = decode_each(images)
    sizes = {image.shape for image in decoded}
    if len(sizes) > 1:
        shown = listed(sorted(f"{width}x{height}" for height, width in sizes))
        raise ImageError(f"a batch of images of different sizes: {shown}")
    return np.stack(decoded) if decoded else np.zeros((0, 0, 0), np.uint8)


def decode_each(images: Sequence[bytes]) -> list[UintImages]:
    """Decode images of any sizes as grayscale, (H, W) uint8 each.

    Raises:
        ImageError: if some cannot be decoded; names their positions.
    """
    decoded = [try_decode(image) for image in images]
    bad = [str(i) for i, image in enumerate(decoded) if image is None]
    if bad:
        raise ImageError(f"no readable image at position {listed(bad)} of {len(images)}")
    return [image for image in decoded if image is not None]


def try_decode(image: bytes) -> UintImages | None:
    """Decode one image as grayscale, (H, W) uint8; None if that fails."""
    try:
        return cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE)  # type: ignore[return-value]
    except cv2.error:
        return None


def encode_jpeg(image: UintImages, quality: int = 90) -> bytes:
    """The JPEG bytes of a grayscale image (H, W) uint8 at a quality from 1 to 100."""
    done, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not done:
        raise RuntimeError("OpenCV could not encode a JPEG")
    return bytes(data)


def encode_webp(image: UintImages, quality: int = 80) -> bytes:
    """The lossy WebP bytes of a grayscale image (H, W) uint8 at a quality from 1 to 100."""
    data = io.BytesIO()
    # The fastest method takes a third of the time that OpenCV's takes.
    Image.fromarray(image).save(data, "WEBP", quality=quality, method=0)
    return data.getvalue()


def encode_png(image: UintImages) -> bytes:
    """The PNG bytes of a grayscale image, (H, W) uint8."""
    done, data = cv2.imencode(".png", image)
    if not done:
        raise RuntimeError("OpenCV could not encode a PNG")
    return bytes(data)


def extension(image: bytes) -> str:
    """The file suffix that goes with the bytes of an image; `.img` for what is none known."""
    for signature, suffix in _SIGNATURES:
        if image.startswith(signature):
            return suffix
    if image[4:12] == _AVIF:
        return ".avif"
    return ".webp" if image[:4] == b"RIFF" and image[8:12] == b"WEBP" else ".img"


def size_of(image: bytes) -> tuple[int, int]:
    """Height and width as `decode` gives them, read from the header alone.

    Raises:
        ImageError: if the bytes are no image that can be read.
    """
    try:
        with Image.open(io.BytesIO(image)) as opened:
            width, height = opened.size
            # Of a PNG without one in its head, Pillow would decode all pixels to look behind them.
            has_exif = opened.format != "PNG" or "exif" in opened.info
            sideways = has_exif and opened.getexif().get(_ORIENTATION) in _SIDEWAYS
    except Exception as error:  # Pillow's readers raise whatever their parsing meets
        raise ImageError(f"no readable image in {len(image)} bytes") from error
    return (width, height) if sideways else (height, width)


def as_seen(image: bytes) -> bytes:
    """An image itself, or its gray levels as a PNG where `decode` gives others than the eye sees.

    Those are images with transparent parts, whose colour is seen nowhere, and of 16 bits.

    Raises:
        ImageError: if the bytes are no image that can be read.
    """
    try:
        with Image.open(io.BytesIO(image)) as opened:
            if is_plain(opened) or is_opaque(opened):
                return image
            return encode_png(to_gray(ImageOps.exif_transpose(opened)))
    except Exception as error:  # Pillow's readers raise whatever their parsing meets
        raise ImageError(f"no readable image in {len(image)} bytes") from error


def is_whole(image: bytes) -> bool:
    """Whether a JPEG or PNG has its end; decoders fill what is missing with gray, silently."""
    suffix = extension(image)
    if suffix == ".jpg":
        return image.rfind(_JPEG_END) > image.rfind(_JPEG_SCAN)  # whatever follows, as from phones
    return image.rfind(b"IEND") > image.rfind(b"IDAT") if suffix == ".png" else True


def png_is_intact(image: bytes) -> bool:
    """Whether a PNG is whole and each of its chunks has its checksum, which covers every byte."""
    at, kind = len(_PNG), b""
    if not image.startswith(_PNG):
        return False
    while at + _CHUNK.size + 4 <= len(image):
        size, kind = _CHUNK.unpack_from(image, at)
        end = at + _CHUNK.size + size
        if zlib.crc32(image[at + 4 : end]).to_bytes(4, "big") != image[end : end + 4]:
            return False
        at = end + 4
    return kind == b"IEND" and at == len(image)
