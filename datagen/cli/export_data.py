"""`ocrgen export`: write lines in the forms that others read."""

from typing import Any

import click

from datagen.cli.bar import bar
from datagen.cli.options import out_folder, partial_option
from datagen.exchange.exchange_settings import FORM_NAMES, ExportSettings


@click.command()
@click.argument("form", type=click.Choice(FORM_NAMES))
@click.argument("source", type=click.Path())
@out_folder(required=True)
@partial_option
@click.option("--overwrite", is_flag=True, help="Replace an earlier export.")
def command(**values: Any) -> None:
    """Write the lines of SOURCE, a render or packed data, in a foreign FORM.

    Training and validation lines go into lists or folders of their own; paddle also gets dict.txt,
    the dictionary of the alphabet. Image bytes stay as they are; `ocrgen import` reads every form
    back.
    """
    settings = ExportSettings(**values)
    from datagen.exchange.export_job import export_data

    with bar(" lines") as progress:
        summary = export_data(settings, progress=progress)
    splits = ", ".join(f"{count} {split}" for split, count in summary.samples.items())
    click.echo(f"{splits} lines in {summary.out}, {summary.seconds:.1f} s")
