"""An evaluation report as one HTML page that needs nothing else: no script, no network."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rapidfuzz.distance import Levenshtein

from datagen.folding import visible
from datagen.images import encode_png
from datagen.line_images import Gray
from datagen.reports.markup import Html, join, tag
from datagen.reports.page import cards, chips, figure, note, section, table
from datagen.reports.page import page as html_page
from training.evaluation.breakdown import ClassGroup, Confusion, Group, Metrics
from training.evaluation.interval_bars import Scale
from training.evaluation.intervals import Estimate
from training.evaluation.report import (
    BadLine,
    Comparison,
    Report,
    quoted,
    shown,
    shown_change,
    verdict,
)

_ENOUGH = 20  # lines of a group that scales must reach


@dataclass(frozen=True)
class _Scales:
    """What bars of line accuracy and of CER are drawn on, the same in the whole report."""

    accuracy: Scale
    cer: Scale
    one_minus_ned: Scale

    @classmethod
    def of(cls, report: Report) -> "_Scales":
        """Scales that cover the intervals of all lines and the values of groups."""
        whole = [report.strict, report.normalised]
        whole += [report.comparison.strict] if report.comparison else []
        groups = [g.metrics for g in report.groups if g.metrics.lines >= _ENOUGH]

        def values(pick: Callable[[Metrics], Estimate]) -> list[float]:
            ends = [end for one in map(pick, whole) for end in (one.low, one.high)]
            return ends + [pick(one).value for one in groups]

        return cls(
            Scale.over(values(lambda m: m.line_accuracy)),
            Scale.over(values(lambda m: m.cer), from_zero=True),
            Scale.over(values(lambda m: m.one_minus_ned)),
        )


def page(report: Report, images: Sequence[Gray]) -> str:
    """The report as HTML.

    Args:
        report: what to show.
        images: the line as the network saw it, for each of `report.worst`.
    """
    scales = _Scales.of(report)
    parts = [
        _summary(report),
        _metrics("Strict: texts as they are, spaces counted", report.strict, scales),
        _metrics("Normalised: full-width forms folded, spaces dropped", report.normalised, scales),
    ]
    if report.comparison:
        parts.append(_comparison(report, report.comparison, scales))
    parts += [_groups(kind, list(some), scales) for kind, some in groupby(report.groups, _kind)]
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
        f" {report.seconds:.1f} s. Brackets and bars are 95 % bootstrap intervals over lines; a"
        " bar that reaches an end of its scale may go on, and a hollow dot lies beyond it."
    )


def _metrics(title: str, metrics: Metrics, scales: _Scales) -> Html:
    named = (
        ("line accuracy", metrics.line_accuracy, scales.accuracy),
        ("character error rate (CER)", metrics.cer, scales.cer),
        ("1 − normalised edit distance", metrics.one_minus_ned, scales.one_minus_ned),
    )
    boxes = [
        (name, _percent(e.value), join(_interval(e), tag("br"), scale.ruled_bar(e)))
        for name, e, scale in named
    ]
    return section(title, cards(boxes))


def _comparison(report: Report, comparison: Comparison, scales: _Scales) -> Html:
    """Both models in one table, and what can be said of their difference."""
    first, second, paired = report.model, comparison.model, comparison.paired
    says = verdict(paired, first, second)
    rows = [
        [name, *_cells(scales, metrics.line_accuracy, metrics.cer), shown(metrics.one_minus_ned)]
        for name, metrics in ((first, report.strict), (second, comparison.strict))
    ]
    facts = (
        (f"lines that {first} alone reads without error", f"{paired.only_first:,}"),
        (f"lines that {second} alone reads without error", f"{paired.only_second:,}"),
        ("p of the exact McNemar test", f"{paired.p_value:.3g}"),
        (f"CER of {second} less that of {first}", shown_change(paired.cer_change)),
    )
    return section(
        f"{first} and {second} on the same lines, strict",
        tag("p", f"{says[:1].upper()}{says[1:]}."),
        table(rows, ["model", *_heads(scales), "1 − NED"]),
        tag("br"),
        table(facts),
    )


def _groups(kind: str, groups: Sequence[Group], scales: _Scales) -> Html:
    rows = [
        [g.name, f"{g.metrics.lines:,}", *_cells(scales, g.metrics.line_accuracy, g.metrics.cer)]
        for g in groups
    ]
    return section(f"By {kind}", table(rows, [kind, "lines", *_heads(scales)]))


def _class_groups(groups: Sequence[ClassGroup]) -> Html:
    scale = Scale.over(g.right.value for g in groups)
    rows = [
        [g.name, f"{g.classes:,}", f"{g.characters:,}", shown(g.right), scale.bar(g.right)]
        for g in groups
    ]
    head = ["occurrences in training", "classes", "characters", "read correctly", scale.ruler()]
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
    read = marked(line.prediction, line.target) if line.prediction else tag("small", "nothing")
    where = tag("small", f" line {line.position:,}, confidence {line.confidence:.2f}")
    return marked(line.target, line.prediction), tag("br"), read, where


def _heads(scales: _Scales) -> list[str]:
    return ["line accuracy", scales.accuracy.ruler(), "CER", scales.cer.ruler()]


def _cells(scales: _Scales, accuracy: Estimate, cer: Estimate) -> list[str]:
    """What `_heads` names."""
    return [shown(accuracy), scales.accuracy.bar(accuracy), shown(cer), scales.cer.bar(cer)]


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.2f} %"


def _interval(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "nothing to measure"
    return f"[{100 * estimate.low:.2f} %, {100 * estimate.high:.2f} %]"


def marked(text: str, other: str) -> Html:
    """A text with what a shortest edit to the other touches in <mark>."""
    touched = {e.src_pos for e in Levenshtein.editops(text, other) if e.tag != "insert"}
    runs = groupby(enumerate(text), key=lambda item: item[0] in touched)
    return join(
        *(
            tag("mark", visible(run)) if wrong else run
            for wrong, run in ((wrong, "".join(c for _, c in run)) for wrong, run in runs)
        )
    )
