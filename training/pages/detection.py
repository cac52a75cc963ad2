"""Where the lines of a page are: RapidOCR's detector and orientation classifier, as they ship.

Their models lie in RapidOCR's wheel (PP-OCRv6 small and PP-OCR mobile 2.0, Apache-2.0), so nothing
is downloaded. RapidOCR's own recogniser is never loaded.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.pages.page_images import Rgb
from training.require import require

Quads = NDArray[np.float32]

MAX_SIDE_PX = 2560  # a larger page is scaled down to it for the detector alone
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
        """
        detected = self._engine(pixels[:, :, ::-1], use_det=True, use_cls=False, use_rec=False)
        boxes = getattr(detected, "boxes", None)
        if boxes is None or not len(boxes):
            return np.zeros((0, 4, 2), np.float32)
        return np.asarray(boxes, np.float32)

    def upside_down(self, crops: Sequence[Rgb]) -> bool:
        """Whether most of a page's horizontal lines (H, W, 3) stand on their head."""
        widest = sorted(crops, key=lambda crop: -crop.shape[1])[:CLASSIFIED_LINES]
        votes = 0.0
        for crop in widest:
            classified = self._engine(crop[:, :, ::-1], use_det=False, use_cls=True, use_rec=False)
            label, score = classified.cls_res[0]
            votes += float(score) if label == "180" else -float(score)
        return votes > 0
