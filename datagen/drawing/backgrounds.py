"""A user's own images as grounds."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.drawing.finishing import DEEPEST
from datagen.drawing.look_columns import Look
from datagen.errors import RenderError
from ocrbase.errors import listed

KINDS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


class Backgrounds:
    """Grounds cut from the images of a folder, flattened to at most DEEPEST around their mean.

    Args:
        folder: searched with its sub-folders in the order of names; empty for no images.

    Raises:
        RenderError: if the folder has no image, or one cannot be read; names all of those.
    """

    def __init__(self, folder: str) -> None:
        self._images: list[NDArray[np.uint8]] = []
        digest = hashlib.sha256()
        unreadable = []
        for path in _paths(folder):
            data = path.read_bytes()
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
            if image is None:
                unreadable.append(path.name)
                continue
            digest.update(data)
            self._images.append(np.asarray(image, dtype=np.uint8))
        if unreadable:
            raise RenderError(
                f"not readable as images in {folder}: {listed(unreadable)}; remove or convert them"
            )
        self.fingerprint = digest.hexdigest() if self._images else ""

    def cut(self, looks: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float32]:
        """What the ground of each line adds to its level, (B, H, W), or (B, 0, 0) without images.

        Args:
            looks: (B, len(Look)); BACKGROUND picks the image, BACKGROUND_X and _Y the place.
            shape: (B, H, W).
        """
        if not self._images:
            return np.zeros((shape[0], 0, 0), dtype=np.float32)
        grounds = np.zeros(shape, dtype=np.float32)
        for b in np.nonzero(looks[:, Look.BACKGROUND] >= 0.0)[0].tolist():
            pick = int(looks[b, Look.BACKGROUND] * len(self._images))
            grounds[b] = self._patch(self._images[pick], looks[b], shape[1], shape[2])
        return grounds

    def _patch(
        self, image: NDArray[np.uint8], look: NDArray[np.float64], height: int, width: int
    ) -> NDArray[np.float32]:
        factor = max(1.0, height / image.shape[0], width / image.shape[1])
        if factor > 1.0:
            size = (int(np.ceil(image.shape[1] * factor)), int(np.ceil(image.shape[0] * factor)))
            image = np.asarray(cv2.resize(image, size), dtype=np.uint8)
        y = int(look[Look.BACKGROUND_Y] * (image.shape[0] - height + 1))
        x = int(look[Look.BACKGROUND_X] * (image.shape[1] - width + 1))
        patch = image[y : y + height, x : x + width].astype(np.float32)
        patch -= patch.mean()
        deepest = float(np.abs(patch).max())
        return patch * min(1.0, DEEPEST / deepest) if deepest > 0.0 else patch


def _paths(folder: str) -> list[Path]:
    if not folder:
        return []
    found = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in KINDS)
    if not found:
        raise RenderError(f"no image ({', '.join(KINDS)}) under the backgrounds folder {folder}")
    return found
