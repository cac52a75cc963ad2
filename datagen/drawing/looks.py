"""The look of each line as numbers: one row of parameters per sample index.

Every number has a column of its own in the random draws, so adding an effect never changes the
others, and a line's look depends on (seed, index, attempt) alone.
"""

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.effects import EFFECTS, TIGHT_NONE, Effect, Span, share_of, value_at
from datagen.drawing.look_columns import CORNER_PX, Look
from datagen.drawing.raster import Raster
from datagen.drawing.style import Style
from datagen.draws import uniforms
from datagen.line_geometry import LINE_HEIGHT_PX

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_INK_HEIGHT_EM = 0.94  # of most lines: what fills the frame, a little larger than it may become


def strength_of(effect: Effect, looks: FloatArray) -> FloatArray:
    """How strong an effect is on each line, in its unit, (B,)."""
    values = looks[:, effect.columns] / effect.scale  # (B, columns)
    return values[:, 0] if len(effect.columns) == 1 else np.hypot(*values.T)


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

    def strength(self, effect: Effect, style: Style) -> FloatArray:
        """Strength of an effect in its unit, (B,), or what lines without it have."""
        low, high = value_at(style, effect.range)
        column = effect.columns[0]
        if effect.ratios:
            drawn = np.exp(self.span(column, (np.log(low), np.log(high + effect.whole))))
        else:
            drawn = self.span(column, (low, high + effect.whole))
        drawn = np.floor(drawn) if effect.whole else drawn
        return np.where(self.chance(column, share_of(style, effect)), drawn, effect.none)


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
    for effect in EFFECTS:
        if effect.range:
            table[:, effect.columns[0]] = effect.scale * draws.strength(effect, style)
    _letters(table, draws, style)
    _decorations(table, draws, style)
    _frame(table, draws, style)
    _gray(table, draws, style)
    _geometry(table, draws, style)
    _blur(table, draws)
    _raster(table, draws, style)
    table[:, Look.MAX_BLUR] = style.blur.max_em
    _tight(table)
    _capture(table, draws, style)
    _surface(table, draws, style)
    return table


def _letters(table: FloatArray, draws: _Draws, style: Style) -> None:
    letters = style.letters
    table[:, Look.COMPANION_FACE] = draws.unit(Look.COMPANION_FACE)
    table[:, Look.COMPANION_QUOTES] = draws.chance(
        Look.COMPANION_QUOTES, letters.companion_quotes_share
    )
    squeezed = draws.chance(Look.SQUEEZE, letters.squeeze_share)
    # Most often pairs and ends alone, as word processors and browsers do it.
    kind = np.searchsorted((0.0, 0.6, 0.8), draws.unit(Look.SQUEEZE), side="right")
    table[:, Look.SQUEEZE] = np.where(squeezed, kind, 0)
    table[:, Look.JUSTIFIED] = draws.chance(Look.JUSTIFIED, letters.justified_share)
    second = draws.chance(Look.SECOND, letters.second_share)
    table[:, Look.SECOND] = np.where(second, draws.unit(Look.SECOND), -1.0)
    italic = draws.chance(Look.LONE_ITALIC, letters.lone_italic_share)
    table[:, Look.LONE_ITALIC] = np.where(italic, draws.unit(Look.LONE_ITALIC), -1.0)
    table[:, Look.CENTRED] = draws.chance(Look.CENTRED, letters.centred_share)
    table[:, Look.LOGO] = draws.chance(Look.LOGO, letters.logo_share)
    table[:, Look.SPAN_START] = draws.unit(Look.SPAN_START)
    table[:, Look.SPAN_END] = draws.unit(Look.SPAN_END)


def _decorations(table: FloatArray, draws: _Draws, style: Style) -> None:
    decorations = style.decorations
    # Solid, double, dashed, dotted, wavy: half of all underlines are solid.
    kinds = np.searchsorted((0.5, 0.65, 0.77, 0.85), draws.unit(Look.UNDERLINE_KIND), side="right")
    table[:, Look.UNDERLINE_KIND] = kinds
    table[:, Look.STRIKE] = draws.chance(Look.STRIKE, decorations.strike_share)
    boxed = draws.chance(Look.BOX, decorations.box_share)
    table[:, Look.BOX] = np.where(boxed, 1.0 + np.floor(2.0 * draws.unit(Look.BOX)), 0.0)
    table[:, Look.PARTIAL] = draws.chance(Look.PARTIAL, 0.4)
    table[:, Look.BAR_ACROSS] = draws.chance(Look.BAR_ACROSS, 0.5)
    table[:, Look.BAR_PAGE] = draws.span(Look.BAR_PAGE, (200.0, 255.0))
    table[:, Look.DROP_WEIGHT] = draws.span(Look.DROP_WEIGHT, (0.2, 0.45))


