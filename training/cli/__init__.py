"""The `ocrtrain` command line, one module a command."""

import sys

import click

from datagen.cli.lazy import LazyGroup

MODULES: dict[str, str] = {
    "evaluate": "training.cli.evaluate",
    "export": "training.cli.export",
    "lm": "training.cli.lm",
    "fit": "training.cli.fit",
    "import": "training.cli.import_weights",
    "predict": "training.cli.predict",
}


@click.group(cls=LazyGroup, modules=MODULES)
@click.version_option(package_name="ocrgen")
def main() -> None:
    """Train, evaluate and use a recogniser of Chinese text lines."""


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main())
