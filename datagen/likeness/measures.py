"""What can be measured of a line image without knowing what it says.

Each estimator is told apart from the others as far as that is possible: stroke width from area over
edge length, which a blur leaves alone; blur from the steepest edges; noise from the ground alone.
How well each finds the setting that a rendered line was drawn with: `python
benchmarks/likeness.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.likeness.jpeg_trace import source_quality
from datagen.line_images import is_light_on_dark

Gray = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

_INK_SHARE = 0.25  # of the full coverage, above which a pixel counts as ink
_MIN_GROUND = 50  # pixels, under which noise is not told
_FULL_INK = 0.7  # of the full coverage, above which a pixel shows the ink's own level
_MIN_CONTRAST = 4.0  # gray levels, under which there is nothing to measure
_EDGE_QUANTILE = 0.97  # of all gradients at ink: the steepest edges, without outliers
_DARK = 0.38  # of the full coverage around a pixel, above which it lies at ink
_CLEAR = 0.12  # the same, below which it is ground
_ROW_INK = 0.12  # of the ink of the fullest quarter of rows, for a row to have some
_LONG = 3  # widths per height, from which a line shows its slope
_GAP = 0.06  # of the height, between rows that belong together
_LIGHT = 0.6  # of the way from ink to ground, from which a pixel may be ground


@dataclass(frozen=True)
class Measure:
    """What a column of measures means."""

    meaning: str
    unit: str


MEASURES = {
    "height_px": Measure("height of the image file", "px"),
    "text_height": Measure("height of the text over height of the image", ""),
    "left": Measure("distance of the text from the left edge, in image heights", ""),
    "beside": Measure("free width left and right of the text, in image heights", ""),
    "ground": Measure("gray level of the ground, of the negative for light ink", "gray levels"),
    "ink": Measure("gray level of the ink, of the negative for light ink", "gray levels"),
    "inverted": Measure("light ink on a dark ground: 1, else 0", ""),
    "stroke": Measure("mean stroke width over text height", ""),
    "blur_px": Measure("standard deviation of the blur of the sharpest edges", "px"),
    "noise": Measure("standard deviation of the ground's noise", "gray levels"),
    "shading": Measure("range of the ground's level over the line", "gray levels"),
    "jpeg": Measure("JPEG quality of the image that the line was cut from, where it shows", ""),
    "slope_deg": Measure("turn of the line of text, clockwise", "degrees"),
}


@dataclass(frozen=True)
class LineMeasures:
    """Measures of N lines in columns, (N,) each; NaN where a line gives none. See MEASURES."""

    height_px: FloatArray
    text_height: FloatArray
    left: FloatArray
    beside: FloatArray
    ground: FloatArray
    ink: FloatArray
    inverted: FloatArray
    stroke: FloatArray
    blur_px: FloatArray
    noise: FloatArray
    shading: FloatArray
    jpeg: FloatArray
    slope_deg: FloatArray

    def __len__(self) -> int:
        return len(self.height_px)

    def column(self, name: str) -> FloatArray:
        """The finite values of one measure, at most (N,)."""
        values: FloatArray = getattr(self, name)
        return values[np.isfinite(values)]


def measure(images: Iterable[Gray], *, jpeg: bool = False) -> LineMeasures:
    """Measure gray line images (H, W), each of any size.

    Args:
        images: as they were captured: resizing spreads blur and noise, and wipes out JPEG.
        jpeg: look for JPEG quality too, which takes ten times as long as all the rest.
    """
    rows = [_measure(image) | _trace(image, jpeg) for image in images]
    names = [field.name for field in fields(LineMeasures)]
    return LineMeasures(
        **{name: np.array([row.get(name, np.nan) for row in rows], float) for name in names}
    )


def _trace(image: Gray, jpeg: bool) -> dict[str, float]:
    return {"jpeg": source_quality(image)} if jpeg else {}


def _measure(image: Gray) -> dict[str, float]:
    inverted = is_light_on_dark(image)
    upright = np.asarray(255 - image if inverted else image, dtype=np.float64)
    grounds = _ground(upright)
    ground = float(np.median(grounds))
    contrast = ground - float(np.percentile(upright, 1))
    found = {
        "height_px": float(len(image)),
        "ground": ground,
        "inverted": float(inverted),
        "shading": float(np.ptp(grounds)),
    }
    if contrast < _MIN_CONTRAST:
        return found
    coverage = np.clip((grounds - upright) / contrast, 0.0, 1.0)
    full = coverage > _FULL_INK
    # Smoothed, so that the ground's noise does not count as ink.
    dark = np.asarray(cv2.blur(coverage, (3, 3))) > _DARK
    top, bottom = _text_rows(dark)
    left, right = _text_columns(dark[top:bottom])
    text_px = float(bottom - top)
    return found | {
        "ink": float(np.median(upright[full])),
        "text_height": text_px / len(image),
        "left": left / len(image),
        "beside": (left + image.shape[1] - right) / len(image),
        "stroke": _stroke_px(coverage, dark) / max(text_px, 1.0),
        "blur_px": _blur_px(coverage),
        "noise": _noise(upright, coverage),
        "slope_deg": _slope_deg(np.where(dark, coverage, 0.0)[top:bottom]),
    }


def _ground(gray: FloatArray) -> FloatArray:
    """The ground's level, (H, W): that of wide stretches along the line, and its trend across."""
    height, width = gray.shape
    step = max(8, height)
    starts = range(0, width, step)
    levels = [_ground_level(gray[:, x : x + 2 * step]) for x in starts]
    centres = [min(x + step, (x + width) / 2) for x in starts]
    columns = np.interp(np.arange(width), centres, levels)
    rows = np.array([_ground_level(row) for row in gray - columns])
    rank = np.linspace(-1.0, 1.0, height)
    trend = np.polyfit(rank, rows, 1)[0] if height > 1 else 0.0
    return columns + trend * rank[:, None]


