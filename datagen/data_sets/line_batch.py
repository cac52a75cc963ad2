"""A batch of decoded lines, as training takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ImageError
from datagen.formats.reader import ShardLines
from datagen.images import UintImages, try_decode
from datagen.line_images import to_line_height

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LineBatch:
    """B decoded lines.

    Attributes:
        images: grayscale, (LINE_HEIGHT_PX, w) uint8 each, as wide as the line is.
        class_ids: (B, L) uint16, zero beyond a label's end.
        lengths: characters of each label, (B,).
        centres: x of each character in pixels of `images`, (B, L) float32, NaN where unknown.
        widths: of the images in pixels, (B,).
    """

    images: list[UintImages]
    class_ids: NDArray[np.uint16]
    lengths: IntArray
    centres: NDArray[np.float32]
    widths: IntArray

    def __len__(self) -> int:
        return len(self.images)


def decode_lines(images: Sequence[bytes], shard: ShardLines, rows: IntArray) -> list[UintImages]:
    """The images of some rows of a shard, scaled to LINE_HEIGHT_PX in proportion.

    Raises:
        ImageError: if one cannot be decoded; names shard and line.
    """
    decoded = []
    for number, data in enumerate(images):
        image = try_decode(data)
        if image is None:
            (name,) = shard.names(rows[number : number + 1])
            raise ImageError(f"{name} cannot be decoded; ocrgen verify lists all such images")
        decoded.append(to_line_height(image))
    return decoded
