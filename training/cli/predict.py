"""`ocrtrain predict`: read image files of text lines."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen.cli.options import format_option
from datagen.cli.tables import heading_wanted
from ocrbase.errors import listed, one_line
from training.cli.options import (
    decoding_options,
    model_options,
)

if TYPE_CHECKING:
    from training.inference.layout import Layout
    from training.inference.line_reader import LineReader, Reading

PAGE_FORMS = ("hocr", "alto", "pdf")
LINE_COLUMNS = ("file", "confidence", "text")
PAGE_COLUMNS = ("file", "page", "line", "confidence", "text")
FORMS = ("plain", "tsv", "json", *PAGE_FORMS)

LOW_CONFIDENCE = 0.7  # of 218 real lines the bundled model reads none right whose is lower
WAYS_OUT: "dict[Layout, str]" = {
    "two lines": "cut it into single lines, or add --page",
    "vertical text": "turn it if its characters lie on their side, else cut it into single"
    " characters: the networks read horizontal lines",
}


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@format_option(
    *FORMS,
    help="plain: the text; tsv: file, confidence, text; json: one object per image, with the"
    " confidence and centre of each character; with --page also hocr, alto (XML) and pdf"
    " (searchable).",
    header=False,
)
@model_options
@decoding_options
@click.option(
    "--explain",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also draw how the first image is read, from class probabilities to text, as a PNG or"
    " JPEG file.",
)
@click.option(
    "--page",
    is_flag=True,
    help="PATHS are whole pages, PDF files among them: find their lines first (needs the extra"
    " `page`).",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    show_default="standard output",
    help="With --page: file to write.",
)
@click.option(
    "--overlay",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="With --page: folder for a picture of each page with its lines framed and their text.",
)
@click.option(
    "--dpi",
    type=click.IntRange(36, 1200),
    metavar="N",
    default=200,
    show_default=True,
    help="With --page: resolution at which PDF files are drawn.",
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
    spaces: bool,
    explain: Path | None,
    page: bool,
    out: Path | None,
    overlay: Path | None,
    dpi: int,
) -> None:
    """Read the text in images of single lines, or with --page in whole pages.

    PATHS are image files, folders, glob patterns, or - for a list of paths on standard input. A
    file that cannot be read is named and skipped; the exit code is then 1. Without --checkpoint,
    the bundled model reads where the newest run's reads under 5 % of its validation lines.
    """
    _check(page, form, out, overlay, explain)
    from training.errors import ReadError
    from training.inference.decoders import open_decoder
    from training.inference.image_files import image_paths, listed_names
    from training.inference.line_reader import LineReader, ReadSettings
    from training.inference.scorers import open_scorer

    listing = listed_names(sys.stdin.buffer) if "-" in paths else []
    more = frozenset({".pdf"} if page else ())
    files = list(image_paths(paths, listing, more))
    if not files:
        raise ReadError("the list on standard input names no image")
    if checkpoint is None and onnx is None:
        checkpoint = _default_model()
    scorer = open_scorer(checkpoint, onnx, device)
    click.echo(f"reading with {scorer.name}", err=True)
    decode = open_decoder(decoder, lm, scorer.alphabet, width=beam_width, lm_weight=lm_weight)
    reader = LineReader(scorer, decode, ReadSettings(spaces=spaces))
    if page:
        _read_pages(reader, files, form, out, overlay, dpi)
        return
    drawn = explain is None or _explained(reader, files[0], explain)
    show: Callable[[Reading], str] = {"plain": _plain, "tsv": _tsv, "json": _json}[form]
    if form == "tsv" and heading_wanted():
        click.echo("\t".join(LINE_COLUMNS))
    bad = 0
    doubts = _Doubts()
    for reading in reader.read(files):
        if reading.error is None:
            click.echo(show(reading))
            doubts.note(reading)
        else:
            bad += 1
            click.echo(f"{one_line(reading.source)}: {reading.error}; skipped", err=True)
    for line in doubts.lines():
        click.echo(line, err=True)
    if bad:
        click.echo(f"{bad:,} of {len(files):,} files could not be read", err=True)
    if bad or not drawn:
        click.get_current_context().exit(1)


def _default_model() -> Path | None:
    """The model to read with where none is named; None leaves it to the scorer, without torch."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return None
    from training.model.checkpoint import model_to_read

    path, why = model_to_read()
    if why:
        click.echo(why, err=True)
    return path


