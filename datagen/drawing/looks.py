"""The look of each line as numbers: one row of parameters per sample index.

Every number has a column of its own in the random draws, so adding an effect never changes the
others, and a line's look depends on (seed, index, attempt) alone.
"""

from enum import IntEnum, auto

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.style import Span, Style
from datagen.draws import uniforms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


# A corner of the frame lies this far off the line: divided by it, px of displacement are a ratio.
CORNER_PX = 14.0


class Look(IntEnum):
    """Columns of the table of looks; units as in `Style`. Compiled loops read it too."""

    def _generate_next_value_(name, start, count, last_values):  # type: ignore[no-untyped-def,override]  # noqa: N805
        return count

    SIZE = auto()  # px
    STRETCH = auto()
    SPACING = auto()  # em
    WEIGHT = auto()
    SLANT = auto()
    WIDTH = auto()  # frame, px
    MARGIN = auto()  # px
    LEFT = auto()  # distance from the left edge in px; negative: place by PLACE_X
    PLACE_X = auto()  # 0 left to 1 right of the free width
    PLACE_Y = auto()  # 0 top to 1 bottom of the free height
    INK = auto()
    GROUND = auto()
    MIN_CONTRAST = auto()
    KEYSTONE = auto()  # height ratio of the line's ends, relative to the middle
    FAN = auto()  # width ratio of top and bottom
    ROTATION = auto()  # radians
    WAVE = auto()  # px
    WAVE_LENGTH = auto()  # px
    WAVE_PHASE = auto()  # radians
    GAUSS = auto()  # px
    MOTION = auto()  # px
    MOTION_ANGLE = auto()  # radians
    RESAMPLE = auto()
    NOISE = auto()
    SLOPE_X = auto()
    SLOPE_Y = auto()
    PAPER = auto()
    PAPER_SCALE = auto()  # px
    SHADOW = auto()
    SHADOW_X = auto()  # where its edge crosses the middle, px
    SHADOW_ANGLE = auto()  # radians
    SHADOW_SOFT = auto()  # px
    RULE = auto()  # 0 none, 1 underline, 2 rule above, 3 cell border
    RULE_WEIGHT = auto()  # coverage
    BLEED = auto()  # px
    FADE = auto()
    SALT = auto()
    MOIRE = auto()
    MOIRE_LENGTH = auto()  # px
    MOIRE_ANGLE = auto()  # radians
    BACKGROUND = auto()  # -1 none, else a fraction that picks an image
    BACKGROUND_X = auto()
    BACKGROUND_Y = auto()
    QUALITY = auto()
    PERSPECTIVE = auto()  # px, for the record: KEYSTONE and FAN are what is drawn
    FIT = auto()  # filled in by drawing: the scale that fitted the line into its frame


class _Draws:
    """Uniform draws by name: the n-th column of a stream is what the n-th name gets."""

    def __init__(self, seed: int, indices: IntArray, attempt: int) -> None:
        stream = "look" if attempt == 0 else f"look {attempt}"
        self._u = uniforms(seed, stream, indices, 2 * len(Look))  # (B, 2 columns)

    def unit(self, look: Look) -> FloatArray:
        return self._u[:, 2 * look]

    def span(self, look: Look, span: Span) -> FloatArray:
        return span[0] + (span[1] - span[0]) * self.unit(look)

    def chance(self, look: Look, share: float) -> NDArray[np.bool_]:
        """Whether a line has the effect; independent of the effect's strength."""
        return self._u[:, 2 * look + 1] < share

    def maybe(self, look: Look, span: Span, share: float, otherwise: float = 0.0) -> FloatArray:
        return np.where(self.chance(look, share), self.span(look, span), otherwise)


def draw_looks(style: Style, seed: int, indices: IntArray, attempt: int = 0) -> FloatArray:
    """Parameters of each line, (B, len(Look)).

    Args:
        style: the ranges to draw from.
        seed: any integer.
        indices: sample indices, (B,).
        attempt: 0, or the number of the redraw.
    """
    draws = _Draws(seed, indices, attempt)
    table = np.zeros((len(indices), len(Look)))
    _letters(table, draws, style)
    _gray(table, draws, style)
    _geometry(table, draws, style)
    _blur(table, draws, style)
    _surface(table, draws, style)
    low, high = style.jpeg.quality
    table[:, Look.QUALITY] = np.floor(draws.span(Look.QUALITY, (low, high + 1)))
    return table


