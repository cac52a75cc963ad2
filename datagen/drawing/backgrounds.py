"""A user's own images as grounds."""

import hashlib
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.drawing.capture import NativeFrames
from datagen.drawing.finishing import BACKGROUND_DEPTH
from datagen.drawing.look_columns import Look
from datagen.errors import ImageError, RenderError
from datagen.images import UintImages, size_of, try_decode
from datagen.line_geometry import MAX_PIXELS
from ocrbase.errors import UserError, listed
from ocrbase.inputs import read_bytes

KINDS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
KEPT_PIXELS = 1 << 20  # of an image in memory: a line's frame needs a hundredth of that
MAX_KEPT_BYTES = 1 << 30  # of all images, in each worker


class Backgrounds:
    """Grounds cut from the images of folders, flattened to BACKGROUND_DEPTH around their mean.

    Images of more than KEPT_PIXELS are made smaller, so that a frame shows more of them.

    Args:
        folders: one for each style, searched with its sub-folders in the order of names; empty for
            no images.

    Raises:
        RenderError: if a folder has no image, too many, or some that cannot be used; names all
            of those.
    """

    def __init__(self, *folders: str) -> None:
        self._kept_bytes = 0
        loaded = {folder: self._load(folder) for folder in dict.fromkeys(folders)}
        self._images = [loaded[folder][0] for folder in folders]
        self.fingerprint = " ".join(loaded[folder][1] for folder in folders)

    def _load(self, folder: str) -> tuple[list[UintImages], str]:
        """The images of a folder and their SHA-256, which is empty where there is none."""
        images: list[UintImages] = []
        digest = hashlib.sha256()
        unusable = []
        for path in _paths(folder):
            try:
                data = read_bytes(path, error=ImageError)
                image = _decoded(data)
            except UserError as error:
                unusable.append(f"{path.name} ({error})")
                continue
            digest.update(data)
            images.append(image)
            self._kept_bytes += image.nbytes
            if self._kept_bytes > MAX_KEPT_BYTES:
                raise RenderError(
                    f"the backgrounds of {folder} take more than {MAX_KEPT_BYTES >> 20:,} MB of"
                    f" memory from image {len(images):,} on; give a folder with fewer"
                )
        if unusable:
            raise RenderError(
                f"not usable as backgrounds in {folder}: {listed(unusable)}; remove or convert them"
            )
        return images, digest.hexdigest() if images else ""

    def cut(self, looks: NDArray[np.float64], frames: NativeFrames) -> NDArray[np.float32]:
        """What the ground of each line adds to its level, flat, or empty without images.

        Args:
            looks: (B, len(Look)); STYLE picks the folder, BACKGROUND the image, BACKGROUND_X and _Y
                the place; BACKGROUND_RELIEF receives the standard deviation of the cut.
            frames: the lines' sizes and their places in the flat array.
        """
        if not any(self._images):
            return np.zeros(0, dtype=np.float32)
        grounds = np.zeros(frames.pixels, dtype=np.float32)
        for b in np.nonzero(looks[:, Look.BACKGROUND] >= 0.0)[0].tolist():
            images = self._images[int(looks[b, Look.STYLE])]
            image = images[int(looks[b, Look.BACKGROUND] * len(images))]
            patch = _patch(image, looks[b], int(frames.height[b]), int(frames.width[b]))
            grounds[frames.start[b] : frames.start[b] + patch.size] = patch.ravel()
            looks[b, Look.BACKGROUND_RELIEF] = patch.std()
        return grounds


def _patch(
    image: UintImages, look: NDArray[np.float64], height: int, width: int
) -> NDArray[np.float32]:
    """A cut of an image, enlarged where the image is smaller, around 0, (height, width)."""
    factor = max(1.0, height / image.shape[0], width / image.shape[1])
    rows = min(image.shape[0], math.ceil(height / factor))
    columns = min(image.shape[1], math.ceil(width / factor))
    y = int(look[Look.BACKGROUND_Y] * (image.shape[0] - rows + 1))
    x = int(look[Look.BACKGROUND_X] * (image.shape[1] - columns + 1))
    patch = image[y : y + rows, x : x + columns].astype(np.float32)
    if factor > 1.0:
        patch = np.asarray(cv2.resize(patch, (width, height)), dtype=np.float32)
    patch -= patch.mean()
    deepest = float(np.abs(patch).max())
    return patch * min(1.0, BACKGROUND_DEPTH / deepest) if deepest > 0.0 else patch


def _decoded(data: bytes) -> UintImages:
    height, width = size_of(data)
    if height * width > MAX_PIXELS:
        raise ImageError(f"{width:,} x {height:,} px is over the limit of {MAX_PIXELS:,} pixels")
    image = try_decode(data)
    if image is None:
        raise ImageError(f"no readable image in {len(data):,} bytes")
    scale = math.sqrt(KEPT_PIXELS / image.size)
    if scale >= 1.0:
        return image
    height, width = image.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _paths(folder: str) -> list[Path]:
    if not folder:
        return []
    candidates = (path for path in Path(folder).rglob("*") if path.suffix.lower() in KINDS)
    paths = sorted(path for path in candidates if not path.is_dir())
    if not paths:
        raise RenderError(f"no image ({', '.join(KINDS)}) under the backgrounds folder {folder}")
    return paths
