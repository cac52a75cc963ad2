"""`ocrgen verify`: read data back and say what is wrong with it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen.cli.bar import bar
from datagen.cli.fetching import cache_option, fetcher
from datagen.cli.options import format_option, jobs_option
from datagen.cli.tables import print_reports
from datagen.cli.urls import PathOrUrl

if TYPE_CHECKING:
    from datagen.verify.job import DatasetReport


@click.command()
@click.argument("paths", nargs=-1, required=True, type=PathOrUrl())
@click.option("--quick", is_flag=True, help="Decode 200 images per shard instead of all.")
@jobs_option
@cache_option
@format_option()
def command(paths: tuple[str, ...], quick: bool, jobs: int, cache: Path | None, form: str) -> None:
    """Check the renders, imports and packed data at PATHS or URLs; exit code 1 if anything is
    wrong.

    Checks counts, keys, checksums, every image, every label against the alphabet and against the
    time steps of every network, and that no sentence is in both splits.
    """
    import json

    from datagen.verify.job import verify

    with bar(" shards") as progress:
        reports = verify(paths, quick=quick, jobs=jobs, fetch=fetcher(cache), progress=progress)
    if form == "json":
        click.echo(json.dumps([report.to_json() for report in reports], ensure_ascii=False))
    elif form == "tsv":
        print_reports(report.to_json() for report in reports)
    else:
        for report in reports:
            for line in _lines(report):
                click.echo(line)
    if not all(report.good for report in reports):
        click.get_current_context().exit(1)


def _lines(report: "DatasetReport") -> list[str]:
    verdict = "good" if report.good else "NOT GOOD"
    lines = [
        f"{report.path}: {verdict}; {report.lines:,} lines in {report.shards:,} shards,"
        f" {report.images:,} images decoded, {report.seconds:.1f} s"
    ]
    for kind, count in report.errors.items():
        lines.append(f"  error: {kind}: {count:,}")
        lines += [f"    {offender}" for offender in report.offenders[kind]]
        if count > len(report.offenders[kind]):
            lines.append(f"    and {count - len(report.offenders[kind])} more")
    lines.append(f"  duplicate images: {report.duplicates:,}")
    lines.append(f"  sentences in both splits: {report.shared_sentences:,}")
    lines.append(f"  label texts in both splits: {report.shared_labels:,}")
    return lines
