"""The click group of `ocrtrain`."""

import click

from datagen.cli.lazy import LazyGroup
from training.cli import MODULES

COMPLETION = (
    'Completion in bash: eval "$(_OCRTRAIN_COMPLETE=bash_source ocrtrain)";'
    " zsh_source and fish_source serve zsh and fish."
)


@click.group(cls=LazyGroup, modules=MODULES, epilog=COMPLETION)
@click.version_option(package_name="ocrgen")
def main() -> None:
    """Train, evaluate and use a recogniser of Chinese text lines."""
