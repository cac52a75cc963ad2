"""`ocrgen preview`: look at lines before drawing millions."""

from pathlib import Path
from typing import Any

import click

from datagen.cli.options import (
    look_options,
    look_settings,
    number_option,
    out_file,
    plan_options,
    plan_settings,
)


@click.command()
@plan_options
@look_options
@number_option("Number of lines.", default=72, most=2000)
@click.option(
    "--effects",
    is_flag=True,
    help="Draw one effect at a time, over its range in the style, instead of random lines.",
)
@click.option(
    "--effect", "names", multiple=True, metavar="NAME", help="Draw only this effect. Repeatable."
)
@out_file(
    "Image to write; a page with the settings of each line goes beside it.",
    default=Path("preview.png"),
)
def command(n: int, effects: bool, names: tuple[str, ...], out: Path, **values: Any) -> None:
    """Draw a contact sheet of the first N lines of a render, or of single effects."""
    from datagen.render.contact_sheet import sheet_paths, write_sheet
    from datagen.render.preview import effect_sheet, random_sheet

    sheet_paths(out)  # before anything is drawn
    plan, look = plan_settings(values), look_settings(values)
    single = effects or names
    sheet = effect_sheet(plan, look, names) if single else random_sheet(plan, look, n)
    for path in write_sheet(sheet, out):
        click.echo(path)
