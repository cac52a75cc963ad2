"""Native frames: a line is drawn and captured at a height of its own, then resized to 32 px.

All lines of a batch lie one behind the other in flat arrays, each with the size of its own frame.
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.drawing.look_columns import Look
from datagen.drawing.looks import small_end
from datagen.errors import RenderError
from datagen.images import encode_jpeg, encode_webp, try_decode
from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.line_images import to_line_height

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UintImages = NDArray[np.uint8]
Pixel = TypeVar("Pixel", np.uint8, np.float32)

_BLOCK_PX = 8  # side of the blocks that JPEG and WebP transform
# Least quality of a codec: 82 for an em of 8 px, 68 for 12, 54 for 16, 40 for 20.
_QUALITY_AT_0, _QUALITY_PER_PX, _BEST_QUALITY = 110.0, 3.5, 100.0
_FITTED_SHARE = 0.92  # of its size that a line keeps where its ink is higher than the frame


@dataclass(frozen=True, slots=True)
class NativeFrames:
    """The sizes of a batch's lines as they are captured, and their places in flat arrays.

    Attributes:
        start: first pixel of each line in a flat array, (B,).
        height: px, (B,).
        width: px, (B,).
    """

    start: IntArray
    height: IntArray
    width: IntArray

    @property
    def pixels(self) -> int:
        """Length of a flat array: pixels of all lines together."""
        return int((self.height * self.width).sum())

    def lines(self, flat: NDArray[Pixel]) -> list[NDArray[Pixel]]:
        """The part of each line in a flat array, (height, width), as views."""
        places = zip(self.start.tolist(), self.height.tolist(), self.width.tolist(), strict=True)
        return [flat[at : at + h * w].reshape(h, w) for at, h, w in places]

    def enlargement(self, looks: FloatArray) -> NDArray[np.float32]:
        """Pixels of the finished line per native pixel as (x, y), (B, 2)."""
        x, y = looks[:, Look.WIDTH] / self.width, LINE_HEIGHT_PX / self.height
        return np.stack([x, y], axis=1).astype(np.float32)


def native_frames(looks: FloatArray) -> NativeFrames:
    """The frames of lines whose size and width are known.

    Args:
        looks: (B, len(Look)); NATIVE is raised, in place, where it is under 32 px and characters
            would come out smaller than MIN_EM; the place of a shadow is scaled with it, and
            codecs get the quality that small characters need.
    """
    native = looks[:, Look.NATIVE]
    needed = np.ceil(looks[:, Look.MIN_EM] * LINE_HEIGHT_PX / (_FITTED_SHARE * small_end(looks)))
    looks[:, Look.NATIVE] = np.maximum(native, np.minimum(needed, LINE_HEIGHT_PX))
    for column in (Look.SHADOW_X, Look.SHADOW_SOFT):
        looks[:, column] *= looks[:, Look.NATIVE] / LINE_HEIGHT_PX
    _bound_codec(looks)
    height = looks[:, Look.NATIVE].astype(np.int64)
    width = np.round(looks[:, Look.WIDTH] * height / LINE_HEIGHT_PX).astype(np.int64)
    end = np.cumsum(height * width)
    return NativeFrames(end - height * width, height, width)


def _bound_codec(looks: FloatArray) -> None:
    """Raise qualities, in place, to what characters of a native em can bear."""
    needed = (
        _QUALITY_AT_0
        - _QUALITY_PER_PX * looks[:, Look.SIZE] * looks[:, Look.NATIVE] / LINE_HEIGHT_PX
    )
    for column in (Look.NATIVE_JPEG, Look.WEBP):
        quality = looks[:, column]
        looks[:, column] = np.where(
            quality > 0.0, np.minimum(np.maximum(quality, needed), _BEST_QUALITY), 0.0
        )


def captured(images: list[UintImages], looks: FloatArray) -> list[UintImages]:
    """Lines at the heights that they are captured at, after the codec of the image that held them.

    Args:
        images: gray levels at native size.
        looks: (B, len(Look)).
    """
    settings = looks[:, (Look.NATIVE_JPEG, Look.WEBP)].astype(np.int64).tolist()
    blocks = (looks[:, Look.BLOCKS] * _BLOCK_PX**2).astype(np.int64).tolist()
    return [
        _through_codec(image, jpeg, webp, at) if jpeg or webp else image
        for image, (jpeg, webp), at in zip(images, settings, blocks, strict=True)
    ]


def finished(images: list[UintImages], looks: FloatArray) -> list[UintImages]:
    """Captured lines at 32 px, (32, WIDTH) each; arguments as those of `captured`."""
    widths = looks[:, Look.WIDTH].astype(np.int64).tolist()
    return [
        to_line_height(image, width)
        for image, width in zip(captured(images, looks), widths, strict=True)
    ]


def _through_codec(image: UintImages, jpeg: int, webp: int, at: int) -> UintImages:
    """Encode and decode at a quality, the line at one of the places in the codec's blocks."""
    top, left = divmod(at, _BLOCK_PX)
    border = (top, 0, left, 0)
    page = np.asarray(cv2.copyMakeBorder(image, *border, cv2.BORDER_REFLECT_101), dtype=np.uint8)
    data = encode_webp(page, webp) if webp else encode_jpeg(page, jpeg)
    decoded = try_decode(data)
    if decoded is None:
        raise RenderError("OpenCV could not decode what it encoded")
    return decoded[top:, left:]
