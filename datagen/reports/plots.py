"""Plots as inline SVG, with no script and nothing to load; colours come from the page's style."""

from collections.abc import Sequence
from math import log10

import numpy as np
from numpy.typing import NDArray

from datagen.reports.axes import Axes, text
from datagen.reports.markup import Html, join, tag

BEHIND = "bar behind"  # class of bars that outlines lie over


def columns(values: Sequence[int], edges: Sequence[float], x_label: str, y_label: str) -> Html:
    """A histogram: vertical bars between edges, len(edges) == len(values) + 1."""
    axes = Axes((edges[0], edges[-1]), (0.0, 1.05 * max([*values, 1])))
    bars = _bars(axes, values, edges)
    return axes.plot(bars, x_label, y_label, whole=True)


def outlines(
    shares: Sequence[float],
    lines: Sequence[tuple[str, Sequence[float]]],
    edges: Sequence[float],
    x_label: str,
    y_label: str,
) -> Html:
    """A histogram of shares as bars with the outlines of others over it, all with the same edges.

    Args:
        shares: of the bars, (B,).
        lines: class of the style and shares of each outline.
        edges: (B + 1,).
        x_label: below the axis.
        y_label: above the axis.
    """
    top = max([*shares, *(share for _, one in lines for share in one), 1e-9])
    axes = Axes((edges[0], edges[-1]), (0.0, 1.05 * top))
    parts = _bars(axes, shares, edges, BEHIND)
    for name, one in lines:
        corners = [
            (axes.x_of(edge), axes.y_of(share))
            for i, share in enumerate(one)
            for edge in (edges[i], edges[i + 1])
        ]
        parts.append(_polyline(name, corners))
    return axes.plot(parts, x_label, y_label, percent=True)


def rank_curve(
    counts: NDArray[np.int64], bounds: Sequence[int], x_label: str, y_label: str
) -> Html:
    """Counts in descending order against their rank, both on logarithmic axes.

    Args:
        counts: those that are 0 end the curve.
        bounds: counts that get a dashed level with their number.
        x_label: below the axis.
        y_label: above the axis.
    """
    ordered = np.sort(counts[counts > 0])[::-1]
    top = int(ordered[0]) if len(ordered) else 1
    axes = Axes((0.0, log10(max(10, len(counts)))), (0.0, log10(max(10, top)) + 0.1), True)
    parts = [_bound(axes, bound) for bound in bounds if bound < top]
    if len(ordered):
        ranks = np.unique(np.geomspace(1, len(ordered), 300).astype(int)).tolist()
        points = [(axes.x_of(rank), axes.y_of(int(ordered[rank - 1]))) for rank in ranks]
        parts.append(_polyline("curve", points))
    return axes.plot(parts, x_label, y_label)


def rows(pairs: Sequence[tuple[str, int]], name: str, value: str) -> Html:
    """Horizontal bars in a table, with a name and a number each, as wide as the page.

    Args:
        pairs: names and numbers.
        name: heading of the names.
        value: heading of the numbers.
    """
    top = max([number for _, number in pairs] + [1])
    head = tag("tr", tag("th", name), tag("th"), tag("th", value))
    body = (
        tag("tr", tag("td", one), tag("td", _meter(number / top)), tag("td", f"{number:,}"))
        for one, number in pairs
    )
    return tag("table", head, *body, class_="bars")


def key(name: str) -> Html:
    """What stands for a class of bars or outlines, for the words beside it."""
    parts = [
        _bar(2, 2, 36, 10, name)
        if "bar" in name
        else tag("polyline", class_=name, points="2,7 38,7")
    ]
    return tag("svg", *parts, class_="key", viewBox="0 0 40 14", aria_hidden="true")


def _bars(
    axes: Axes, values: Sequence[float], edges: Sequence[float], name: str = "bar"
) -> list[Html]:
    """Bars with their ends and value under the mouse, a little apart."""
    parts, floor = [], axes.y_of(0.0)
    for i, value in enumerate(values):
        left, right = axes.x_of(edges[i]), axes.x_of(edges[i + 1])
        top = axes.y_of(value)
        tip = tag("title", f"{edges[i]:g} to {edges[i + 1]:g}: {value:,g}")
        bar = _bar(left + 1, top, max(1.0, right - left - 2), floor - top, name)
        parts.append(tag("g", tip, bar))
    return parts


def _bound(axes: Axes, value: int) -> Html:
    (left, right), y = (axes.x_of(10.0**end) for end in axes.x), axes.y_of(value)
    line = tag("line", class_="bound", x1=left, x2=right, y1=y, y2=y)
    return join(line, text(right, y - 4, f"{value:,}", "end"))


def _meter(share: float) -> Html:
    bar = tag("rect", class_="bar", width=f"{100 * share:.1f}%", height="100%")
    return tag("svg", bar, class_="meter", aria_hidden="true")


def _polyline(name: str, points: Sequence[tuple[float, float]]) -> Html:
    return tag("polyline", class_=name, points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))


def _bar(x: float, y: float, width: float, height: float, name: str = "bar") -> Html:
    return tag("rect", class_=name, x=x, y=y, width=width, height=height)
