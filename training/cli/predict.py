"""`ocrtrain predict`: read image files of text lines."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli.options import (
    checkpoint_option,
    decoding_options,
    format_option,
    onnx_option,
)

if TYPE_CHECKING:
    from training.inference.line_reader import Reading


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@format_option(
    "plain: the text; tsv: file, confidence, text; json: one object per image, with the confidence"
    " and centre of each character."
)
@checkpoint_option
@onnx_option
@decoding_options
@click.option(
    "--explain",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also draw how the first image is read, from class probabilities to text, as a PNG file.",
)
def command(
    paths: tuple[str, ...],
    form: str,
    checkpoint: Path | None,
    onnx: Path | None,
    device: str | None,
    decoder: str | None,
    lm: Path | None,
    beam_width: int | None,
    lm_weight: float | None,
    explain: Path | None,
) -> None:
    """Read the text in images of single lines.

    PATHS are image files, folders, glob patterns, or - for a list of paths on standard input. An
    image that cannot be read is named and skipped; the exit code is then 1.
    """
    from training.errors import ReadError
    from training.inference.decoders import open_decoder
    from training.inference.image_files import image_paths
    from training.inference.line_reader import LineReader
    from training.inference.scorers import open_scorer

    files = list(image_paths(paths, sys.stdin))
    if not files:
        raise ReadError("the list on standard input names no image")
    scorer = open_scorer(checkpoint, onnx, device)
    click.echo(f"reading with {scorer.name}", err=True)
    decode = open_decoder(decoder, lm, scorer.alphabet, width=beam_width, lm_weight=lm_weight)
    reader = LineReader(scorer, decode)
    if explain is not None:
        from training.inference.explain import explain_line

        explain_line(reader, files[0], explain)
        click.echo(f"drew {files[0]} into {explain}", err=True)
    show: Callable[[Reading], str] = {"plain": _plain, "tsv": _tsv, "json": _json}[form]
    bad = 0
    for reading in reader.read(files):
        if reading.error is None:
            click.echo(show(reading))
        else:
            bad += 1
            click.echo(f"{reading.source}: {reading.error}; skipped", err=True)
    if bad:
        click.echo(f"{bad} of {len(files)} files could not be read", err=True)
        click.get_current_context().exit(1)


def _plain(reading: "Reading") -> str:
    return reading.text


def _tsv(reading: "Reading") -> str:
    return f"{reading.source}\t{reading.confidence:.4f}\t{reading.text}"


def _json(reading: "Reading") -> str:
    characters = [
        {"text": c.text, "confidence": round(c.confidence, 4), "x_px": round(c.x_px, 1)}
        for c in reading.characters
    ]
    line = {
        "file": reading.source,
        "text": reading.text,
        "confidence": round(reading.confidence, 4),
        "characters": characters,
    }
    return json.dumps(line, ensure_ascii=False)
