"""`ocrgen studio`: the command line."""

from pathlib import Path

import click

from ocrbase.settings import default_of
from pipelines.studio.settings import LANGUAGES, StudioSettings


@click.command()
@click.option(
    "--host",
    default=default_of(StudioSettings, "host"),
    help="Address to listen on. Whoever reaches it can read your files: it is this machine alone"
    " unless you say otherwise.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=default_of(StudioSettings, "port"),
    help="TCP port.",
)  # fmt: skip
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=default_of(StudioSettings, "language"),
    help="Language of the page at first.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_of(StudioSettings, "data"),
    help="Folder in which data sets are looked for.",
)
@click.option(
    "--corrections",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_of(StudioSettings, "corrections"),
    help="Folder that receives corrected lines, for 'ocrgen import tsv'.",
)
@click.option(
    "--browser/--no-browser",
    "open_browser",
    default=default_of(StudioSettings, "open_browser"),
    help="Open the page in a browser.",
)
def command(
    host: str, port: int, language: str, data: Path, corrections: Path, open_browser: bool
) -> None:
    """Look at styles, data, readings and runs in a browser, until Ctrl-C.

    Move the ranges of a style and see lines follow; browse and search a data set; drop an image,
    see how it is read, correct it; follow runs and compare two models. Needs the extra
    `ocrgen[studio]`.
    """
    from training.require import require

    require("nicegui", extra="studio")
    from pipelines.studio.app import serve

    settings = StudioSettings(
        host=host, port=port, language=language, data=data, corrections=corrections,
        open_browser=open_browser,
    )  # fmt: skip
    if not settings.is_local:
        click.echo(f"other machines that reach {host} can use this page and read your files")
    serve(settings)
