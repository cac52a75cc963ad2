"""Plots as inline SVG, with no script and nothing to load; colours come from the page's style."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.reports.markup import Html, join, tag

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 10, 34
_ROW = 20  # height of a horizontal bar with its gap
_NAME = 200  # width of the names of horizontal bars
BEHIND = "bar behind"  # class of bars that outlines lie over
_NAME_LENGTH = 30  # characters of a name that fit there


def columns(values: Sequence[float], edges: Sequence[float], x_label: str) -> Html:
    """A histogram: vertical bars between edges, len(edges) == len(values) + 1."""
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    top = max([*values, 1])
    step = width / max(1, len(values))
    parts = [_level(top, top, height), _level(top / 2, top, height)]
    for i, value in enumerate(values):
        tall = value / top * height
        tip = tag("title", f"{edges[i]:g} to {edges[i + 1]:g}: {value:,g}")
        bar = _bar(_LEFT + i * step + 1, _TOP + height - tall, max(1.0, step - 2), tall)
        parts.append(tag("g", tip, bar))
    parts += [
        _text(_LEFT + i * step, _HEIGHT - 18, f"{edges[i]:g}", "middle")
        for i in range(0, len(edges), max(1, len(edges) // 8))
    ]
    parts.append(_text(_LEFT + width / 2, _HEIGHT - 3, x_label, "middle"))
    return _svg(_WIDTH, _HEIGHT, x_label, parts)


def outlines(
    shares: Sequence[float],
    lines: Sequence[tuple[str, Sequence[float]]],
    edges: Sequence[float],
    x_label: str,
) -> Html:
    """A histogram as bars with the outlines of others over it, all with the same edges.

    Args:
        shares: of the bars, (B,).
        lines: class of the style and shares of each outline.
        edges: (B + 1,).
        x_label: below the axis.
    """
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    top = max([*shares, *(share for _, one in lines for share in one), 1e-9])
    step = width / max(1, len(shares))

    def y_of(share: float) -> float:
        return _TOP + height * (1.0 - share / top)

    parts = [_line(y_of(share), f"{share:.0%}") for share in (top, top / 2)]
    parts += [
        _bar(
            _LEFT + i * step + 1,
            y_of(share),
            max(1.0, step - 2),
            height + _TOP - y_of(share),
            BEHIND,
        )
        for i, share in enumerate(shares)
    ]
    for name, one in lines:
        corners = [
            (_LEFT + (i + side) * step, y_of(share))
            for i, share in enumerate(one)
            for side in (0, 1)
        ]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        parts.append(tag("polyline", class_=name, points=points))
    parts += [
        _text(_LEFT + i * step, _HEIGHT - 18, f"{edges[i]:.3g}", "middle")
        for i in range(0, len(shares), max(1, len(shares) // 8))
    ]
    parts.append(_text(_LEFT + width / 2, _HEIGHT - 3, x_label, "middle"))
    return _svg(_WIDTH, _HEIGHT, x_label, parts)


def rows(pairs: Sequence[tuple[str, int]], label: str) -> Html:
    """Horizontal bars, a name and a number each."""
    top = max([value for _, value in pairs] + [1])
    parts = []
    for i, (name, value) in enumerate(pairs):
        y = 4 + i * _ROW
        wide = value / top * (_WIDTH - _NAME - 90)
        short = name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "…"
        parts.append(_text(_NAME - 8, y + 12, short, "end"))
        parts.append(tag("g", tag("title", name), _bar(_NAME, y, max(1.0, wide), _ROW - 6)))
        parts.append(_text(_NAME + wide + 6, y + 12, f"{value:,}", "start"))
    return _svg(_WIDTH, 8 + _ROW * len(pairs), label, parts)


def rank_curve(counts: NDArray[np.int64], bounds: Sequence[int], label: str) -> Html:
    """Counts in descending order against their rank, both on logarithmic axes.

    Args:
        counts: of classes; those that are 0 end the curve.
        bounds: counts that get a level line.
        label: for readers of the page that do not see it.
    """
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    ordered = np.sort(counts[counts > 0])[::-1]
    if not len(ordered):
        return _svg(_WIDTH, _HEIGHT, label, [_text(_WIDTH / 2, _HEIGHT / 2, "none", "middle")])
    x_top, y_top = np.log10(max(10, len(counts))), np.log10(max(10, int(ordered[0])))
    ranks = np.unique(np.geomspace(1, len(ordered), 300).astype(int))
    xs = _LEFT + np.log10(ranks) / x_top * width
    ys = _TOP + height - np.log10(ordered[ranks - 1]) / y_top * height
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    parts = [_log_level(bound, y_top, height) for bound in bounds if np.log10(bound) < y_top]
    parts.append(tag("polyline", class_="curve", points=points))
    parts.append(_text(_LEFT - 6, _TOP + 10, f"{int(ordered[0]):,}", "end"))
    for power in range(int(x_top) + 1):
        x = _LEFT + power / x_top * width
        parts.append(_text(x, _HEIGHT - 18, f"{10**power:,}", "middle"))
    parts.append(_text(_LEFT + width / 2, _HEIGHT - 3, "rank of the class", "middle"))
    return _svg(_WIDTH, _HEIGHT, label, parts)


def key(name: str) -> Html:
    """What stands for a class of bars or outlines, for the words beside it."""
    parts = [
        _bar(2, 2, 36, 10, name)
        if "bar" in name
        else tag("polyline", class_=name, points="2,7 38,7")
    ]
    return tag("svg", *parts, class_="key", viewBox="0 0 40 14", aria_hidden="true")


def _bar(x: float, y: float, width: float, height: float, name: str = "bar") -> Html:
    return tag("rect", class_=name, x=x, y=y, width=width, height=height)


def _level(value: float, top: float, height: float) -> Html:
    return _line(_TOP + height - value / top * height, f"{value:,.0f}")


def _log_level(value: float, log_top: float, height: float) -> Html:
    return _line(_TOP + height - float(np.log10(value)) / log_top * height, f"{value:,}")


def _line(y: float, label: str) -> Html:
    line = tag("line", class_="level", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y)
    return join(line, _text(_LEFT - 6, y + 4, label, "end"))


def _text(x: float, y: float, text: str, anchor: str) -> Html:
    return tag("text", text, x=x, y=y, text_anchor=anchor)


def _svg(width: int, height: int, label: str, parts: Sequence[Html]) -> Html:
    box = f"0 0 {width} {height}"
    return tag("svg", *parts, class_="plot", viewBox=box, role="img", aria_label=label)
