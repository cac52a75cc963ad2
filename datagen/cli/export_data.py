"""`ocrgen export`: write lines in the forms that others read."""

from typing import Any

import click

from datagen.cli.bar import bar
from datagen.exchange.exchange_settings import FORM_NAMES, ExportSettings


@click.command()
@click.argument("form", type=click.Choice(FORM_NAMES))
@click.argument("source", type=click.Path())
@click.option(
    "--out", type=click.Path(file_okay=False), required=True, help="Folder of the result."
)
@click.option("--partial", is_flag=True, help="Take a render that has not finished.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier export.")
def command(**values: Any) -> None:
    """Write the lines of SOURCE, a render or packed data, in a foreign FORM.

    Sides go into lists or folders of their own. With paddle comes dict.txt, the dictionary of the
    alphabet. Image bytes are kept unchanged; `ocrgen import` reads every form back.
    """
    settings = ExportSettings(**values)
    from datagen.exchange.export_job import export_data

    with bar(" lines") as progress:
        summary = export_data(settings, progress=progress)
    splits = ", ".join(f"{count} {split}" for split, count in summary.samples.items())
    click.echo(f"{splits} lines in {summary.out}, {summary.seconds:.1f} s")
