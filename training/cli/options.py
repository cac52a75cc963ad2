"""Options that several commands share: one description each, wherever they appear."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from datagen.cli.options import FiniteRange
from datagen.cli.urls import PathOrUrl
from training.inference.beam_settings import DEFAULT_BEAM
from training.model.bundled import DEFAULT_BUNDLED

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

DEFAULT_MODEL = f"best model of the newest run; without runs, the bundled {DEFAULT_BUNDLED}"

checkpoint_option = click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE|NAME",
    show_default=DEFAULT_MODEL,
    help="Model file, or name of a bundled model.",
)


def model_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The model to read with, of either kind; `open_scorer` takes both values."""
    checkpoint = click.option(
        "--checkpoint",
        type=click.Path(path_type=Path),
        metavar="FILE|NAME",
        show_default=DEFAULT_MODEL,
        help="Model to read with: a checkpoint, an .onnx file from `ocrtrain export` (needs no"
        " torch), or the name of a bundled model.",
    )
    onnx = click.option(
        "--onnx",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="As --checkpoint, for an ONNX file whatever its name.",
    )
    return checkpoint(onnx(function))


def data_option(default: str) -> Decorator:
    """Labelled lines to read; `default` says what is read without the option."""
    return click.option(
        "--data",
        type=PathOrUrl(),
        metavar="PATH|URL",
        show_default=default,
        help="Packed dataset, render, or list of lines FILE<TAB>TEXT.",
    )


def limit_option(default: int | None) -> Decorator:
    """How many lines to read."""
    return click.option(
        "-n",
        "--limit",
        type=click.IntRange(1),
        metavar="N",
        default=default,
        show_default="all lines" if default is None else True,
        help="Number of lines to read, spread evenly over the data.",
    )


def out_option(text: str, default: str | None) -> Decorator:
    """The file to write; required if there is no default."""
    return click.option(
        "-o",
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        required=default is None,
        show_default=default or False,
        help=text,
    )


def decoding_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where the network runs and how its logits become text; `open_decoder` takes the latter."""
    options = [
        click.option(
            "--device",
            metavar="DEVICE",
            show_default="cuda if there is a GPU, else cpu",
            help="Device to run on, in torch's notation: cpu, cuda, cuda:1.",
        ),
        click.option(
            "--decoder",
            type=click.Choice(["greedy", "beam"]),
            show_default="greedy; with --lm or --beam-width, beam",
            help="Best path, or prefix beam search.",
        ),
        click.option(
            "--lm",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Language model for the beam search, written by `ocrtrain lm build`.",
        ),
        click.option(
            "--beam-width",
            type=click.IntRange(1, 1000),
            metavar="N",
            show_default=str(DEFAULT_BEAM.width),
            help="Prefixes kept after each time step.",
        ),
        click.option(
            "--lm-weight",
            type=FiniteRange(0, 100),
            metavar="FLOAT",
            show_default=str(DEFAULT_BEAM.lm_weight),
            help="Weight of the language model's log-probabilities.",
        ),
        click.option(
            "--spaces",
            is_flag=True,
            help="Put spaces between Latin words by the gaps in the image, where the model's"
            " alphabet has no space; where it has one, it reads them itself.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function