class _Doubts:
    """What speaks against the readings of a call, one line per kind."""

    def __init__(self) -> None:
        self._read = 0
        self._unsure = 0
        self._sources: dict[Layout, list[str]] = {"two lines": [], "vertical text": []}

    def note(self, reading: "Reading") -> None:
        self._read += 1
        self._unsure += reading.confidence < LOW_CONFIDENCE
        if reading.layout in self._sources:
            self._sources[reading.layout].append(one_line(reading.source))

    def lines(self) -> list[str]:
        found = [
            f"likely {layout}, read as one: {listed(names, 3)}; {WAYS_OUT[layout]}"
            for layout, names in self._sources.items()
            if names
        ]
        if self._unsure:
            found.append(
                f"{self._unsure:,} of {self._read:,} lines with a confidence under"
                f" {LOW_CONFIDENCE}: expect errors. Cut images close to one upright line, scan them"
                " at 32 px per line or more, or read with another model (--checkpoint)"
            )
        return found


def _explained(reader: "LineReader", source: Path, out: Path) -> bool:
    """Draw a reading; without success say why, so that the files are read all the same."""
    from ocrbase.errors import UserError
    from training.inference.explain import explain_line

    try:
        explain_line(reader, source, out)
    except UserError as error:
        click.echo(f"nothing is drawn: {error}", err=True)
        return False
    click.echo(f"drew {source} into {out}", err=True)
    return True


def _check(
    page: bool, form: str, out: Path | None, overlay: Path | None, explain: Path | None
) -> None:
    """Refuse options that do not go together."""
    if not page:
        given = {"--out": out, "--overlay": overlay}
        alone = [name for name, value in given.items() if value is not None]
        alone += [f"--format {form}"] if form in PAGE_FORMS else []
        if alone:
            raise click.UsageError(f"{', '.join(alone)}: only with --page")
    elif explain is not None:
        raise click.UsageError("--explain draws how one line is read: not with --page")
    elif form == "pdf" and out is None:
        raise click.UsageError("--format pdf: name the file with --out")
    elif out is not None and (out.suffix.lower() == ".pdf") != (form == "pdf"):
        raise click.UsageError(f"--out {out}: .pdf is the ending for --format pdf, and no other")


def _read_pages(
    reader: "LineReader",
    files: list[Path],
    form: str,
    out: Path | None,
    overlay: Path | None,
    dpi: int,
) -> None:
    from ocrbase.outputs import MARK, check_output, holds
    from training.pages.job import read_files, with_overlays, write_document
    from training.pages.page_reader import PageReader

    if out is not None:
        check_output(out, inputs=files, is_ours=holds(MARK))  # which plain text cannot hold
    bad: list[str] = []

    def tell(line: str) -> None:
        bad.append(line)
        click.echo(line, err=True)

    readings = read_files(PageReader(reader), files, dpi, tell)
    if overlay is not None:
        readings = with_overlays(readings, overlay)
    heading = "\t".join(PAGE_COLUMNS) if form == "tsv" and heading_wanted() else ""
    write_document(readings, form, out, click.echo, heading)
    if bad:
        click.echo(f"{len(bad)} files or pages could not be read, of {len(files)} files", err=True)
        click.get_current_context().exit(1)


def _plain(reading: "Reading") -> str:
    return reading.text


def _tsv(reading: "Reading") -> str:
    return f"{one_line(reading.source)}\t{reading.confidence:.4f}\t{reading.text}"


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
    # Names that are not Unicode can be written as escapes alone.
    return json.dumps(line, ensure_ascii=not reading.source.isprintable())