def _ground_level(gray: FloatArray) -> float:
    """The median of what is lighter than the middle between ink and ground."""
    low, high = np.percentile(gray, (5, 95))
    return float(np.median(gray[gray >= low + _LIGHT * (high - low)]))


def _text_rows(dark: NDArray[np.bool_]) -> tuple[int, int]:
    """First row of the text and one past its last; lines above and below are left out.

    Of the stretches of rows with ink, which gaps as high as those inside of characters do not
    part, the one with most ink.
    """
    height = len(dark)
    profile = dark.sum(axis=1)
    inked = profile > _ROW_INK * np.sort(profile)[-max(1, height // 4) :].mean()
    stretches: list[tuple[int, int]] = []
    for row in np.flatnonzero(inked).tolist():
        if stretches and row - stretches[-1][1] <= _GAP * height:
            stretches[-1] = (stretches[-1][0], row + 1)
        else:
            stretches.append((row, row + 1))
    if not stretches:
        return 0, height
    return max(stretches, key=lambda rows: int(profile[slice(*rows)].sum()))


def _text_columns(dark: NDArray[np.bool_]) -> tuple[int, int]:
    """First column of the text and one past its last; single specks are left out."""
    specks = cv2.erode(dark.astype(np.uint8), np.ones((2, 2), np.uint8), borderValue=0)
    columns = np.flatnonzero((specks if specks.any() else dark).any(axis=0))
    return (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, dark.shape[1])


def _stroke_px(coverage: FloatArray, dark: NDArray[np.bool_]) -> float:
    """Twice the area over the length of the edges, which is the width of a long stroke."""
    near = cv2.dilate(dark.astype(np.uint8), np.ones((3, 3), np.uint8))[:-1, :-1] > 0
    dx, dy = np.diff(coverage, axis=1)[:-1], np.diff(coverage, axis=0)[:, :-1]
    edges = float(np.hypot(dx, dy)[near].sum())
    return 2.0 * float(coverage[:-1, :-1][near].sum()) / max(edges, 1e-6)


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
    clear = np.asarray(cv2.blur(coverage, (3, 3))) < _CLEAR
    ground = cv2.erode(clear.astype(np.uint8), np.ones((3, 3), np.uint8))
    kernel = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
    response = cv2.filter2D(gray, cv2.CV_64F, kernel)[ground > 0]
    if len(response) < _MIN_GROUND:
        return float("nan")
    return float(np.median(np.abs(response)) / 0.6745 / 6.0)


def _slope_deg(coverage: FloatArray) -> float:
    """The turn of the regression of ink's y on x, for lines long enough to have one."""
    height, width = coverage.shape
    mass = coverage.sum(axis=0)
    if width < _LONG * height or mass.sum() <= 0.0:
        return float("nan")
    x, y = np.arange(width), np.arange(height)
    centre = (coverage * y[:, None]).sum(axis=0) / np.maximum(mass, 1e-9)
    mean_x = np.average(x, weights=mass)
    mean_y = np.average(centre, weights=mass)
    spread = np.average((x - mean_x) ** 2, weights=mass)
    shared = np.average((x - mean_x) * (centre - mean_y), weights=mass)
    return float(np.degrees(np.arctan2(shared, spread)))
