"""Native frames: a line is drawn and captured at a height of its own, then resized to 32 px.

All lines of a batch lie one behind the other in flat arrays, each with the size of its own frame.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.look_columns import Look
from datagen.line_geometry import LINE_HEIGHT_PX

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Pixel = TypeVar("Pixel", np.uint8, np.float32)

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
            would come out smaller than MIN_EM.
    """
    native = looks[:, Look.NATIVE]
    needed = np.ceil(looks[:, Look.MIN_EM] * LINE_HEIGHT_PX / (_FITTED_SHARE * looks[:, Look.SIZE]))
    looks[:, Look.NATIVE] = np.maximum(native, np.minimum(needed, LINE_HEIGHT_PX))
    height = looks[:, Look.NATIVE].astype(np.int64)
    width = np.round(looks[:, Look.WIDTH] * height / LINE_HEIGHT_PX).astype(np.int64)
    end = np.cumsum(height * width)
    return NativeFrames(end - height * width, height, width)
