"""`ocrgen pack`: split lines and write them as LMDB shards."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen.cli.bar import bar
from datagen.cli.fetching import cache_option, fetcher
from datagen.cli.options import (
    FiniteRange,
    alphabet_option,
    job_options,
    out_folder,
    partial_option,
    shard_size_option,
)
from datagen.cli.urls import PathOrUrl
from datagen.pack.pack_settings import DEFAULT_SEED, DEFAULT_SPLIT, SPLIT_BY, PackSettings

if TYPE_CHECKING:
    from datagen.pack.job import PackSummary


@click.command()
@click.argument("inputs", nargs=-1, type=PathOrUrl(), metavar="[FOLDER]...")
@out_folder(default=PackSettings.out, urls=True)
@click.option(
    "--split",
    type=FiniteRange(0, 1, min_open=True),
    show_default=f"that of the first pack, or {DEFAULT_SPLIT}",
    help="Share of lines for training.",
)
@click.option(
    "--split-by",
    type=click.Choice(SPLIT_BY),
    show_default="that of the first pack, or sentence",
    help="What is never divided between training and validation.",
)
@click.option(
    "--val-faces",
    multiple=True,
    metavar="NAME",
    help="Put the lines of this face into validation. Repeatable.",
)
@click.option(
    "--val-list",
    type=click.Path(exists=True, dir_okay=False),
    help="File that names one validation sample per line: INDEX or FOLDER/INDEX.",
)
@click.option(
    "--seed",
    type=int,
    show_default=f"that of the first pack, or {DEFAULT_SEED}",
    help="Random seed of the split.",
)
@click.option(
    "--resplit",
    is_flag=True,
    help="Choose a new split; samples may move between training and validation.",
)
@shard_size_option(PackSettings.shard_size)
@click.option(
    "--shards",
    type=click.IntRange(min=1),
    help="Number of training shards, instead of --shard-size.",
)
@alphabet_option("Character list that holds all labels.", default="that of the inputs")
@partial_option
@click.option("--overwrite", is_flag=True, help="Replace packed data; its split is kept.")
@job_options
@cache_option
def command(inputs: tuple[str, ...], cache: Path | None, **values: Any) -> None:
    """Split lines into training and validation, and write them as LMDB shards.

    Each FOLDER (default: data/renders), a path or a URL, is a render, an import or packed data, or
    holds such folders. All windows of one sentence are in one split. The first pack chooses the
    split; later packs into the same folder keep it.
    """
    settings = PackSettings(inputs=inputs or PackSettings.inputs, **values)
    from datagen.pack.job import pack

    with bar(" lines") as progress, bar("B") as sending:
        summary = pack(
            settings,
            command=" ".join(["ocrgen", *sys.argv[1:]]),
            fetch=fetcher(cache),
            progress=progress,
            sending=sending,
        )
    for line in _lines(summary):
        click.echo(line)
    for warning in summary.warnings:
        click.echo(f"warning: {warning}", err=True)


def _lines(summary: "PackSummary") -> list[str]:
    train, val = summary.samples.values()
    kept = len(summary.rule.kept_in_train)
    speed = (train + val) / max(summary.seconds, 1e-9)
    lines = [
        f"{train:,} training and {val:,} validation lines ({summary.groups:,} groups) in"
        f" {summary.shards:,} shards, {summary.size_bytes / 1e6:,.1f} MB, in {summary.out}",
        f"{summary.seconds:.1f} s, {speed:,.0f} lines per second",
    ]
    if summary.kept:
        lines.append(f"{summary.kept:,} shards were finished before and were kept")
    if kept:
        lines.append(
            f"{kept:,} sentences stay in training, or a class would lose over half of its lines"
        )
    return lines
