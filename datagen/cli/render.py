"""`ocrgen render`: draw labelled line images."""

import sys
from typing import TYPE_CHECKING, Any

import click

from datagen.cli.bar import bar
from datagen.cli.options import (
    job_options,
    look_options,
    look_settings,
    number_option,
    out_folder,
    plan_options,
    plan_settings,
    shard_size_option,
)
from datagen.render.render_settings import RenderSettings
from ocrbase.settings import default_of

if TYPE_CHECKING:
    from datagen.render.job import RenderSummary


@click.command()
@plan_options
@number_option("Number of lines.", default=default_of(RenderSettings, "n"))
@look_options
@click.option("--boxes", is_flag=True, help="Also store the quadrilateral of each character.")
@click.option("--masks", is_flag=True, help="Also store an image of each line's ink.")
@out_folder(show_default="data/renders/CORPUS")
@shard_size_option(default_of(RenderSettings, "shard_size"))
@job_options
@click.option(
    "--dry-run", is_flag=True, help="Estimate disk space, time and coverage; draw nothing."
)
def command(n: int, shard_size: int, out: str | None, dry_run: bool, **values: Any) -> None:
    """Draw N labelled line images into tar shards.

    The same command continues a render that was interrupted; with a larger N it extends one.
    """
    settings = RenderSettings(
        plan=plan_settings(values),
        look=look_settings(values),
        n=n,
        shard_size=shard_size,
        out=out,
        **values,
    )
    from datagen.render import estimate
    from datagen.render.job import render

    if dry_run:
        for line in estimate.report(settings):
            click.echo(line)
        return
    with bar(" lines") as progress:
        summary = render(settings, command=" ".join(["ocrgen", *sys.argv[1:]]), progress=progress)
    for line in _told(summary, settings):
        click.echo(line)


def _told(summary: "RenderSummary", settings: RenderSettings) -> list[str]:
    from datagen.render.estimate import coverage_lines

    if not summary.drawn:
        return [f"{summary.folder} holds all {settings.n} lines already ({summary.lines} in all)"]
    rate = summary.drawn / max(summary.seconds, 1e-9)
    size = sum(report.size_bytes for report in summary.reports)
    redrawn = sum(report.redrawn for report in summary.reports)
    altered = sum(report.altered for report in summary.reports)
    told = [
        f"{summary.drawn} lines in {summary.seconds:.1f} s ({rate:.0f} a second),"
        f" {size / 1e6:.1f} MB, in {summary.folder}",
        f"redrawn {redrawn}; lines with altered text {altered} ({altered / summary.drawn:.2%})",
    ]
    return told + coverage_lines(settings)
