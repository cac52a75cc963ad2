"""Axes of plots: round ticks, where a value stands, and the lines and labels around a plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from datagen.reports.markup import Html, join, tag

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 34, 58  # room for labels at the size that phones are given
_ROUND = (1.0, 2.0, 5.0, 10.0)  # steps of ticks within a power of ten
_TICKS = 6  # at most so many steps


def round_step(span: float, steps: int = _TICKS) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that covers a span in so many steps."""
    power = 10.0 ** floor(log10(span / steps))
    return next(power * factor for factor in _ROUND if power * factor * steps >= span * (1 - 1e-9))


def ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Round numbers from low to high, low < high, at equal steps; whole ones where asked."""
    step = round_step(high - low)
    step = max(1.0, step) if whole else step
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(k * step, 10) for k in range(first, last + 1)]


@dataclass(frozen=True)
class Axes:
    """The frame of a plot.

    Attributes:
        x: left and right end, in the unit of the axis.
        y: lower and upper end.
        logarithmic: both axes are, as decades: an end of 3 is 1,000.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    logarithmic: bool = False

    def x_of(self, value: float) -> float:
        """Where a value stands, in px of the plot."""
        return LEFT + _share(value, self.x, self.logarithmic) * (WIDTH - LEFT - RIGHT)

    def y_of(self, value: float) -> float:
        """Where a value stands, in px of the plot."""
        return HEIGHT - BOTTOM - _share(value, self.y, self.logarithmic) * (HEIGHT - TOP - BOTTOM)

    def plot(
        self,
        parts: Sequence[Html],
        x_label: str,
        y_label: str,
        *,
        whole: bool = False,
        percent: bool = False,
    ) -> Html:
        """The finished plot: ticks and labels on both axes, and the parts between them.

        Args:
            parts: drawn over the grid.
            x_label: below the axis.
            y_label: above the axis.
            whole: y has whole numbers alone.
            percent: y is shown in percent.
        """
        grid = [self._level(value, whole, percent) for value in self._ticks(self.y, whole)]
        scale = [self._mark(value) for value in self._ticks(self.x)]
        labels = [
            text(4, 16, y_label, "start"),
            text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_label, "middle"),
        ]
        box = f"0 0 {WIDTH} {HEIGHT}"
        about = f"{y_label} against {x_label}"
        drawn = join(*grid, *parts, *scale, *labels)
        return tag("svg", drawn, class_="plot", viewBox=box, role="img", aria_label=about)

    def _ticks(self, ends: tuple[float, float], whole: bool = False) -> list[float]:
        if self.logarithmic:
            return [10.0**power for power in range(ceil(ends[0]), floor(ends[1]) + 1)]
        return ticks(*ends, whole=whole)

    def _level(self, value: float, whole: bool, percent: bool) -> Html:
        y = self.y_of(value)
        label = f"{100 * value:.3g} %" if percent else number(value)
        line = tag("line", class_="level", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y)
        return join(line, text(LEFT - 8, y + 5, label, "end"))

    def _mark(self, value: float) -> Html:
        x, y = self.x_of(value), HEIGHT - BOTTOM
        mark = tag("line", class_="axis", x1=x, x2=x, y1=y, y2=y + 5)
        return join(mark, text(x, y + 23, number(value), "middle"))


def number(value: float) -> str:
    """A tick's label: 0.25, 40, 12,000, with a true minus."""
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"
    return shown.replace("-", "−")


def text(x: float, y: float, content: str, anchor: str) -> Html:
    """A label at a place; anchor is start, middle or end."""
    return tag("text", content, x=x, y=y, text_anchor=anchor)


def _share(value: float, ends: tuple[float, float], logarithmic: bool) -> float:
    place = log10(value) if logarithmic else value
    return (place - ends[0]) / (ends[1] - ends[0])
