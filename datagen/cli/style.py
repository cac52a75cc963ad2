"""`ocrgen style`: how lines look, every key of it, and styles fitted to real lines."""

from pathlib import Path

import click

from datagen.cli.bar import bar
from datagen.cli.lazy import OrderedGroup
from datagen.cli.options import format_option, number_option, out_file
from datagen.cli.tables import print_rows
from datagen.likeness import DRAWN_LINES
from datagen.text.plan_settings import PlanSettings
from ocrbase.settings import default_of

FORMAT = format_option()


@click.group(cls=OrderedGroup)
def command() -> None:
    """List the presets, show every key of a style, and fit a style to real lines."""


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


@command.command()
@click.argument("folder", type=click.Path(path_type=Path))
@out_file("Style file to write.", required=True)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a page with the distributions, and with real and rendered lines.",
)
@click.option(
    "--preset", metavar="NAME|FILE", show_default="the nearest", help="Style to start from."
)
@click.option(
    "--corpus",
    "corpora",
    multiple=True,
    metavar="NAME[:WEIGHT]",
    default=default_of(PlanSettings, "corpora"),
    help="Text of the lines that are drawn to compare. Repeatable.",
)
@number_option("Lines drawn per round.", default=DRAWN_LINES, least=16, most=2000)
@click.option("--seed", type=int, default=default_of(PlanSettings, "seed"), help="Random seed.")
def fit(
    folder: Path,
    out: Path,
    html: Path | None,
    preset: str | None,
    corpora: tuple[str, ...],
    n: int,
    seed: int,
) -> None:
    """Fit a style to the images of single real lines in FOLDER, which need no labels.

    Lines are drawn, measured and compared with the real ones, and ranges are moved until they
    measure alike. Give 30 lines or more; the table says how far each setting is known.
    """
    from datagen.drawing.style_keys import changes_toml
    from datagen.likeness.crops import read_crops
    from datagen.likeness.fit import fit_style
    from datagen.likeness.fit_page import HEAD, MAKER, page, rows
    from ocrbase.outputs import PAGES, check_output
    from ocrbase.publishing import publish_text

    check_output(out)
    if html is not None:
        check_output(html, endings=PAGES)
    crops = read_crops(folder)
    with bar(" steps") as progress:
        fitted = fit_style(
            crops, corpora=corpora, seed=seed, lines=n, preset=preset or "", progress=progress
        )
    publish_text(out, changes_toml(fitted.style, fitted.preset, MAKER))
    if html is not None:
        publish_text(html, page(fitted, crops))
    print_rows([dict(zip(HEAD, row, strict=True)) for row in rows(fitted)], "plain")
    lengths = f"{fitted.plan.length_min}-{fitted.plan.length_max}"
    click.echo(f"{out}: from preset {fitted.preset}; render with --style {out} --length {lengths}")
    if html is not None:
        click.echo(f"page: {html}")
