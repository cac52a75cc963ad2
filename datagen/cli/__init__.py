"""The `ocrgen` command line, one module a command."""

import sys

import click

from datagen.cli.lazy import LazyGroup

MODULES = {
    "render": "datagen.cli.render",
    "preview": "datagen.cli.preview",
    "alphabet": "datagen.cli.alphabet",
    "pack": "datagen.cli.pack",
    "fonts": "datagen.cli.fonts",
    "corpus": "datagen.cli.corpus",
    "verify": "datagen.cli.verify",
    "stats": "datagen.cli.stats",
    "import": "datagen.cli.import_data",
    "export": "datagen.cli.export_data",
}


@click.group(cls=LazyGroup, modules=MODULES)
@click.version_option(package_name="ocrgen")
def main() -> None:
    """Render labelled images of Chinese text lines and pack them for training."""


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main())
