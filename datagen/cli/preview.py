"""`ocrgen preview`: look at lines before drawing millions."""

from pathlib import Path
from typing import Any

import click

from datagen.cli.options import look_options, look_settings, plan_options, plan_settings


@click.command()
@plan_options
@look_options
@click.option(
    "--n", type=click.IntRange(1, 2000), default=72, show_default=True, help="Lines to draw."
)
@click.option(
    "--effects",
    is_flag=True,
    help="One effect at a time instead, from its weakest to its strongest.",
)
@click.option("--effect", "names", multiple=True, metavar="NAME", help="Only this one. Repeatable.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("preview.png"),
    show_default=True,
    help="The picture; a page with the settings of each line stands beside it.",
)
def command(n: int, effects: bool, names: tuple[str, ...], out: Path, **values: Any) -> None:
    """Draw a contact sheet: the first N lines that `render` would draw, or single effects."""
    from datagen.render.preview import effect_sheet, random_sheet, write_sheet

    plan, look = plan_settings(values), look_settings(values)
    single = effects or names
    sheet = effect_sheet(plan, look, names) if single else random_sheet(plan, look, n)
    for path in write_sheet(sheet, out):
        click.echo(path)
