"""What all charts of the page share: colours that are read on light and on dark ground."""

from typing import Any

COLOURS = ("#3b82f6", "#d97706")  # of the first and the second of two
_TEXT = "#7b8494"
_GRID = "#7b849440"


def chart(
    title: str, x_axis: dict[str, Any], y_axis: dict[str, Any], series: list[dict[str, Any]]
) -> dict[str, Any]:
    """Options of a chart with at most two series, in `COLOURS`.

    Args:
        title: above it.
        x_axis, y_axis: their kinds, names and data, as ECharts takes them.
        series: what is drawn, in order.
    """
    return {
        "title": {"text": title, "textStyle": {"fontSize": 13, "color": _TEXT}},
        "legend": {"bottom": 0, "itemHeight": 8, "textStyle": {"color": _TEXT}},
        "tooltip": {"trigger": "axis"},
        "grid": {"left": 56, "right": 20, "top": 48, "bottom": 64},
        "animation": False,
        "xAxis": {"nameLocation": "middle", "nameGap": 24, **_readable(x_axis)},
        "yAxis": _readable(y_axis),
        "series": [{"color": colour, **one} for colour, one in zip(COLOURS, series, strict=False)],
    }


def _readable(axis: dict[str, Any]) -> dict[str, Any]:
    labels = {"color": _TEXT, "hideOverlap": True, **axis.get("axisLabel", {})}
    return {
        **axis,
        "axisLabel": labels,
        "axisLine": {"lineStyle": {"color": _TEXT}},
        "nameTextStyle": {"color": _TEXT},
        "splitLine": {"show": axis.get("type") != "category", "lineStyle": {"color": _GRID}},
    }
