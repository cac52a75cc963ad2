"""The click group of `ocrtrain`."""

import click

from datagen.cli.lazy import LazyGroup
from training.cli import MODULES


@click.group(cls=LazyGroup, modules=MODULES)
@click.version_option(package_name="ocrgen")
def main() -> None:
    """Train, evaluate and use a recogniser of Chinese text lines."""
