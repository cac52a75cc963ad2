"""Rows of values on the terminal: aligned for people, TSV and JSON for programs."""

import json
from typing import Any

import click


def print_rows(rows: list[dict[str, Any]], form: str) -> None:
    """Print rows that all have the same keys, which become the heading."""
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    cells = [list(rows[0]), *([str(v) for v in row.values()] for row in rows)] if rows else []
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        if form == "tsv":
            click.echo("\t".join(row))
        else:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            click.echo("  ".join(padded).rstrip())
