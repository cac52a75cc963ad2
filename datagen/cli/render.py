"""`ocrgen render`: draw labelled line images."""

import sys
from typing import TYPE_CHECKING, Any

import click

from datagen.cli.bar import bar
from datagen.cli.options import (
    job_options,
    look_options,
    look_settings,
    plan_options,
    plan_settings,
)
from datagen.render.render_settings import RenderSettings
from ocrbase.settings import default_of

if TYPE_CHECKING:
    from datagen.render.job import RenderSummary


@click.command()
@plan_options
@click.option(
    "--n", type=int, default=default_of(RenderSettings, "n"), show_default=True, help="Lines."
)
@look_options
@click.option("--boxes", is_flag=True, help="Keep the quadrilateral of each character.")
@click.option("--masks", is_flag=True, help="Keep an image of each line's ink.")
@click.option("--out", type=click.Path(file_okay=False), help="Default: data/renders/CORPUS.")
@click.option(
    "--shard-size",
    type=int,
    default=default_of(RenderSettings, "shard_size"),
    show_default=True,
    help="Lines of a shard.",
)
@job_options
@click.option("--dry-run", is_flag=True, help="Tell disk, time and coverage; draw nothing.")
def command(n: int, shard_size: int, out: str | None, dry_run: bool, **values: Any) -> None:
    """Draw N labelled line images into tar shards.

    A second call with a larger --n goes on where the first one stopped, and so does the same
    call after a kill.
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
