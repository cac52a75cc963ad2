"""`ocrgen style`: how lines look, and every key of it."""

import click

from datagen.cli.lazy import OrderedGroup
from datagen.cli.options import format_option
from datagen.cli.tables import print_rows

FORMAT = format_option()


@click.group(cls=OrderedGroup)
def command() -> None:
    """List the presets, and show every key of a style with its unit and meaning."""


@command.command("list")
@FORMAT
def list_styles(form: str) -> None:
    """List the presets that come with ocrgen."""
    from datagen.drawing.style import DEFAULT_PRESET, about, preset_names

    marks, names = {DEFAULT_PRESET: "default"}, preset_names()
    rows = [{"style": n, "default": marks.get(n, ""), "about": about(n)} for n in names]
    print_rows(rows, form)


@command.command()
@click.argument("style")
@FORMAT
def show(style: str, form: str) -> None:
    """Show every key of STYLE, a preset or a TOML file, with its unit, limits and meaning.

    The plain form is a TOML file itself: `ocrgen style show print > my.toml`, edit it, and draw
    with --style my.toml.
    """
    from datagen.drawing.style import load_style
    from datagen.drawing.style_keys import as_toml, keys_of

    keys = keys_of(load_style(style))
    if form == "plain":
        click.echo(as_toml(keys))
    else:
        print_rows([key.to_json() for key in keys], form)
