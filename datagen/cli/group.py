"""The click group of `ocrgen`."""

import click

from datagen.cli import MODULES
from datagen.cli.lazy import LazyGroup

COMPLETION = (
    'Completion in bash: eval "$(_OCRGEN_COMPLETE=bash_source ocrgen)";'
    " zsh_source and fish_source serve zsh and fish."
)


@click.group(cls=LazyGroup, modules=MODULES, epilog=COMPLETION)
@click.version_option(package_name="ocrgen")
def main() -> None:
    """Render labelled images of Chinese text lines and pack them for training."""
