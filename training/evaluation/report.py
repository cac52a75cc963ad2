"""What an evaluation says, as JSON and as a table for the terminal."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from datagen.folding import visible
from training.evaluation.breakdown import (
    ClassGroup,
    Confusion,
    Group,
    Metrics,
    class_groups,
    confusions,
    group_lines,
    summarise,
    worst_lines,
)
from training.evaluation.evaluate import Evaluation
from training.evaluation.intervals import Estimate, Paired, compare


@dataclass(frozen=True)
class BadLine:
    """One of the worst lines: its position in the data, both texts, and how sure the model was."""

    position: int
    target: str
    prediction: str
    confidence: float


@dataclass(frozen=True)
class Comparison:
    """A second model on the same lines."""

    model: str
    strict: Metrics
    paired: Paired


@dataclass(frozen=True)
class Report:
    """All that is said of one model on one set of lines."""

    model: str
    data: str
    seconds: float
    strict: Metrics
    normalised: Metrics
    groups: list[Group]
    class_groups: list[ClassGroup]
    confusions: list[Confusion]
    worst: list[BadLine]
    comparison: Comparison | None = None


def build_report(
    evaluation: Evaluation,
    occurrences: Callable[[str], int] | None = None,
    other: Evaluation | None = None,
) -> Report:
    """Work out all metrics of an evaluation.

    Args:
        evaluation: of the model that the report is about.
        occurrences: how often a character stood in the training data, where that is known.
        other: a second model's evaluation of the same lines, to compare with.
    """
    return Report(
        model=evaluation.model,
        data=evaluation.data,
        seconds=evaluation.seconds,
        strict=summarise(evaluation.strict),
        normalised=summarise(evaluation.normalised),
        groups=group_lines(evaluation),
        class_groups=class_groups(evaluation, occurrences) if occurrences else [],
        confusions=confusions(evaluation),
        worst=_worst(evaluation),
        comparison=_comparison(evaluation, other) if other else None,
    )


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain values; what could not be measured is null."""
    values: dict[str, Any] = _without_nan(asdict(report))
    for group in values["groups"]:
        group["figures"] = group.pop("metrics")  # the key that scripts know from 0.1.0
    return values


def as_rows(report: Report) -> list[tuple[str, ...]]:
    """All metrics in one table: kind, name, lines, characters, then the values in full."""
    head = ("kind", "name", "lines", "characters", "line_accuracy", "cer", "one_minus_ned")
    rows = [
        head,
        _row("all", "strict", report.strict),
        _row("all", "normalised", report.normalised),
    ]
    if report.comparison:
        rows.append(_row("compared", report.comparison.model, report.comparison.strict))
    rows += [_row(g.kind, g.name, g.metrics) for g in report.groups]
    return rows


def as_table(report: Report) -> str:
    """The report for a terminal."""
    rate = report.strict.lines / report.seconds if report.seconds else math.inf
    lines = [
        f"{report.model} on {report.data}: {report.strict.lines:,} lines in {report.seconds:.1f} s"
        f" ({rate:,.0f} lines/s); [95 % intervals]",
        "",
        _columns("", "lines", "line accuracy", "CER", "1-NED"),
        _line("strict (spaces count)", report.strict),
        _line("normalised (width, spaces)", report.normalised),
    ]
    kind = ""
    for group in report.groups:
        if group.kind != kind:
            kind = group.kind
            lines += ["", f"by {kind}"]
        lines.append(_line(f"  {group.name}", group.metrics))
    if report.class_groups:
        lines += ["", "characters read, by occurrences of their class in training"]
        lines += [
            f"  {g.name:<22} {g.classes:>6,} classes {g.characters:>8,} characters {shown(g.right)}"
            for g in report.class_groups
        ]
    if report.confusions:
        lines += ["", "most frequent confusions"]
        lines += [f"  {quoted(c)}  {c.count:,}×" for c in report.confusions[:20]]
    if report.comparison:
        lines += ["", *_compared(report.model, report.comparison)]
    return "\n".join(lines)


def shown(estimate: Estimate, digits: int = 2) -> str:
    """A share in percent with its interval."""
    if math.isnan(estimate.value):
        return "-"
    value, low, high = (
        f"{100 * x:.{digits}f}" for x in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} % [{low}, {high}]"


def quoted(confusion: Confusion) -> str:
    """What was read in place of what, each character in quotes, a space as ␣."""
    target, prediction = visible(confusion.target), visible(confusion.prediction)
    if not prediction:
        return f"'{target}' not read"
    if not target:
        return f"'{prediction}' read where nothing stands"
    return f"'{target}' read as '{prediction}'"


def shown_change(change: Estimate) -> str:
    """A difference of shares in percentage points with its interval."""
    value, low, high = (f"{100 * x:+.2f}" for x in (change.value, change.low, change.high))
    return f"{value} percentage points [{low}, {high}]"


def verdict(paired: Paired, first: str, second: str) -> str:
    """What a comparison of two models says, in words.

    Args:
        paired: the comparison.
        first, second: names of the models.
    """
    change = paired.cer_change
    if paired.p_value < 0.05:
        better = second if paired.only_second > paired.only_first else first
        return f"{better} reads more lines without error (p = {paired.p_value:.2g})"
    if not change.low <= 0 <= change.high:
        than = "higher" if change.low > 0 else "lower"
        return f"as many lines without error, but the CER of {second} is {than}"
    return f"no difference that these lines can show (p = {paired.p_value:.2g})"


def _compared(first: str, comparison: Comparison) -> Sequence[str]:
    paired, second = comparison.paired, comparison.model
    return (
        f"compared with {second}",
        _line("  strict", comparison.strict),
        f"  read without error by {first} alone: {paired.only_first:,} lines, by {second} alone:"
        f" {paired.only_second:,}",
        f"  CER of {second} less that of {first}: {shown_change(paired.cer_change)}",
        f"  {verdict(paired, first, second)}",
    )


def _comparison(first: Evaluation, second: Evaluation) -> Comparison:
    if first.targets != second.targets:
        raise ValueError("the two models read different lines")
    paired = compare(first.strict.edits, second.strict.edits, first.strict.target_lengths)
    return Comparison(second.model, summarise(second.strict), paired)


def _worst(evaluation: Evaluation) -> list[BadLine]:
    return [
        BadLine(
            int(evaluation.positions[i]),
            evaluation.targets[i],
            evaluation.predictions[i],
            float(evaluation.confidences[i]),
        )
        for i in worst_lines(evaluation)
    ]


def _row(kind: str, name: str, metrics: Metrics) -> tuple[str, ...]:
    shares = (metrics.line_accuracy, metrics.cer, metrics.one_minus_ned)
    return (
        kind,
        name,
        str(metrics.lines),
        str(metrics.characters),
        *(f"{e.value:.6f}" for e in shares),
    )


def _line(name: str, metrics: Metrics) -> str:
    shares = (metrics.line_accuracy, metrics.cer, metrics.one_minus_ned)
    return _columns(name, f"{metrics.lines:,}", *(shown(e) for e in shares))


def _columns(name: str, lines: str, *cells: str) -> str:
    return f"{name:<28}{lines:>9}  " + "".join(f"{cell:<26}" for cell in cells).rstrip()


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
