"""Where the lines of a page are: RapidOCR's detector and orientation classifier, as they ship.

Their models lie in RapidOCR's wheel (PP-OCRv6 small and PP-OCR mobile 2.0, Apache-2.0), so nothing
is downloaded. RapidOCR's own recogniser is never loaded.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ImageError
from training.errors import first_line
from training.pages.page_images import Rgb
from training.require import require

Quads = NDArray[np.float32]

MAX_SIDE_PX = 2560  # a larger page is scaled down to it for the detector alone
MAX_TALL, MAX_WIDE = 8, 64  # how many times as high as wide, and as wide as high, a page may be
CLASSIFIED_LINES = 40  # that vote on whether a page stands on its head


class LineDetector:
    """Finds the lines of a page, whichever way they are turned.

    Args:
        threads: of the detector; all cores if None.

    Raises:
        ReadError: if the extra `page` is not installed.
    """

    def __init__(self, threads: int | None = None) -> None:
        require("rapidocr", extra="page")
        from rapidocr import RapidOCR

        self._engine: Any = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.max_side_len": MAX_SIDE_PX,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads or -1,
            }
        )

    def quads(self, pixels: Rgb) -> Quads:
        """Corners (N, 4, 2) as x, y of each line: top left, top right, bottom right, bottom left.

        "Top left" is as the page lies: of a line that runs upwards it is not where text begins.

        Raises:
            ImageError: if the detector cannot take the page.
        """
        try:
            detected = self._engine(
                _wide_enough(pixels)[:, :, ::-1], use_det=True, use_cls=False, use_rec=False
            )
        except Exception as error:  # RapidOCR's own classes derive from Exception alone
            raise ImageError(f"no lines can be looked for ({first_line(error)})") from error
        boxes = getattr(detected, "boxes", None)
        if boxes is None or not len(boxes):
            return np.zeros((0, 4, 2), np.float32)
        height, width = pixels.shape[:2]
        within: Quads = np.clip(np.asarray(boxes, np.float32), 0, (width, height))
        return within

    def upside_down(self, crops: Sequence[Rgb]) -> bool:
        """Whether most of a page's horizontal lines (H, W, 3) stand on their head."""
        widest = sorted(crops, key=lambda crop: -crop.shape[1])[:CLASSIFIED_LINES]
        votes = 0.0
        for crop in widest:
            classified = self._engine(crop[:, :, ::-1], use_det=False, use_cls=True, use_rec=False)
            label, score = classified.cls_res[0]
            votes += float(score) if label == "180" else -float(score)
        return votes > 0


def _wide_enough(pixels: Rgb) -> Rgb:
    """A strip with paper beside or below it, where the detector would enlarge it to gigabytes."""
    height, width = pixels.shape[:2]
    right = max(0, -(-height // MAX_TALL) - width)
    below = max(0, -(-width // MAX_WIDE) - height)
    if not (right or below):
        return pixels
    return np.pad(pixels, ((0, below), (0, right), (0, 0)), constant_values=255)
