"""`ocrgen import`: take line images with labels that others keep in their forms."""

import sys
from typing import Any

import click

from datagen.cli.bar import bar
from datagen.cli.options import alphabet_option, out_folder, shard_size_option
from datagen.exchange.exchange_settings import FORM_NAMES, ImportSettings
from ocrbase.errors import one_line

_SHOWN = 20


@click.command()
@click.argument("form", type=click.Choice(FORM_NAMES))
@click.argument("sources", nargs=-1, required=True, type=click.Path())
@out_folder(show_default="data/renders/SOURCE")
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False),
    show_default="the list's own",
    help="Folder that image names are relative to.",
)
@alphabet_option(
    "Character list or PaddleOCR dictionary; for index, the list that the indices refer to."
)
@click.option(
    "--keep-split/--no-keep-split",
    default=ImportSettings.keep_split,
    help="Keep the split that file and folder names state (train, val, test).",
)
@click.option(
    "--allow-outside",
    is_flag=True,
    help="Follow image names that are absolute paths or lead out of their folder.",
)
@click.option(
    "--max-bad",
    type=click.IntRange(min=0),
    default=ImportSettings.max_bad,
    help="Bad rows to list and leave out; one more ends the import.",
)
@shard_size_option(ImportSettings.shard_size)
@click.option(
    "--licence", default="", show_default=False, help="Licence of the data, for its card."
)
@click.option(
    "--attribution",
    default="",
    show_default=False,
    help="Whom the licence asks to name, for the card.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier import.")
def command(form: str, sources: tuple[str, ...], **values: Any) -> None:
    """Import labelled line images of a foreign FORM; `ocrgen pack` takes them like a render.

    \b
    index       lines of an image name and indices into a character list (char_std_5990.txt)
    dtrb        gt.txt of deep-text-recognition-benchmark: path, tab, label
    paddle      PaddleOCR's lists: path (or JSON list of paths), tab, label
    doctr       labels.json with images/
    kraken      pairs of x.png and x.gt.txt
    csv, tsv    a table with columns for image, text and, if it has one, split
    lmdb        LMDB folders of the layout that most trainers read, zero-based ones too
    webdataset  tars of KEY.jpg and KEY.txt

    Image bytes stay as they are. Rows that cannot be imported are listed in bad_rows.tsv.
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
        click.echo(f"{summary.bad_rows:,} bad rows left out, listed in {summary.out / BAD_ROWS}:")
        for row in summary.bad[:_SHOWN]:
            click.echo(f"  {one_line(row.where)}: {one_line(row.reason)}")
        if len(summary.bad) > _SHOWN:
            click.echo(f"  and {len(summary.bad) - _SHOWN} more")
