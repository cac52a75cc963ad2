"""What can be measured on drawn lines: how strong an effect really is in the pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.sample import Samples
from tests.support.drawn_lines import GrayImage, gray

FloatArray = NDArray[np.float64]
Measure = Callable[[FloatArray, FloatArray], float]  # of (image, mask)

BARE = 2  # coverage, of 255, up to which a pixel shows the ground alone


@dataclass(frozen=True)
class Drawn:
    """Lines with the coverage of their ink, both as gray levels from 0 to 255."""

    samples: Samples
    images: list[FloatArray]
    masks: list[FloatArray]

    def mean(self, measure: Measure) -> float:
        """Mean of a measure of (image, mask) over all lines."""
        pairs = zip(self.images, self.masks, strict=True)
        return float(np.mean([measure(image, mask) for image, mask in pairs]))


def drawn(samples: Samples) -> Drawn:
    """The lines that could be drawn; masks must have been asked for."""
    assert samples.masks is not None
    rows = [i for i, data in enumerate(samples.images) if data]
    decode: Callable[[bytes], GrayImage] = gray
    return Drawn(
        samples.take(np.array(rows)),
        [decode(samples.images[i]).astype(np.float64) for i in rows],
        [decode(samples.masks[i]).astype(np.float64) for i in rows],
    )


def ground_level(image: FloatArray, mask: FloatArray) -> float:
    """Median gray level of the bare ground."""
    return float(np.median(image[mask <= BARE]))


def ground_deviation(image: FloatArray, mask: FloatArray) -> float:
    """Standard deviation of the bare ground in gray levels."""
    return float(image[mask <= BARE].std())


def ground_drift(image: FloatArray, mask: FloatArray) -> float:
    """How far the ground's mean changes from row to row or along the line, in gray levels.

    The largest difference between means of the bare pixels of 8 bands of rows, or of 8 columns.
    """
    bare = np.where(mask <= BARE, image, np.nan)
    bands = [
        [float(np.nanmean(part)) for part in np.array_split(bare, 8, axis) if _enough(part)]
        for axis in (0, 1)
    ]
    return max(max(means) - min(means) for means in bands)


def _enough(part: FloatArray) -> bool:
    return int(np.isfinite(part).sum()) >= 20


def ink_level(image: FloatArray, mask: FloatArray) -> float:
    """Mean gray level where coverage is darkest."""
    return float(image[mask >= 0.9 * mask.max()].mean())


def coverage(image: FloatArray, mask: FloatArray) -> float:
    """Sum of the coverage, in pixels of full ink."""
    return float(mask.sum() / 255.0)


def height(image: FloatArray, mask: FloatArray) -> float:
    """Height of the ink in px."""
    rows = np.flatnonzero((mask > 60).any(axis=1))
    return float(rows[-1] - rows[0] + 1)


def width(image: FloatArray, mask: FloatArray) -> float:
    """Width of the ink in px."""
    columns = np.flatnonzero((mask > 60).any(axis=0))
    return float(columns[-1] - columns[0] + 1)


def proportion(image: FloatArray, mask: FloatArray) -> float:
    """Width over height of the ink."""
    return width(image, mask) / height(image, mask)


def tilt(image: FloatArray, mask: FloatArray) -> float:
    """Slope of the ink's middle along the line, px down per px right."""
    x, y, weights = _ink(mask)
    return float((weights * x * y).sum() / (weights * x * x).sum())


def shear(image: FloatArray, mask: FloatArray) -> float:
    """How far the ink leans to the right, px per px of height."""
    x, y, weights = _ink(mask)
    return -float((weights * x * y).sum() / (weights * y * y).sum())


def taper(image: FloatArray, mask: FloatArray) -> float:
    """How far the heights of the line's ends differ, as the logarithm of their ratio."""
    columns = np.flatnonzero((mask > 60).any(axis=0))
    third = (columns[-1] - columns[0]) // 3
    ends = mask[:, columns[0] : columns[0] + third], mask[:, columns[-1] - third : columns[-1]]
    left, right = (_spread(end) for end in ends)
    return abs(float(np.log(left / right)))


def bend(image: FloatArray, mask: FloatArray) -> float:
    """Standard deviation of the ink's middle around a straight line, in px."""
    columns = np.flatnonzero(mask.sum(axis=0) > 0)
    x = np.array_split(columns, 8)
    middles = np.array([_middle(mask[:, part]) for part in x])
    centres = np.array([part.mean() for part in x])
    return float((middles - np.polyval(np.polyfit(centres, middles, 1), centres)).std())


def softness(image: FloatArray, mask: FloatArray) -> float:
    """Share of inked pixels that are neither full nor bare: what blur brings."""
    top = mask.max()
    return float(((mask > 0.2 * top) & (mask < 0.8 * top)).sum() / (mask > 0.2 * top).sum())


def image_softness(image: FloatArray, mask: FloatArray) -> float:
    """The same of an image whose mask is sharp: minus its steepest step, in gray levels."""
    return -float(np.abs(np.diff(image, axis=1)).max())


def halo(image: FloatArray, mask: FloatArray) -> float:
    """How far the brightest pixel lies above the ground, in gray levels."""
    return float(image.max() - ground_level(image, mask))


def speckle(image: FloatArray, mask: FloatArray) -> float:
    """Share of bare pixels that are black or white."""
    return float(np.isin(image[mask <= BARE].round(), (0, 1, 2, 253, 254, 255)).mean())


def _ink(mask: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float64)
    weights = mask / mask.sum()
    return x - (weights * x).sum(), y - (weights * y).sum(), weights


def _middle(mask: FloatArray) -> float:
    rows = mask.sum(axis=1)
    return float((rows * np.arange(len(rows))).sum() / rows.sum())


def _spread(mask: FloatArray) -> float:
    rows = mask.sum(axis=1)
    middle = _middle(mask)
    return float(np.sqrt((rows * (np.arange(len(rows)) - middle) ** 2).sum() / rows.sum()))
