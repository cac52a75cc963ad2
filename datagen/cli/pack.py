"""`ocrgen pack`: split lines and write them as LMDB shards."""

import sys
from typing import TYPE_CHECKING, Any

import click

from datagen.cli.bar import bar
from datagen.cli.options import job_options
from datagen.pack.pack_settings import DEFAULT_SEED, DEFAULT_SPLIT, SPLIT_BY, PackSettings

if TYPE_CHECKING:
    from datagen.pack.job import PackSummary


@click.command()
@click.argument("inputs", nargs=-1, type=click.Path(), metavar="[FOLDER]...")
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    default=PackSettings.out,
    show_default=True,
    help="Folder of the packed data.",
)
@click.option(
    "--split",
    type=click.FloatRange(0, 1, min_open=True),
    help=f"Share of lines for training; that of the first pack, or {DEFAULT_SPLIT}.",
)
@click.option(
    "--split-by",
    type=click.Choice(SPLIT_BY),
    help="What may not be torn apart; that of the first pack, or sentence.",
)
@click.option(
    "--val-faces", multiple=True, metavar="NAME", help="Lines of this face validate. Repeatable."
)
@click.option(
    "--val-list",
    type=click.Path(exists=True, dir_okay=False),
    help="File with INDEX or FOLDER/INDEX of a sample for validation on each line.",
)
@click.option("--seed", type=int, help=f"Of the split; that of the first pack, or {DEFAULT_SEED}.")
@click.option(
    "--resplit",
    is_flag=True,
    help="Choose a new split; samples may move between training and validation.",
)
@click.option(
    "--shard-size",
    type=click.IntRange(min=1),
    default=PackSettings.shard_size,
    show_default=True,
    help="Lines of an LMDB shard.",
)
@click.option("--shards", type=click.IntRange(min=1), help="Number of training shards instead.")
@click.option(
    "--alphabet",
    type=click.Path(exists=True, dir_okay=False),
    help="Character list that all labels must belong to; the renders' own otherwise.",
)
@click.option("--partial", is_flag=True, help="Take renders that have not finished.")
@click.option("--overwrite", is_flag=True, help="Replace packed data; its split is kept.")
@job_options
def command(inputs: tuple[str, ...], **values: Any) -> None:
    """Split the lines of each FOLDER (data/renders) and write them as LMDB shards.

    A FOLDER is a render, an import or packed data, or holds such. All windows of one sentence are
    in one split. The first pack chooses which, and later packs into the same folder obey.
    """
    settings = PackSettings(inputs=inputs or PackSettings.inputs, **values)
    from datagen.pack.job import pack

    with bar(" lines") as progress:
        summary = pack(settings, command=" ".join(["ocrgen", *sys.argv[1:]]), progress=progress)
    for line in _told(summary):
        click.echo(line)
    for warning in summary.warnings:
        click.echo(f"warning: {warning}", err=True)


def _told(summary: "PackSummary") -> list[str]:
    total = sum(summary.samples.values())
    kept = len(summary.rule.kept_in_train)
    told = [
        f"{summary.samples['train']} training and {summary.samples['val']} validation lines"
        f" ({summary.groups} groups) in {summary.shards} shards, {summary.size_bytes / 1e6:.1f} MB,"
        f" in {summary.out}",
        f"{summary.seconds:.1f} s, {total / max(summary.seconds, 1e-9):.0f} lines a second",
    ]
    if summary.kept:
        told.append(f"{summary.kept} shards were finished before and were kept")
    if kept:
        told.append(
            f"{kept} sentences stay in training, or a class would lose over half of its lines"
        )
    return told
