"""How well measures of lines tell the settings that they were drawn with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.effects import EFFECTS, Span
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import strength_of
from datagen.drawing.style import Style, with_value

FloatArray = NDArray[np.float64]

_EFFECTS = {effect.name: effect for effect in EFFECTS}
_UPRIGHT = ("ink", "ground")  # levels that looks hold mirrored for light ink


@dataclass(frozen=True)
class MeasuredSetting:
    """A setting of a style and the measure that follows it.

    Attributes:
        measure: its name in MEASURES.
        effect: name of the effect whose range it is; "" for the free width, which is none.
        spread: over which it is drawn to see how the measure follows.
    """

    measure: str
    effect: str
    spread: Span

    @property
    def path(self) -> str:
        """The style's field."""
        return _EFFECTS[self.effect].range if self.effect else "frame.slack_px"

    @property
    def share(self) -> str:
        """The style's field with the share of lines that have it; "" where all have it."""
        return _EFFECTS[self.effect].share if self.effect else ""

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return bool(self.effect) and _EFFECTS[self.effect].whole

    def strength(self, looks: FloatArray) -> FloatArray:
        """What lines were drawn with, (N,)."""
        if not self.effect:
            return looks[:, Look.SLACK]
        values = strength_of(_EFFECTS[self.effect], looks)
        if self.effect not in _UPRIGHT:
            return values
        return np.where(looks[:, Look.INK] > looks[:, Look.GROUND], 255.0 - values, values)

    def spread_in(self, style: Style) -> Style:
        """The style with this setting over its whole spread, on all lines."""
        return self.ranging(style, self.spread)

    def ranging(self, style: Style, span: Span) -> Style:
        """The style with another range of this setting, on all lines."""
        value = span if self.effect else span[1]
        style = with_value(style, self.path, tuple(map(round, span)) if self.whole else value)
        return with_value(style, self.share, 1.0) if self.share else style


HEIGHT = MeasuredSetting("height_px", "native", (14, 50))
JPEG = MeasuredSetting("jpeg", "source jpeg", (30, 92))
# Those whose ranges are moved until lines measure alike.
MOVED = (
    MeasuredSetting("text_height", "size", (14.0, 29.0)),
    MeasuredSetting("beside", "", (0.0, 48.0)),
    MeasuredSetting("ground", "ground", (140.0, 250.0)),
    MeasuredSetting("ink", "ink", (0.0, 110.0)),
    MeasuredSetting("stroke", "embolden", (-0.02, 0.06)),
    MeasuredSetting("blur_px", "gauss", (0.0, 1.5)),
    MeasuredSetting("noise", "noise", (0.5, 12.0)),
    MeasuredSetting("shading", "slope", (0.0, 80.0)),
    MeasuredSetting("slope_deg", "rotation", (-2.5, 2.5)),
)
ALL = (HEIGHT, *MOVED, JPEG)


@dataclass(frozen=True)
class Recovery:
    """How a measure follows a setting over lines.

    Attributes:
        lines: that gave the measure.
        found: share of all lines that did.
        rank_correlation: Spearman's; of lines that differ in other ways too.
        slope: measure per unit of the setting, of the least squares line.
        bias: mean of the measure less the setting; of a measure that has its unit.
        error: root mean square of the setting read off that line, in the setting's unit.
    """

    lines: int
    found: float
    rank_correlation: float
    slope: float
    bias: float
    error: float


def recovery(setting: FloatArray, measured: FloatArray) -> Recovery:
    """Compare what lines were drawn with, (N,), to what was measured, (N,), NaN for nothing."""
    there = np.isfinite(measured)
    s, m = setting[there], measured[there]
    if len(s) < 3 or np.ptp(s) == 0.0 or np.ptp(m) == 0.0:
        return Recovery(len(s), float(there.mean()), 0.0, 0.0, np.nan, np.nan)
    slope, constant = np.polyfit(s, m, 1)
    error = float(np.sqrt(np.mean((m - slope * s - constant) ** 2)) / max(abs(slope), 1e-9))
    return Recovery(
        len(s), float(there.mean()), rank_correlation(s, m), float(slope),
        float(np.mean(m - s)), error,
    )  # fmt: skip


def rank_correlation(a: FloatArray, b: FloatArray) -> float:
    """Spearman's, of values without ties or with few."""
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: FloatArray) -> FloatArray:
    """Mean ranks, so that ties share theirs, (N,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2.0)[inverse], dtype=np.float64)


def spread_all(style: Style, settings: Sequence[MeasuredSetting] = ALL) -> Style:
    """The style with all settings over their whole spreads at once."""
    for setting in settings:
        style = setting.spread_in(style)
    return style