def _frame(table: FloatArray, draws: _Draws, style: Style) -> None:
    frame = style.frame
    low, high = frame.width_px
    steps = np.floor(draws.unit(Look.WIDTH) * ((high - low) // 4 + 1))
    table[:, Look.WIDTH] = low + 4 * steps
    limits = (low, high) if frame.fit_width else (table[:, Look.WIDTH],) * 2
    table[:, Look.MIN_WIDTH], table[:, Look.MAX_WIDTH] = limits
    table[:, Look.MARGIN] = frame.margin_px
    near = draws.chance(Look.LEFT, frame.left)
    table[:, Look.LEFT] = np.where(near, 1.0 + 7.0 * draws.unit(Look.LEFT) ** 2, -1.0)
    table[:, Look.PLACE_X] = draws.unit(Look.PLACE_X)
    table[:, Look.SLACK] = frame.slack_px * draws.unit(Look.PLACE_X)
    table[:, Look.PLACE_Y] = 0.5 + (draws.unit(Look.PLACE_Y) - 0.5) * frame.vertical


def _gray(table: FloatArray, draws: _Draws, style: Style) -> None:
    gray = style.gray
    inverted = draws.chance(Look.INK, gray.inverted) | (table[:, Look.BAR] > 0.0)
    for column in (Look.INK, Look.GROUND):
        table[:, column] = np.where(inverted, 255.0 - table[:, column], table[:, column])
    noise = table[:, Look.NOISE]
    table[:, Look.MIN_CONTRAST] = gray.min_contrast + gray.noise_factor * noise


def _geometry(table: FloatArray, draws: _Draws, style: Style) -> None:
    ratio = table[:, Look.PERSPECTIVE] / CORNER_PX
    turn = 2.0 * np.pi * draws.unit(Look.KEYSTONE)
    table[:, Look.KEYSTONE] = ratio * np.cos(turn)
    table[:, Look.FAN] = ratio * np.sin(turn) * 0.1
    table[:, Look.WAVE_LENGTH] = draws.span(Look.WAVE_LENGTH, style.geometry.wave_length_px)
    table[:, Look.WAVE_PHASE] = 2.0 * np.pi * draws.unit(Look.WAVE_PHASE)


def _blur(table: FloatArray, draws: _Draws) -> None:
    table[:, Look.MOTION_ANGLE] = np.pi * draws.unit(Look.MOTION_ANGLE)
    spread = 1.5 * table[:, Look.GAUSS] + 0.5 * table[:, Look.MOTION] + table[:, Look.RESAMPLE]
    spread += table[:, Look.DEFOCUS] + 1.5 * table[:, Look.BLEED]
    # Pixels that blur carries ink outward, at the height where it happens.
    table[:, Look.MARGIN] += (spread - 1.0) * LINE_HEIGHT_PX / table[:, Look.NATIVE]


def _tight(table: FloatArray) -> None:
    """Size and margin of lines that fill their frame, up to the ink's own height."""
    tight = table[:, Look.TIGHT]
    fills = tight != TIGHT_NONE
    size = (LINE_HEIGHT_PX - 2.0 * tight) / _INK_HEIGHT_EM
    table[:, Look.SIZE] = np.where(fills, size, table[:, Look.SIZE])
    table[:, Look.MARGIN] = np.where(fills, tight, table[:, Look.MARGIN])


def _capture(table: FloatArray, draws: _Draws, style: Style) -> None:
    table[:, Look.MIN_EM] = style.capture.min_em_px
    table[:, Look.NEIGHBOUR_SIDE] = 1.0 + np.floor(3.0 * draws.unit(Look.NEIGHBOUR_SIDE))
    kind = 1.0 + np.floor(5.0 * draws.unit(Look.EDGE))
    table[:, Look.EDGE] = np.where(draws.chance(Look.EDGE, style.frame.edge_share), kind, 0.0)
    table[:, Look.EDGE_PLACE] = draws.span(Look.EDGE_PLACE, (-0.5, 2.5))
    table[:, Look.EDGE_WEIGHT] = draws.span(Look.EDGE_WEIGHT, (0.5, 2.0))
    table[:, Look.SHARPEN_SCALE] = draws.span(Look.SHARPEN_SCALE, (0.6, 1.6))
    webp = table[:, Look.WEBP]
    table[:, Look.NATIVE_JPEG] = np.where(webp > 0.0, 0.0, table[:, Look.NATIVE_JPEG])
    table[:, Look.BLOCKS] = draws.unit(Look.BLOCKS)


_GRAYS = (Raster.HINTED, Raster.UNHINTED, Raster.LIGHT, Raster.SUBPIXEL)
# What lines on whole pixels cannot have, and its value for none.
_UNBENT = {
    Look.STRETCH: 1.0, Look.SLANT: 0.0, Look.KEYSTONE: 0.0, Look.FAN: 0.0, Look.PERSPECTIVE: 0.0,
    Look.ROTATION: 0.0, Look.WAVE: 0.0, Look.EMBOLDEN: 0.0,
}  # fmt: skip


def _raster(table: FloatArray, draws: _Draws, style: Style) -> None:
    whole = draws.chance(Look.RASTER, style.capture.raster_share)
    unit, mono = draws.unit(Look.RASTER), style.capture.mono_share
    gray = np.minimum((unit - mono) / max(1.0 - mono, 1e-9) * len(_GRAYS), len(_GRAYS) - 1)
    kind = np.where(unit < mono, Raster.MONO, np.take(_GRAYS, np.maximum(gray, 0).astype(np.int64)))
    table[:, Look.RASTER] = np.where(whole, 1.0 + kind, 0.0)
    for column, none in _UNBENT.items():
        table[whole, column] = none


def _surface(table: FloatArray, draws: _Draws, style: Style) -> None:
    surface = style.surface
    tau = 2.0 * np.pi
    slope, turn = table[:, Look.SLOPE_X].copy(), tau * draws.unit(Look.SLOPE_Y)
    table[:, Look.SLOPE_X] = slope * np.cos(turn)
    table[:, Look.SLOPE_Y] = slope * np.sin(turn)
    table[:, Look.PAPER_SCALE] = draws.span(Look.PAPER_SCALE, (4.0, 24.0))
    table[:, Look.SHADOW_X] = draws.unit(Look.SHADOW_X) * table[:, Look.WIDTH]
    table[:, Look.SHADOW_ANGLE] = tau * draws.unit(Look.SHADOW_ANGLE)
    table[:, Look.SHADOW_SOFT] = draws.span(Look.SHADOW_SOFT, (4.0, 40.0))
    kind = 1.0 + np.floor(3.0 * draws.unit(Look.RULE))
    table[:, Look.RULE] = np.where(draws.chance(Look.RULE, surface.rule_share), kind, 0.0)
    table[:, Look.RULE_WEIGHT] = draws.span(Look.RULE_WEIGHT, (0.4, 1.0))
    table[:, Look.MOIRE_LENGTH] = draws.span(Look.MOIRE_LENGTH, (2.5, 9.0))
    table[:, Look.MOIRE_ANGLE] = np.pi * draws.unit(Look.MOIRE_ANGLE)
    share = surface.backgrounds_share if surface.backgrounds else 0.0
    on_image = draws.chance(Look.BACKGROUND, share)
    table[:, Look.BACKGROUND] = np.where(on_image, draws.unit(Look.BACKGROUND), -1.0)
    table[:, Look.BACKGROUND_X] = draws.unit(Look.BACKGROUND_X)
    table[:, Look.BACKGROUND_Y] = draws.unit(Look.BACKGROUND_Y)


def small_end(table: FloatArray) -> FloatArray:
    """Em in px at the end of each line that perspective makes smaller, (B,)."""
    size: FloatArray = table[:, Look.SIZE] / (1.0 + np.abs(table[:, Look.KEYSTONE]))
    return size


def bound_blur(table: FloatArray) -> None:
    """Weaken blur, in place, where it exceeds MAX_BLUR em of the line's small end.

    Variances add: a box of length l has variance l²/12, a disc of radius r r²/4, resampling by f
    about (f² - 1)/6, and bleeding ink loses as much as the blur that it begins with.

    Args:
        table: looks with final sizes, (B, len(Look)).
    """
    gauss, motion = table[:, Look.GAUSS], table[:, Look.MOTION]
    resample, bleed = table[:, Look.RESAMPLE], table[:, Look.BLEED]
    defocus = table[:, Look.DEFOCUS]
    variance = gauss**2 + motion**2 / 12.0 + (resample**2 - 1.0) / 6.0 + bleed**2
    variance += defocus**2 / 4.0
    limit = (
        table[:, Look.MAX_BLUR] * small_end(table) * table[:, Look.NATIVE] / LINE_HEIGHT_PX
    ) ** 2
    shrink = np.sqrt(np.minimum(1.0, limit / np.maximum(variance, 1e-9)))
    table[:, Look.GAUSS] = gauss * shrink
    table[:, Look.MOTION] = motion * shrink
    table[:, Look.DEFOCUS] = defocus * shrink
    table[:, Look.BLEED] = bleed * shrink
    table[:, Look.RESAMPLE] = np.sqrt(1.0 + (resample**2 - 1.0) * shrink**2)
