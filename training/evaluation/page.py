"""An evaluation report as one HTML page that needs nothing else: no script, no network."""

import base64
import math
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

import cv2
from rapidfuzz.distance import Levenshtein

from datagen.line_images import Gray
from training.evaluation.breakdown import ClassGroup, Confusion, Group, Metrics
from training.evaluation.intervals import Estimate
from training.evaluation.report import BadLine, Comparison, Report, shown, verdict

_STYLE = """
:root { --ink: #1d2330; --soft: #667085; --rule: #e3e7ee; --ground: #ffffff; --card: #f6f8fb;
  --mark: #2563eb; --wrong: #c2410c; --wrong-ground: #ffe8dc; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9f0; --soft: #98a2b3; --rule: #2b3342;
  --ground: #12161e; --card: #1a202b; --mark: #7aa2ff; --wrong: #ffb088;
  --wrong-ground: #4a2313; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 2rem 1.25rem 4rem; background: var(--ground);
  color: var(--ink); font: 15px/1.5 system-ui, "Noto Sans SC", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .6rem; }
p.note, td.soft, figcaption span { color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: .8rem; }
.card { background: var(--card); border-radius: 10px; padding: .9rem 1.1rem; }
.card b { display: block; font-size: 1.7rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
svg { vertical-align: middle; } svg .rail { stroke: var(--rule); }
svg .span { stroke: var(--mark); stroke-width: 5; stroke-opacity: .35; }
svg .dot { fill: var(--mark); }
.pairs { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; list-style: none; }
.pairs li { background: var(--card); border-radius: 8px; padding: .2rem .7rem; font-size: 1.2rem; }
.pairs small { color: var(--soft); font-size: .8rem; margin-left: .3rem; }
figure { margin: 0 0 1.1rem; padding: .8rem; background: var(--card); border-radius: 10px;
  overflow-x: auto; }
figure img { display: block; height: 48px; image-rendering: auto; border-radius: 4px; }
figcaption { margin-top: .5rem; font-size: 1.15rem; } figcaption span { font-size: .85rem; }
mark { background: var(--wrong-ground); color: var(--wrong); border-radius: 3px; padding: 0 .1em; }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(report: Report, images: Sequence[Gray]) -> str:
    """The report as HTML.

    Args:
        report: what to show.
        images: the line as the network saw it, for each of `report.worst`.
    """
    sections = [
        _head(report),
        _cards("Strict", report.strict),
        _cards("Normalised: full-width forms folded, spaces dropped", report.normalised),
        _comparison(report.comparison) if report.comparison else "",
        *(_groups(kind, list(members)) for kind, members in groupby(report.groups, _kind)),
        _class_groups(report.class_groups) if report.class_groups else "",
        _confusions(report.confusions) if report.confusions else "",
        _worst(report.worst, images) if report.worst else "",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.model)} on {escape(report.data)}</title>\n"
        f"<style>{_STYLE}</style></head>\n<body>\n{''.join(sections)}</body></html>\n"
    )


def _kind(group: Group) -> str:
    return group.kind


def _head(report: Report) -> str:
    return (
        f"<h1>Evaluation</h1><p class=note>{escape(report.model)} on {escape(report.data)}:"
        f" {report.strict.lines:,} lines, {report.strict.characters:,} characters, read in"
        f" {report.seconds:.1f} s. Brackets hold 95 % bootstrap intervals over lines.</p>\n"
    )


def _cards(title: str, metrics: Metrics) -> str:
    cards = "".join(
        f"<div class=card>{name}<b>{_percent(e.value)}</b>{_bar(e)} {escape(_interval(e))}</div>"
        for name, e in (
            ("line accuracy", metrics.line_accuracy),
            ("character error rate", metrics.cer),
            ("1 − NED", metrics.one_minus_ned),
        )
    )
    return f"<h2>{escape(title)}</h2><div class=cards>{cards}</div>\n"


def _comparison(comparison: Comparison) -> str:
    paired = comparison.paired
    return (
        f"<h2>Compared with {escape(comparison.model)}</h2>"
        f"<p>{escape(verdict(paired)[:1].upper() + verdict(paired)[1:])}. Only the first reads"
        f" {paired.only_first:,} lines without error, only the second {paired.only_second:,}"
        f" (exact McNemar test: p = {paired.p_value:.3g}). The CER changes by"
        f" {escape(shown(paired.cer_change))} from the first to the second.</p>\n"
        + _cards("The second, strict", comparison.strict)
    )


def _groups(kind: str, members: Sequence[Group]) -> str:
    rows = [
        [escape(g.name), f"{g.metrics.lines:,}", *_cells(g.metrics.line_accuracy, g.metrics.cer)]
        for g in members
    ]
    head = [kind, "lines", "line accuracy", "", "CER", ""]
    return f"<h2>By {escape(kind)}</h2>{_table(head, rows)}\n"


def _class_groups(members: Sequence[ClassGroup]) -> str:
    rows = [
        [escape(g.name), f"{g.classes:,}", f"{g.characters:,}", *_cells(g.right)] for g in members
    ]
    head = ["occurrences in training", "classes", "characters", "read right", ""]
    return f"<h2>By class frequency</h2>{_table(head, rows)}\n"


def _confusions(pairs: Sequence[Confusion]) -> str:
    items = "".join(
        f"<li>{escape(c.target or '∅')} → {escape(c.prediction or '∅')}<small>{c.count}</small>"
        "</li>"
        for c in pairs
    )
    return (
        "<h2>Most often misread</h2><p class=note>As it stands → as it was read; ∅ is a character"
        f" lost or added.</p><ul class=pairs>{items}</ul>\n"
    )


def _worst(lines: Sequence[BadLine], images: Sequence[Gray]) -> str:
    figures = "".join(
        f'<figure><img src="{_data_uri(image)}" alt="{escape(line.target)}">'
        f"<figcaption>{_marked(line.target, line.prediction)}<br>"
        f"{_marked(line.prediction, line.target) or '∅'}"
        f" <span>line {line.position}, confidence {line.confidence:.2f}</span>"
        "</figcaption></figure>\n"
        for line, image in zip(lines, images, strict=True)
    )
    return (
        "<h2>The worst lines</h2><p class=note>The label above, the reading below, differences"
        f" marked.</p>\n{figures}"
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=scroll><table><tr>{top}</tr>{body}</table></div>"


def _cells(*estimates: Estimate) -> list[str]:
    return [cell for e in estimates for cell in (escape(shown(e)), _bar(e))]


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.2f} %"


def _interval(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "nothing to measure"
    return f"[{100 * estimate.low:.2f}, {100 * estimate.high:.2f}]"


def _bar(estimate: Estimate) -> str:
    """A rail from 0 to 1 with the interval and the value."""
    if math.isnan(estimate.value):
        return ""
    low, value, high = (
        4 + 92 * min(1.0, max(0.0, x)) for x in (estimate.low, estimate.value, estimate.high)
    )
    return (
        '<svg width="100" height="14"><line class=rail x1="4" x2="96" y1="7" y2="7"/>'
        f'<line class=span x1="{low:.1f}" x2="{high:.1f}" y1="7" y2="7"/>'
        f'<circle class=dot cx="{value:.1f}" cy="7" r="3"/></svg>'
    )


def _marked(text: str, other: str) -> str:
    """A text with what a shortest edit to the other touches in <mark>."""
    touched = {e.src_pos for e in Levenshtein.editops(text, other) if e.tag != "insert"}
    parts = groupby(enumerate(text), key=lambda item: item[0] in touched)
    return "".join(
        f"<mark>{escape(run)}</mark>" if wrong else escape(run)
        for wrong, run in ((wrong, "".join(c for _, c in run)) for wrong, run in parts)
    )


def _data_uri(image: Gray) -> str:
    _, data = cv2.imencode(".png", image)
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode("ascii")
