"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

checkpoint_option = click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE|NAME",
    help="Model file or bundled model; default: the best of the newest run, and where there is no"
    " run, the bundled crnn_v2.",
)


def decoding_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where the network runs and how its logits become text; `open_decoder` takes the latter."""
    options = [
        click.option(
            "--device", help="Device in torch's words, such as cpu or cuda:1; default: a GPU."
        ),
        click.option(
            "--decoder",
            type=click.Choice(["greedy", "beam"]),
            help="Default: greedy; beam with --lm or --beam-width.",
        ),
        click.option(
            "--lm",
            type=click.Path(path_type=Path),
            help="Language model written by `ocrtrain lm build`.",
        ),
        click.option(
            "--beam-width", type=click.IntRange(1, 1000), help="Prefixes that a beam keeps."
        ),
        click.option("--lm-weight", type=click.FloatRange(0), help="Weight of the language model."),
    ]
    for option in reversed(options):
        function = option(function)
    return function
