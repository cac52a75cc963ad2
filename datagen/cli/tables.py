"""Rows of values on the terminal: aligned for people, TSV and JSON for programs."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from datagen.cli.options import HEADER
from ocrbase.errors import one_line


def print_rows(rows: Sequence[Mapping[str, Any]], form: str) -> None:
    """Print rows that all have the same keys, which become the heading."""
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    cells = [list(rows[0]), *([str(v) for v in row.values()] for row in rows)] if rows else []
    if form == "tsv":
        print_tsv(cells)
        return
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def print_tsv(cells: Iterable[Sequence[str]]) -> None:
    """Print rows separated by tabs; the first is the heading, which --no-header leaves out."""
    for number, row in enumerate(cells):
        if number or heading_wanted():
            click.echo("\t".join(map(one_line, row)))


def heading_wanted() -> bool:
    """Whether TSV begins with the names of its columns: `--header/--no-header`."""
    return bool(click.get_current_context().meta[HEADER])


def print_reports(reports: Iterable[Mapping[str, Any]]) -> None:
    """Print nested reports as TSV, one row per number or text: quantity, item, value.

    Reports that have a path repeat it in a first column.
    """
    rows = [
        ({"path": report["path"]} if "path" in report else {})
        | {"quantity": name, "item": ".".join(item), "value": value}
        for report in reports
        for name, nested in report.items()
        if name != "path"
        for item, value in _leaves(nested)
    ]
    print_rows(rows, "tsv")


def _leaves(value: Any, item: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The values in nested mappings and lists, each with the keys and positions that lead to it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*item, str(key)))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _leaves(inner, (*item, str(position)))
    else:
        yield item, value
