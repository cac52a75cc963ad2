"""The page of `ocrgen style fit`: both distributions per measure, and lines side by side."""

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from datagen.drawing.effects import value_at
from datagen.drawing.style import Style, load_style
from datagen.drawing.style_keys import changes_toml
from datagen.images import UintImages, encode_png
from datagen.likeness.fit import MIN_RANK, StyleFit, present_range
from datagen.likeness.measures import MEASURES
from datagen.likeness.recovery import ALL, MeasuredSetting
from datagen.line_images import to_line_height
from datagen.reports import page as report
from datagen.reports.markup import Html, join, tag
from datagen.reports.plots import BEHIND, key, outlines

MAKER = "style fit"
HEAD = ("setting", "preset", "fitted", "±", "rank", "before", "after")
_BINS = 20
_SHEET = 24  # lines of each kind that are shown
_COLUMN_PX = 480  # of the sheet, at most
_ENDS = (1, 99)  # percentiles between which distributions are shown


def page(fit: StyleFit, crops: Sequence[UintImages]) -> str:
    """The whole page as HTML."""
    legend = report.note(
        key(BEHIND), f"{len(crops)} real lines", key("before"), f"preset {fit.preset}",
        key("after"), "fitted style. Lines beyond the plot are counted at its ends.",
    )  # fmt: skip
    plots = [_plot(fit, name) for name in MEASURES if name not in ("inverted", "jpeg")]
    return report.page(
        f"Style fitted to {len(crops)} lines",
        _summary(fit),
        report.section("Settings", _settings(fit), _explained()),
        report.section("Real lines and lines of the fitted style", _sheet(fit, crops)),
        report.section("Distributions", legend, *plots),
        report.section("Style file", tag("pre", changes_toml(fit.style, fit.preset, MAKER))),
    )


def _summary(fit: StyleFit) -> Html:
    before, after = (np.mean(list(fit.distances(d).values())) for d in (fit.before, fit.after))
    inverted, found = fit.real.inverted.mean(), np.isfinite(fit.real.jpeg).mean()
    return report.cards(
        [
            ("distance of the distributions", f"{after:.2f}", f"preset {fit.preset}: {before:.2f}"),
            ("light ink on a dark ground", f"{inverted:.0%}", "of the real lines"),
            ("JPEG shows", f"{found:.0%}", "of the real lines"),
        ]
    )


def _settings(fit: StyleFit) -> Html:
    return report.table(rows(fit), HEAD)


def rows(fit: StyleFit) -> list[tuple[str, ...]]:
    """What HEAD names, per setting; see `_explained`."""
    start = load_style(fit.preset)
    before, after = fit.distances(fit.before), fit.distances(fit.after)
    return [
        (
            setting.path, _shown(start, setting), _shown(fit.style, setting),
            _number(fit.uncertainty(setting)),
            f"{fit.known[setting.measure].rank_correlation:.2f}",
            _number(before.get(setting.measure, np.nan)),
            _number(after.get(setting.measure, np.nan)),
        )
        for setting in ALL
    ]  # fmt: skip


def _shown(style: Style, setting: MeasuredSetting) -> str:
    share = value_at(style, setting.share) if setting.share else 1.0
    if share == 0.0:
        return "none"
    low, high = present_range(style, setting)
    return f"{low:g} to {high:g}" + (f", {share:.0%}" if share < 1.0 else "")


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2g}"


def _explained() -> Html:
    return report.note(
        "±: standard error of the middle of the range, from the number of real lines; empty where"
        " the setting does not show in these lines. rank: rank"
        " correlation of the setting and its measure, what other settings do to it taken away; 1 is"
        f" perfect, under {MIN_RANK:g} the preset's range stays."
        " before, after: mean distance of the quantiles of real and rendered lines, in units of"
        " what lines of all presets differ by; empty where those lines do not differ."
    )


def _sheet(fit: StyleFit, crops: Sequence[UintImages]) -> Html:
    """Real lines in the left column, lines of the fitted style in the right one."""
    picked = np.unique(np.linspace(0, len(crops) - 1, _SHEET).astype(int)).tolist()
    pairs = zip_longest([crops[i] for i in picked], fit.after.images[: len(picked)])
    cells = [_cell(image, name) for pair in pairs for image, name in zip(pair, _NAMES, strict=True)]
    sheet = report.figures(cells, columns=len(_NAMES), width_px=_COLUMN_PX)
    return join(report.note("Left: real. Right: rendered."), sheet)


_NAMES = ("real line", "rendered line")


def _cell(image: UintImages | None, name: str) -> Html:
    return tag("div") if image is None else report.figure(encode_png(to_line_height(image)), name)


def _plot(fit: StyleFit, name: str) -> Html:
    columns = [m.column(name) for m in (fit.real, fit.before.measures, fit.after.measures)]
    values = np.concatenate(columns)
    if not len(values):
        return Html("")
    low, high = np.percentile(values, _ENDS)
    edges = np.linspace(low, max(high, low + 1e-3), _BINS + 1)
    inside = [np.histogram(np.clip(c, edges[0], edges[-1]), edges)[0] for c in columns]
    real, before, after = ((n / max(n.sum(), 1)).tolist() for n in inside)
    measure = MEASURES[name]
    label = f"{measure.meaning}, {measure.unit}" if measure.unit else measure.meaning
    lines = [("before", before), ("after", after)]
    return join(tag("h3", name), outlines(real, lines, edges.tolist(), label, "share of lines"))
