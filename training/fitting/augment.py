"""Changes to line images at load time: shifts, blur, noise, erasing.

Each image's changes are a pure function of (seed, step, sample index), so a run that is resumed
sees the same images again.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.draws import bits, uniforms
from training.model.preprocess import GrayImages

IntArray = NDArray[np.int64]

MAX_SHIFT_PX = 3.0  # at strength 1; vertically
MAX_BLUR_PX = 1.0  # standard deviation
MAX_NOISE = 12.0  # standard deviation in gray levels
MAX_ERASED = 0.15  # side of the erased rectangle as a share of the line's height and 32 px
CHANCE = 0.5  # of each change


def augment(
    images: GrayImages, indices: IntArray, step: int, *, seed: int, strength: float
) -> GrayImages:
    """Changed copies of the images.

    Horizontal positions stay as they are: character centres remain true.

    Args:
        images: (N, H, W).
        indices: sample index of each, (N,).
        step: of the training run.
        seed: of the run.
        strength: 0 changes nothing, 1 is strong.
    """
    draws = uniforms(seed, f"augment/{step}", indices, 10)  # (N, 10)
    noise_keys = bits(seed, f"augment-noise/{step}", indices, 1)[:, 0]
    changed = np.empty_like(images)
    for i, image in enumerate(images):
        changed[i] = _one(image, draws[i], int(noise_keys[i]), strength)
    return changed


def _one(
    image: GrayImages, draw: NDArray[np.float64], noise_key: int, strength: float
) -> GrayImages:
    on = draw[:4] < CHANCE * min(1.0, strength)
    if on[0]:
        image = _shifted(image, (2 * draw[4] - 1) * MAX_SHIFT_PX * strength)
    if on[1]:
        blurred = cv2.GaussianBlur(image, (0, 0), 0.3 + draw[5] * MAX_BLUR_PX * strength)
        image = blurred.astype(np.uint8)
    if on[2]:
        noise = np.random.default_rng(noise_key).standard_normal(image.shape, dtype=np.float32)
        noisy = image + noise * np.float32(draw[6] * MAX_NOISE * strength)
        image = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    if on[3]:
        image = _erased(image, draw[7:10], strength)
    return image


def _shifted(image: GrayImages, down_px: float) -> GrayImages:
    matrix = np.array([[1, 0, 0], [0, 1, down_px]], dtype=np.float32)
    size = (image.shape[1], image.shape[0])
    shifted = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return shifted.astype(np.uint8)


def _erased(image: GrayImages, draw: NDArray[np.float64], strength: float) -> GrayImages:
    """Cover a small rectangle with the median gray, as dirt or a fold would."""
    height, width = image.shape
    side = max(2, round(height * MAX_ERASED * strength * (0.5 + draw[0])))
    top, left = int(draw[1] * (height - side)), int(draw[2] * (width - side))
    image = image.copy()
    image[top : top + side, left : left + side] = np.median(image)
    return image
