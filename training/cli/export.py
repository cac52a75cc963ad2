"""`ocrtrain export`: write a model as ONNX."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen.cli.bar import bar
from datagen.cli.fetching import cache_option, fetcher
from training.cli.options import checkpoint_option, data_option, limit_option

if TYPE_CHECKING:
    from datagen.line_images import Gray


@click.command()
@checkpoint_option
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    show_default="NAME.onnx or the like beside the checkpoint; for a bundled model, in this folder",
    help="ONNX file to write; with --for paddle, the folder.",
)
@click.option(
    "--for",
    "consumer",
    type=click.Choice(["ocrtrain", "rapidocr", "paddle"]),
    default="ocrtrain",
    show_default=True,
    help="Who reads with it: `ocrtrain predict`, RapidOCR (its Rec.model_path), or"
    " PaddleOCR and PaddleX (their model_dir).",
)
@click.option(
    "--int8", is_flag=True, help="Quantise the weights to 8 bits, and measure the loss of accuracy."
)
@data_option("data/lmdb if it exists, else freshly rendered lines")
@cache_option
@limit_option(200)
def command(
    checkpoint: Path | None,
    out: Path | None,
    consumer: str,
    int8: bool,
    data: str | None,
    cache: Path | None,
    limit: int,
) -> None:
    """Write a model as ONNX, for batches of any size and width, and check it against torch.

    The file includes the scaling of gray levels, the alphabet and the geometry of the time steps;
    `ocrtrain predict --checkpoint FILE.onnx` reads with it where torch is not installed. With
    --for rapidocr the file takes RapidOCR's input; give it as Rec.model_path with Rec.rec_img_shape
    [3, 32, 320].
    With --for paddle a folder is written that PaddleOCR and PaddleX take as model_dir, with
    model_name PP-OCRv5_mobile_rec and engine onnxruntime; Paddle's own engines cannot run it.
    """
    if int8 and consumer != "ocrtrain":
        raise click.UsageError(f"--int8: not with --for {consumer}")
    from training.require import require

    require("torch", "safetensors", extra="train")
    require("onnx", extra="export")
    from datagen.formats.data_folders import data_folder
    from datagen.split import Split
    from ocrbase.outputs import check_output, holds
    from training.evaluation.evaluate import evaluate
    from training.evaluation.labelled import open_or_render, some_lines
    from training.evaluation.report import build_report, shown, verdict
    from training.export import export
    from training.export_paddle import GRAPH_FILE, SETTINGS_FILE
    from training.export_rapidocr import FILE_MARK
    from training.inference.line_reader import LineReader
    from training.inference.scorers import ONNX_FORMAT, OnnxScorer, TorchScorer
    from training.model.bundled import BUNDLED
    from training.model.checkpoint import default_model

    checkpoint = default_model() if checkpoint is None else checkpoint
    beside = Path(checkpoint.name) if checkpoint.parent == BUNDLED else checkpoint
    suffix = {"rapidocr": ".rapidocr.onnx", "paddle": ".paddle"}.get(consumer, ".onnx")
    out = out or beside.with_suffix(".int8.onnx" if int8 else suffix)
    _check_name(out)
    if consumer == "paddle":
        check_output(out / GRAPH_FILE, is_ours=holds(FILE_MARK))
        check_output(out / SETTINGS_FILE)
    else:
        check_output(out, is_ours=holds(ONNX_FORMAT if consumer == "ocrtrain" else FILE_MARK))
    folder = None if data is None else data_folder(data, fetcher(cache), Split.VAL)
    with open_or_render(folder, limit) as (source, name):
        lines = some_lines(source, name, limit)
        if consumer != "ocrtrain":
            _for_others(consumer, checkpoint, out, lines, name)
            return
        with bar(" lines") as progress:
            check = export(checkpoint, out, lines, int8=int8, progress=progress)
        click.echo(
            f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB) from {checkpoint}: on {check.lines:,}"
            f" lines of {name} logits differ from torch's by at most {check.largest:.2g},"
            f" {check.same_text:,} texts are the same"
        )
        if not int8:
            return
        evaluations = []
        for scorer in (TorchScorer(checkpoint), OnnxScorer(out)):
            with bar(" lines") as progress:
                reader = LineReader(scorer)
                evaluations.append(evaluate(reader, source, name, limit=limit, progress=progress))
    before, after = evaluations
    report = build_report(before, other=after)
    assert report.comparison is not None
    click.echo(
        f"line accuracy {shown(report.strict.line_accuracy)} before,"
        f" {shown(report.comparison.strict.line_accuracy)} after; CER {shown(report.strict.cer)}"
        f" before, {shown(report.comparison.strict.cer)} after:"
        f" {verdict(report.comparison.paired, 'the float network', 'the int8 network')}"
    )


def _check_name(out: Path) -> None:
    """Refuse what torch and ONNX Runtime, which take names as UTF-8, could not open."""
    from training.errors import ReadError

    try:
        str(out).encode()
    except UnicodeEncodeError as error:
        raise ReadError(
            f"--out {str(out)!r} is not UTF-8, which the libraries for ONNX need: choose another"
            " name"
        ) from error


def _for_others(consumer: str, checkpoint: Path, out: Path, lines: "list[Gray]", name: str) -> None:
    from training.export_paddle import GRAPH_FILE, export_paddle
    from training.export_rapidocr import export_rapidocr

    with bar(" lines") as progress:
        if consumer == "paddle":
            check, graph = export_paddle(checkpoint, out, lines, progress), out / GRAPH_FILE
        else:
            check, graph = export_rapidocr(checkpoint, out, lines, progress), out
    click.echo(
        f"wrote {out} ({graph.stat().st_size / 1e6:.1f} MB) from {checkpoint}: on {check.lines:,}"
        f" lines of {name} probabilities differ from torch's by at most {check.largest:.2g},"
        f" {check.same_text:,} texts are as `ocrtrain predict` reads them"
    )
