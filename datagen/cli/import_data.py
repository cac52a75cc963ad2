"""`ocrgen import`: take line images with labels that others keep in their forms."""

import sys
from typing import Any

import click

from datagen.cli.bar import bar
from datagen.exchange.exchange_settings import FORM_NAMES, ImportSettings

_SHOWN = 20


@click.command()
@click.argument("form", type=click.Choice(FORM_NAMES))
@click.argument("sources", nargs=-1, required=True, type=click.Path())
@click.option("--out", type=click.Path(file_okay=False), help="Default: data/renders/SOURCE.")
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False),
    help="Folder that image names refer to; beside the list otherwise.",
)
@click.option(
    "--alphabet",
    type=click.Path(exists=True, dir_okay=False),
    help="Character list or Paddle dictionary; the built-in 5990 classes otherwise. For index: "
    "the list that the indices count lines of.",
)
@click.option(
    "--keep-split/--no-keep-split",
    default=ImportSettings.keep_split,
    show_default=True,
    help="Keep the split that names of lists and folders tell (train, val, test).",
)
@click.option(
    "--max-bad",
    type=click.IntRange(min=0),
    default=ImportSettings.max_bad,
    show_default=True,
    help="Bad rows that are listed and left out; one more ends the import.",
)
@click.option(
    "--shard-size",
    type=click.IntRange(min=1),
    default=ImportSettings.shard_size,
    show_default=True,
    help="Lines of a shard.",
)
@click.option("--licence", default="", help="Of the data, for its card.")
@click.option("--attribution", default="", help="Of the data, for its card.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier import.")
def command(form: str, sources: tuple[str, ...], **values: Any) -> None:
    """Import SOURCES in a foreign FORM; `ocrgen pack` then takes them like a render.

    \b
    index       name and line numbers of a character list (char_std_5990.txt), a line each
    dtrb        gt.txt of deep-text-recognition-benchmark: path, tab, label
    paddle      PaddleOCR's lists: path or JSON list of paths, tab, label
    doctr       labels.json with images/
    kraken      pairs of x.png and x.gt.txt
    csv, tsv    a table with columns for image, text and perhaps split
    lmdb        LMDB folders of the layout that most trainers read, zero-based ones too
    webdataset  tars of KEY.jpg and KEY.txt

    Image bytes are kept unchanged. Rows that cannot be taken are listed in bad_rows.tsv.
    """
    settings = ImportSettings(form=form, sources=sources, **values)
    from datagen.exchange.import_job import BAD_ROWS, import_data

    with bar(" lines") as progress:
        summary = import_data(
            settings, command=" ".join(["ocrgen", *sys.argv[1:]]), progress=progress
        )
    total = sum(summary.samples.values())
    splits = ", ".join(f"{count} {split}" for split, count in summary.samples.items() if count)
    click.echo(f"{total} lines ({splits}) in {summary.out}, {summary.seconds:.1f} s")
    for note in summary.notes:
        click.echo(f"note: {note}")
    if summary.bad:
        click.echo(f"{len(summary.bad)} bad rows left out, listed in {summary.out / BAD_ROWS}:")
        for row in summary.bad[:_SHOWN]:
            click.echo(f"  {row.where}: {row.reason}")
        if len(summary.bad) > _SHOWN:
            click.echo(f"  and {len(summary.bad) - _SHOWN} more")
