"""Real line images in a folder."""

from pathlib import Path

import cv2
import numpy as np

from datagen.drawing.backgrounds import KINDS
from datagen.drawing.style import LIMITS
from datagen.errors import ImageError
from datagen.images import UintImages, try_decode
from ocrbase.errors import UserError, listed
from ocrbase.inputs import read_bytes

_MIN_PX, _MAX_PX = (int(limit) for limit in LIMITS["capture.native_px"])
_MIN_LINES = 3  # under which there is no distribution


def read_crops(folder: Path) -> list[UintImages]:
    """The gray images of a folder and those below it, in the order of names, (H, W) each.

    What is higher than lines are ever captured is made smaller.

    Raises:
        ImageError: if there are too few, or some that cannot be used; names all of those.
    """
    if not folder.is_dir():
        raise ImageError(f"{folder} is no folder; name one that holds images of single lines")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in KINDS and p.is_file())
    crops, unusable = [], []
    for path in paths:
        try:
            crops.append(_line(read_bytes(path, error=ImageError)))
        except UserError as error:
            unusable.append(f"{path.relative_to(folder)} ({error})")
    if unusable:
        raise ImageError(f"not usable in {folder}: {listed(unusable)}; remove or convert them")
    if len(crops) < _MIN_LINES:
        raise ImageError(
            f"{folder} holds {len(crops)} images ({', '.join(KINDS)}); give {_MIN_LINES} lines or"
            " more, better 30 or so"
        )
    return crops


def _line(data: bytes) -> UintImages:
    image = try_decode(data)
    if image is None:
        raise ImageError("no readable image")
    height, width = image.shape
    if height < _MIN_PX:
        raise ImageError(f"{height} px high, less than {_MIN_PX}")
    if height <= _MAX_PX:
        return image
    size = (max(1, round(width * _MAX_PX / height)), _MAX_PX)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
