"""`ocrgen render`: draw labelled line images."""

import sys
from typing import TYPE_CHECKING, Any

import click

from datagen.cli.bar import bar
from datagen.cli.config import (
    LOOK_FIELDS,
    PLAN_FIELDS,
    named_options,
    settings_in_file,
    with_plan_and_look,
)
from datagen.cli.options import (
    job_options,
    look_options,
    number_option,
    out_folder,
    plan_options,
    shard_size_option,
)
from datagen.render.render_settings import RenderSettings
from ocrbase.errors import listed
from ocrbase.settings import default_of

if TYPE_CHECKING:
    from datagen.render.job import RenderSummary


PLAN = PLAN_FIELDS | {"seed": ("seed",)}
LOOK = LOOK_FIELDS | {"boxes": ("boxes",), "masks": ("masks",)}
JOB = ("n", "shard_size", "out", "jobs", "backend", "scheduler")


@click.command()
@click.option(
    "--config",
    metavar="FILE|-",
    help="TOML file of settings, - for standard input: n, shard_size, out, jobs, backend and"
    " scheduler, tables [plan] and [look]. Options win over it.",
)
@plan_options
@number_option("Number of lines.", default=default_of(RenderSettings, "n"))
@look_options
@click.option("--boxes", is_flag=True, help="Also store the quadrilateral of each character.")
@click.option("--masks", is_flag=True, help="Also store an image of each line's ink.")
@out_folder(
    "Output folder, or a URL of one in an object store: s3://BUCKET/NAME.",
    urls=True,
    show_default="data/renders/CORPUS",
)
@shard_size_option(default_of(RenderSettings, "shard_size"))
@job_options
@click.option(
    "--dry-run", is_flag=True, help="Estimate disk space, time and coverage; draw nothing."
)
@click.option(
    "--overwrite", is_flag=True, help="Replace the shards of a render of other settings or text."
)
@click.pass_context
def command(
    context: click.Context,
    /,
    config: str | None,
    dry_run: bool,
    overwrite: bool,
    **values: Any,
) -> None:
    """Draw N labelled line images into tar shards.

    The same command continues a render that was interrupted; with a larger N it extends one. The
    keys of [plan] and [look] in a --config file are those under `settings` in the manifest.json of
    a render.
    """
    settings = _settings(context, config, values)
    from datagen.render import estimate
    from datagen.render.job import render

    if dry_run:
        for line in estimate.report(settings):
            click.echo(line)
        return
    with bar(" lines") as progress:
        summary = render(
            settings,
            overwrite=overwrite,
            command=" ".join(["ocrgen", *sys.argv[1:]]),
            progress=progress,
        )
    for line in _summary(summary, settings):
        click.echo(line)


def _settings(context: click.Context, config: str | None, values: dict[str, Any]) -> RenderSettings:
    """What the user named, in the file or on the command line; the latter wins."""
    given = settings_in_file(RenderSettings, config) if config else {}
    named = named_options(context)
    given = with_plan_and_look(given, RenderSettings(), values, named, PLAN, LOOK)
    return RenderSettings(**given | {name: values[name] for name in JOB if name in named})


def _summary(summary: "RenderSummary", settings: RenderSettings) -> list[str]:
    from datagen.render.estimate import coverage_lines, size_in_words

    if not summary.drawn:
        return [
            f"{summary.where} holds all {settings.n:,} lines already ({summary.lines:,} in all)"
        ]
    rate = summary.drawn / max(summary.seconds, 1e-9)
    size = sum(shard.size_bytes for shard in summary.shards)
    redrawn = sum(shard.redrawn for shard in summary.shards)
    altered = sum(shard.altered for shard in summary.shards)
    return [
        f"drew {summary.drawn:,} lines in {summary.seconds:,.1f} s ({rate:,.0f} lines per second),"
        f" {size_in_words(size)}, into {summary.where}",
        f"{altered:,} lines with altered text ({altered / summary.drawn:.2%});"
        f" {redrawn:,} redraws of looks that could not be drawn",
        *coverage_lines(settings),
        *_damage(summary),
    ]


def _damage(summary: "RenderSummary") -> list[str]:
    if not summary.damaged:
        return []
    names = listed([f"shard-{shard:05d}" for shard in summary.damaged])
    return [f"damaged shards drawn anew: {names}"]
