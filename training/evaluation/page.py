"""An evaluation report as one HTML page that needs nothing else: no script, no network."""

import math
from collections.abc import Sequence
from itertools import groupby

from rapidfuzz.distance import Levenshtein

from datagen.folding import visible
from datagen.images import encode_png
from datagen.line_images import Gray
from datagen.reports.markup import Html, join, tag
from datagen.reports.page import cards, chips, figure, note, section, table
from datagen.reports.page import page as html_page
from training.evaluation.breakdown import ClassGroup, Confusion, Group, Metrics
from training.evaluation.intervals import Estimate
from training.evaluation.report import BadLine, Comparison, Report, quoted, shown, verdict


def page(report: Report, images: Sequence[Gray]) -> str:
    """The report as HTML.

    Args:
        report: what to show.
        images: the line as the network saw it, for each of `report.worst`.
    """
    parts = [
        _summary(report),
        _metrics("Strict: texts as they are, spaces counted", report.strict),
        _metrics("Normalised: full-width forms folded, spaces dropped", report.normalised),
    ]
    if report.comparison:
        parts += _comparison(report.comparison)
    parts += [_groups(kind, list(some)) for kind, some in groupby(report.groups, _kind)]
    if report.class_groups:
        parts.append(_class_groups(report.class_groups))
    if report.confusions:
        parts.append(_confusions(report.confusions))
    if report.worst:
        parts.append(_worst(report.worst, images))
    return html_page(f"Evaluation of {report.model} on {report.data}", *parts)


def _kind(group: Group) -> str:
    return group.kind


def _summary(report: Report) -> Html:
    return note(
        f"{report.strict.lines:,} lines, {report.strict.characters:,} characters, read in"
        f" {report.seconds:.1f} s. Brackets hold 95 % bootstrap intervals over lines."
    )


def _metrics(title: str, metrics: Metrics) -> Html:
    named = (
        ("line accuracy", metrics.line_accuracy),
        ("character error rate", metrics.cer),
        ("1 − NED", metrics.one_minus_ned),
    )
    boxes = [(name, _percent(e.value), join(_bar(e), " ", _interval(e))) for name, e in named]
    return section(title, cards(boxes))


def _comparison(comparison: Comparison) -> list[Html]:
    paired, says = comparison.paired, verdict(comparison.paired)
    text = (
        f"{says[:1].upper()}{says[1:]}. Only the first reads {paired.only_first:,} lines without"
        f" error, only the second {paired.only_second:,} (exact McNemar test:"
        f" p = {paired.p_value:.3g}). The CER changes by {shown(paired.cer_change)} from the first"
        " to the second."
    )
    return [
        section(f"Compared with {comparison.model}", tag("p", text)),
        _metrics("The second model, strict", comparison.strict),
    ]


def _groups(kind: str, groups: Sequence[Group]) -> Html:
    rows = [
        [g.name, f"{g.metrics.lines:,}", *_cells(g.metrics.line_accuracy, g.metrics.cer)]
        for g in groups
    ]
    return section(f"By {kind}", table(rows, [kind, "lines", "line accuracy", "", "CER", ""]))


def _class_groups(groups: Sequence[ClassGroup]) -> Html:
    rows = [[g.name, f"{g.classes:,}", f"{g.characters:,}", *_cells(g.right)] for g in groups]
    head = ["occurrences in training", "classes", "characters", "read correctly", ""]
    return section("By class frequency", table(rows, head))


def _confusions(pairs: Sequence[Confusion]) -> Html:
    return section(
        "Most frequent confusions",
        chips(join(quoted(c), tag("small", f"{c.count:,}×")) for c in pairs),
    )


def _worst(lines: Sequence[BadLine], images: Sequence[Gray]) -> Html:
    return section(
        "Lines with the most errors",
        note("The label above, the reading below it, differences marked."),
        *(
            figure(encode_png(image), line.target, *_caption(line), tall=True)
            for line, image in zip(lines, images, strict=True)
        ),
    )


def _caption(line: BadLine) -> tuple[Html, ...]:
    read = _marked(line.prediction, line.target) if line.prediction else tag("small", "nothing")
    where = tag("small", f" line {line.position:,}, confidence {line.confidence:.2f}")
    return _marked(line.target, line.prediction), tag("br"), read, where


def _cells(*estimates: Estimate) -> list[str]:
    return [cell for e in estimates for cell in (shown(e), _bar(e))]


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.2f} %"


def _interval(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "nothing to measure"
    return f"[{100 * estimate.low:.2f}, {100 * estimate.high:.2f}]"


def _bar(estimate: Estimate) -> Html:
    """A rail from 0 to 1 with the interval and the value."""
    if math.isnan(estimate.value):
        return Html("")
    low, value, high = (
        4 + 92 * min(1.0, max(0.0, x)) for x in (estimate.low, estimate.value, estimate.high)
    )
    return tag(
        "svg",
        tag("line", class_="rail", x1=4, x2=96, y1=7, y2=7),
        tag("line", class_="span", x1=low, x2=high, y1=7, y2=7),
        tag("circle", class_="dot", cx=value, cy=7, r=3),
        width=100,
        height=14,
    )


def _marked(text: str, other: str) -> Html:
    """A text with what a shortest edit to the other touches in <mark>."""
    touched = {e.src_pos for e in Levenshtein.editops(text, other) if e.tag != "insert"}
    runs = groupby(enumerate(text), key=lambda item: item[0] in touched)
    return join(
        *(
            tag("mark", visible(run)) if wrong else run
            for wrong, run in ((wrong, "".join(c for _, c in run)) for wrong, run in runs)
        )
    )
