"""Copies of what URLs name, with a line that says how much comes and a bar while it does."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen.cli.bar import bar

if TYPE_CHECKING:
    from ocrbase.store_copies import Fetch, Wanted

cache_option = click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="stores, in OCRGEN_CACHE or the platform's own cache folder",
    help="Folder for copies of data that a URL names.",
)


def fetcher(cache: Path | None) -> "Fetch":
    """What makes copies in a cache folder and shows it."""
    from ocrbase.store_copies import everything, local_folder
    from ocrbase.stores import is_url

    def fetch(text: str, *, wanted: "Wanted" = everything) -> Path:
        if not is_url(text):
            return local_folder(text)
        with bar("B") as progress:
            return local_folder(text, cache=cache, wanted=wanted, say=_say, progress=progress)

    return fetch


def _say(line: str) -> Any:
    click.echo(line, err=True)
