"""The click group of `ocrgen`."""

import click

from datagen.cli import MODULES
from datagen.cli.lazy import LazyGroup


@click.group(cls=LazyGroup, modules=MODULES)
@click.version_option(package_name="ocrgen")
def main() -> None:
    """Render labelled images of Chinese text lines and pack them for training."""