def _letters(table: FloatArray, draws: _Draws, style: Style) -> None:
    letters, frame = style.letters, style.frame
    table[:, Look.SIZE] = draws.span(Look.SIZE, letters.size_px)
    table[:, Look.STRETCH] = draws.span(Look.STRETCH, letters.stretch)
    table[:, Look.SPACING] = draws.maybe(Look.SPACING, letters.spacing_em, letters.spacing_share)
    table[:, Look.WEIGHT] = draws.span(Look.WEIGHT, letters.weight)
    table[:, Look.SLANT] = draws.span(Look.SLANT, letters.slant)
    low, high = frame.width_px
    steps = np.floor(draws.unit(Look.WIDTH) * ((high - low) // 4 + 1))
    table[:, Look.WIDTH] = low + 4 * steps
    table[:, Look.MARGIN] = frame.margin_px
    near = draws.chance(Look.LEFT, frame.left)
    table[:, Look.LEFT] = np.where(near, 1.0 + 7.0 * draws.unit(Look.LEFT) ** 2, -1.0)
    table[:, Look.PLACE_X] = draws.unit(Look.PLACE_X)
    table[:, Look.PLACE_Y] = 0.5 + (draws.unit(Look.PLACE_Y) - 0.5) * frame.vertical


def _gray(table: FloatArray, draws: _Draws, style: Style) -> None:
    gray = style.gray
    ink, ground = draws.span(Look.INK, gray.ink), draws.span(Look.GROUND, gray.ground)
    inverted = draws.chance(Look.INK, gray.inverted)
    table[:, Look.INK] = np.where(inverted, 255.0 - ink, ink)
    table[:, Look.GROUND] = np.where(inverted, 255.0 - ground, ground)


def _geometry(table: FloatArray, draws: _Draws, style: Style) -> None:
    geometry = style.geometry
    strength = draws.maybe(
        Look.PERSPECTIVE, geometry.perspective_px, geometry.perspective_share
    )  # px
    ratio = strength / CORNER_PX
    turn = 2.0 * np.pi * draws.unit(Look.KEYSTONE)
    table[:, Look.PERSPECTIVE] = strength
    table[:, Look.KEYSTONE] = ratio * np.cos(turn)
    table[:, Look.FAN] = ratio * np.sin(turn) * 0.1
    table[:, Look.ROTATION] = np.deg2rad(draws.span(Look.ROTATION, geometry.rotation_deg))
    table[:, Look.WAVE] = draws.maybe(Look.WAVE, geometry.wave_px, geometry.wave_share)
    table[:, Look.WAVE_LENGTH] = draws.span(Look.WAVE_LENGTH, geometry.wave_length_px)
    table[:, Look.WAVE_PHASE] = 2.0 * np.pi * draws.unit(Look.WAVE_PHASE)


def _blur(table: FloatArray, draws: _Draws, style: Style) -> None:
    blur = style.blur
    table[:, Look.GAUSS] = draws.maybe(Look.GAUSS, blur.gauss_px, blur.gauss_share)
    table[:, Look.MOTION] = draws.maybe(Look.MOTION, blur.motion_px, blur.motion_share)
    table[:, Look.MOTION_ANGLE] = np.pi * draws.unit(Look.MOTION_ANGLE)
    table[:, Look.RESAMPLE] = draws.maybe(Look.RESAMPLE, blur.resample, blur.resample_share, 1.0)
    spread = 1.5 * table[:, Look.GAUSS] + 0.5 * table[:, Look.MOTION] + table[:, Look.RESAMPLE]
    table[:, Look.MARGIN] += spread - 1.0  # px that blur carries ink outward


def bound_blur(table: FloatArray, most_em: float) -> None:
    """Weaken blur, in place, where characters came out too small to bear it.

    Variances add: a box of length l has variance l²/12, resampling by f about (f² - 1)/6, and
    bleeding ink loses as much as the blur that it begins with.

    Args:
        table: looks with final sizes, (B, len(Look)).
        most_em: largest standard deviation of all blur together, in em of the line's small end.
    """
    gauss, motion = table[:, Look.GAUSS], table[:, Look.MOTION]
    resample, bleed = table[:, Look.RESAMPLE], table[:, Look.BLEED]
    variance = gauss**2 + motion**2 / 12.0 + (resample**2 - 1.0) / 6.0 + bleed**2
    smallest = table[:, Look.SIZE] / (1.0 + np.abs(table[:, Look.KEYSTONE]))
    most = (most_em * smallest) ** 2
    shrink = np.sqrt(np.minimum(1.0, most / np.maximum(variance, 1e-9)))
    table[:, Look.GAUSS] = gauss * shrink
    table[:, Look.MOTION] = motion * shrink
    table[:, Look.BLEED] = bleed * shrink
    table[:, Look.RESAMPLE] = np.sqrt(1.0 + (resample**2 - 1.0) * shrink**2)


def _surface(table: FloatArray, draws: _Draws, style: Style) -> None:
    surface = style.surface
    tau = 2.0 * np.pi
    table[:, Look.NOISE] = draws.maybe(Look.NOISE, surface.noise, surface.noise_share)
    slope = draws.maybe(Look.SLOPE_X, surface.slope, surface.slope_share)
    turn = tau * draws.unit(Look.SLOPE_Y)
    table[:, Look.SLOPE_X] = slope * np.cos(turn)
    table[:, Look.SLOPE_Y] = slope * np.sin(turn)
    table[:, Look.PAPER] = draws.maybe(Look.PAPER, surface.paper, surface.paper_share)
    table[:, Look.PAPER_SCALE] = draws.span(Look.PAPER_SCALE, (4.0, 24.0))
    table[:, Look.SHADOW] = draws.maybe(Look.SHADOW, surface.shadow, surface.shadow_share)
    table[:, Look.SHADOW_X] = draws.unit(Look.SHADOW_X) * table[:, Look.WIDTH]
    table[:, Look.SHADOW_ANGLE] = tau * draws.unit(Look.SHADOW_ANGLE)
    table[:, Look.SHADOW_SOFT] = draws.span(Look.SHADOW_SOFT, (4.0, 40.0))
    kind = 1.0 + np.floor(3.0 * draws.unit(Look.RULE))
    table[:, Look.RULE] = np.where(draws.chance(Look.RULE, surface.rule_share), kind, 0.0)
    table[:, Look.RULE_WEIGHT] = draws.span(Look.RULE_WEIGHT, (0.4, 1.0))
    table[:, Look.BLEED] = draws.maybe(Look.BLEED, surface.bleed, surface.bleed_share)
    table[:, Look.FADE] = draws.maybe(Look.FADE, surface.fade, surface.fade_share)
    table[:, Look.SALT] = draws.maybe(Look.SALT, surface.salt, surface.salt_share)
    table[:, Look.MOIRE] = draws.maybe(Look.MOIRE, surface.moire, surface.moire_share)
    table[:, Look.MOIRE_LENGTH] = draws.span(Look.MOIRE_LENGTH, (2.5, 9.0))
    table[:, Look.MOIRE_ANGLE] = np.pi * draws.unit(Look.MOIRE_ANGLE)
    share = surface.backgrounds_share if surface.backgrounds else 0.0
    on_image = draws.chance(Look.BACKGROUND, share)
    table[:, Look.BACKGROUND] = np.where(on_image, draws.unit(Look.BACKGROUND), -1.0)
    table[:, Look.BACKGROUND_X] = draws.unit(Look.BACKGROUND_X)
    table[:, Look.BACKGROUND_Y] = draws.unit(Look.BACKGROUND_Y)
    gray = style.gray
    table[:, Look.MIN_CONTRAST] = gray.least_contrast + gray.noise_factor * table[:, Look.NOISE]
