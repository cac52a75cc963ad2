"""What can be measured of a line image without knowing what it says.

Each estimator is told apart from the others as far as that is possible: stroke width from area over
edge length, which a blur leaves alone; blur from the steepest edges; noise from the ground alone.
How well each finds the setting that a rendered line was drawn with: `python -m
benchmarks.likeness`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.line_images import is_light_on_dark

Gray = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

_INK_SHARE = 0.25  # of the full coverage, above which a pixel counts as ink
_GROUND_SHARE = 0.04  # of the full coverage, below which a pixel counts as ground
_MIN_CONTRAST = 4.0  # gray levels, under which there is nothing to measure
_EDGE_QUANTILE = 0.97  # of all gradients at ink: the steepest edges, without outliers
_ROW_INK = 0.1  # of the mean ink of the rows that have some, for a row to belong to the text


@dataclass(frozen=True)
class Measure:
    """What a column of measures means."""

    meaning: str
    unit: str


MEASURES = {
    "height_px": Measure("height of the image file", "px"),
    "text_height": Measure("height of the text over height of the image", ""),
    "left": Measure("distance of the text from the left edge, in image heights", ""),
    "ground": Measure("gray level of the ground", "gray levels"),
    "ink": Measure("gray level of the ink", "gray levels"),
    "inverted": Measure("light ink on a dark ground: 1, else 0", ""),
    "stroke": Measure("mean stroke width over text height", ""),
    "blur_px": Measure("standard deviation of the blur of the sharpest edges", "px"),
    "noise": Measure("standard deviation of the ground's noise", "gray levels"),
    "shading": Measure("range of the ground's level along the line", "gray levels"),
    "blocks": Measure("steps at the borders of 8 px blocks over those within, as JPEG leaves", ""),
    "slope_deg": Measure("turn of the line of text, clockwise", "degrees"),
}


@dataclass(frozen=True)
class LineMeasures:
    """Measures of N lines in columns, (N,) each; NaN where a line gives none. See MEASURES."""

    height_px: FloatArray
    text_height: FloatArray
    left: FloatArray
    ground: FloatArray
    ink: FloatArray
    inverted: FloatArray
    stroke: FloatArray
    blur_px: FloatArray
    noise: FloatArray
    shading: FloatArray
    blocks: FloatArray
    slope_deg: FloatArray

    def __len__(self) -> int:
        return len(self.height_px)

    def column(self, name: str) -> FloatArray:
        """The finite values of one measure, at most (N,)."""
        values: FloatArray = getattr(self, name)
        return values[np.isfinite(values)]


def measure(images: Iterable[Gray]) -> LineMeasures:
    """Measure gray line images (H, W), each of any size."""
    rows = [_measure(image) for image in images]
    names = [field.name for field in fields(LineMeasures)]
    return LineMeasures(
        **{name: np.array([row.get(name, np.nan) for row in rows], float) for name in names}
    )


def _measure(image: Gray) -> dict[str, float]:
    inverted = is_light_on_dark(image)
    upright = np.asarray(255 - image if inverted else image, dtype=np.float64)
    columns = _ground_columns(upright)
    ground = float(np.median(columns))
    darkest = float(np.percentile(upright, 1))
    contrast = ground - darkest
    found = {
        "height_px": float(len(image)),
        "ground": 255.0 - ground if inverted else ground,
        "inverted": float(inverted),
        "blocks": _blocks(image),
        "shading": float(np.ptp(columns)),
    }
    if contrast < _MIN_CONTRAST:
        return found
    coverage = np.clip((columns - upright) / contrast, 0.0, 1.0)
    ink = float(np.median(upright[coverage > 0.7])) if (coverage > 0.7).any() else darkest
    top, bottom = _extent(coverage.sum(axis=1))
    left, _ = _extent(coverage.sum(axis=0))
    text_px = float(bottom - top)
    return found | {
        "ink": 255.0 - ink if inverted else ink,
        "text_height": text_px / len(image),
        "left": left / len(image),
        "stroke": _stroke_px(coverage) / max(text_px, 1.0),
        "blur_px": _blur_px(coverage),
        "noise": _noise(upright, coverage),
        "slope_deg": _slope_deg(coverage),
    }


def _ground_columns(gray: FloatArray) -> FloatArray:
    """The ground's level along the line, (W,): a high percentile of wide stretches, smoothed."""
    height, width = gray.shape
    step = max(8, height)
    starts = range(0, width, step)
    levels = [np.percentile(gray[:, x : x + 2 * step], 85) for x in starts]
    centres = [min(x + step, (x + width) / 2) for x in starts]
    return np.interp(np.arange(width), centres, levels)


def _extent(ink: FloatArray) -> tuple[int, int]:
    """First and one past the last position with ink."""
    some = ink[ink > 0.0]
    if not len(some):
        return 0, len(ink)
    there = np.flatnonzero(ink > _ROW_INK * some.mean())
    return int(there[0]), int(there[-1]) + 1


def _stroke_px(coverage: FloatArray) -> float:
    """Twice the area over the length of the edges, which is the width of a long stroke."""
    dy, dx = np.gradient(coverage)
    edges = float(np.hypot(dx, dy).sum())
    return 2.0 * float(coverage.sum()) / max(edges, 1e-6)


def _blur_px(coverage: FloatArray) -> float:
    """A Gaussian edge of standard deviation s rises by 1 / (s sqrt(2 pi)) per px at its middle."""
    gradient = np.maximum(
        np.abs(np.diff(coverage, axis=0))[:, :-1], np.abs(np.diff(coverage, axis=1))[:-1]
    )
    at_ink = gradient[coverage[:-1, :-1] > _INK_SHARE]
    if not len(at_ink):
        return float("nan")
    steepest = float(np.quantile(at_ink, _EDGE_QUANTILE))
    return 1.0 / (max(steepest, 1e-3) * float(np.sqrt(2.0 * np.pi)))


def _noise(gray: FloatArray, coverage: FloatArray) -> float:
    """From second differences in a ground without ink within a pixel (Immerkaer 1996)."""
    ground = cv2.erode((coverage < _GROUND_SHARE + 0.1).astype(np.uint8), np.ones((5, 5)))
    kernel = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
    response = cv2.filter2D(gray, cv2.CV_64F, kernel)[ground > 0]
    if len(response) < 50:
        return float("nan")
    return float(np.median(np.abs(response)) / 0.6745 / 6.0)


def _blocks(image: Gray) -> float:
    """Largest mean step at one phase of 8 columns over the mean of all others, minus 1."""
    steps = np.abs(np.diff(image.astype(np.float64), axis=1)).mean(axis=0)
    if len(steps) < 64:
        return float("nan")
    phases = np.array([steps[phase::8].mean() for phase in range(8)])
    others = (phases.sum() - phases) / 7.0
    return float(np.max(phases / np.maximum(others, 1e-6)) - 1.0)


def _slope_deg(coverage: FloatArray) -> float:
    """The turn of the regression of ink's y on x, for lines long enough to have one."""
    height, width = coverage.shape
    mass = coverage.sum(axis=0)
    if width < 3 * height or mass.sum() <= 0.0:
        return float("nan")
    x, y = np.arange(width), np.arange(height)
    centre = (coverage * y[:, None]).sum(axis=0) / np.maximum(mass, 1e-9)
    mean_x = np.average(x, weights=mass)
    mean_y = np.average(centre, weights=mass)
    spread = np.average((x - mean_x) ** 2, weights=mass)
    shared = np.average((x - mean_x) * (centre - mean_y), weights=mass)
    return float(np.degrees(np.arctan2(shared, spread)))
