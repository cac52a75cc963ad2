"""Intervals as small bars on a scale that they share, in SVG."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from datagen.reports.axes import round_step, text
from datagen.reports.markup import Html, join, tag
from training.evaluation.intervals import Estimate

_WIDTH, _LEFT, _RIGHT = 132, 12, 120
_MIDDLE = 7  # y of a bar
_BAR_PX, _RULER_PX = 14, 18
_STEPS = 4


@dataclass(frozen=True)
class Scale:
    """A part of the axis from 0 to 1.

    Attributes:
        low, high: round ends.
    """

    low: float
    high: float

    @classmethod
    def over(cls, values: Iterable[float], *, from_zero: bool = False) -> "Scale":
        """The scale that covers all values but NaN, from 0 where asked, with round ends."""
        known = [value for value in values if not math.isnan(value)] or [0.0, 1.0]
        low, high = 0.0 if from_zero else min(known), max(known)
        step = round_step(max(high - low, 0.01), _STEPS)
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        low = min(max(0.0, low), 1.0 - step)
        return cls(low, min(1.0, max(high, low + step)))

    def x_of(self, value: float) -> float:
        """Where a value stands, in px; at an end where it lies beyond."""
        share = (value - self.low) / (self.high - self.low)
        return _LEFT + (_RIGHT - _LEFT) * min(1.0, max(0.0, share))

    def bar(self, estimate: Estimate) -> Html:
        """The interval and the value, which is hollow where it lies beyond the scale."""
        if math.isnan(estimate.value):
            return Html("")
        return _svg(_BAR_PX, self._drawn(estimate))

    def ruler(self) -> Html:
        """The ends of the scale in percent, to stand above bars."""
        return _svg(_RULER_PX, self._ends(_RULER_PX - 4))

    def ruled_bar(self, estimate: Estimate) -> Html:
        """A bar with the ends of its scale below it."""
        if math.isnan(estimate.value):
            return Html("")
        height = _BAR_PX + _RULER_PX
        return _svg(height, join(self._drawn(estimate), self._ends(height - 4)))

    def _drawn(self, estimate: Estimate) -> Html:
        low, value, high = map(self.x_of, (estimate.low, estimate.value, estimate.high))
        inside = self.low <= estimate.value <= self.high
        rail = {"y1": _MIDDLE, "y2": _MIDDLE}
        return join(
            tag("line", class_="rail", x1=_LEFT, x2=_RIGHT, **rail),
            tag("line", class_="span", x1=low, x2=high, **rail),
            tag("circle", class_="dot" if inside else "dot beyond", cx=value, cy=_MIDDLE, r=3),
        )

    def _ends(self, y: float) -> Html:
        return join(
            text(_LEFT, y, f"{100 * self.low:.4g} %", "middle" if self.low == 0.0 else "start"),
            text(_RIGHT, y, f"{100 * self.high:.4g} %", "end"),
        )


def _svg(height: float, drawn: Html) -> Html:
    return tag("svg", drawn, class_="interval", width=_WIDTH, height=height, aria_hidden="true")
