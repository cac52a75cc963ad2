"""`ocrtrain export`: write a model as ONNX."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli.options import checkpoint_option, data_option, limit_option, out_option

if TYPE_CHECKING:
    from datagen.line_images import Gray


@click.command()
@checkpoint_option
@out_option(
    "ONNX file to write.",
    "NAME.onnx or NAME.int8.onnx beside the checkpoint; for a bundled model, in this folder",
)
@click.option(
    "--for",
    "consumer",
    type=click.Choice(["ocrtrain", "rapidocr"]),
    default="ocrtrain",
    show_default=True,
    help="Who reads with the file: `ocrtrain predict --onnx`, or RapidOCR (its Rec.model_path).",
)
@click.option(
    "--int8", is_flag=True, help="Quantise the weights to 8 bits, and measure the loss of accuracy."
)
@data_option("data/lmdb if it exists, else freshly rendered lines")
@limit_option(200)
def command(
    checkpoint: Path | None,
    out: Path | None,
    consumer: str,
    int8: bool,
    data: Path | None,
    limit: int,
) -> None:
    """Write a model as ONNX, for batches of any size and width, and check it against torch.

    The file includes the scaling of gray levels, the alphabet and the geometry of the time steps;
    `ocrtrain predict --onnx` reads with it where torch is not installed. With --for rapidocr the
    file takes RapidOCR's input; give it as Rec.model_path with Rec.rec_img_shape [3, 32, 320].
    """
    if int8 and consumer != "ocrtrain":
        raise click.UsageError(f"--int8: not with --for {consumer}")
    from training.require import require

    require("torch", "safetensors", extra="train")
    require("onnx", extra="export")
    from ocrbase.outputs import check_output, holds
    from training.evaluation.evaluate import evaluate
    from training.evaluation.labelled import open_or_render, some_lines
    from training.evaluation.report import build_report, shown, verdict
    from training.export import export
    from training.export_rapidocr import OUTPUT_NAME
    from training.inference.line_reader import LineReader
    from training.inference.scorers import ONNX_FORMAT, OnnxScorer, TorchScorer
    from training.model.bundled import BUNDLED
    from training.model.checkpoint import default_model

    checkpoint = default_model() if checkpoint is None else checkpoint
    beside = Path(checkpoint.name) if checkpoint.parent == BUNDLED else checkpoint
    suffix = ".int8.onnx" if int8 else ".onnx" if consumer == "ocrtrain" else f".{consumer}.onnx"
    out = out or beside.with_suffix(suffix)
    check_output(out, is_ours=holds(ONNX_FORMAT if consumer == "ocrtrain" else OUTPUT_NAME))
    with open_or_render(data, limit) as (source, name):
        lines = some_lines(source, name, limit)
        if consumer == "rapidocr":
            _for_rapidocr(checkpoint, out, lines, name)
            return
        check = export(checkpoint, out, lines, int8=int8)
        click.echo(
            f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB) from {checkpoint}: on {check.lines:,}"
            f" lines of {name} logits differ from torch's by at most {check.largest:.2g},"
            f" {check.same_text:,} texts are the same"
        )
        if not int8:
            return
        before, after = (
            evaluate(LineReader(scorer), source, name, limit=limit)
            for scorer in (TorchScorer(checkpoint), OnnxScorer(out))
        )
    report = build_report(before, other=after)
    assert report.comparison is not None
    click.echo(
        f"line accuracy {shown(report.strict.line_accuracy)} before,"
        f" {shown(report.comparison.strict.line_accuracy)} after; CER {shown(report.strict.cer)}"
        f" before, {shown(report.comparison.strict.cer)} after: {verdict(report.comparison.paired)}"
    )


def _for_rapidocr(checkpoint: Path, out: Path, lines: "list[Gray]", name: str) -> None:
    from training.export_rapidocr import export_rapidocr

    check = export_rapidocr(checkpoint, out, lines)
    click.echo(
        f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB) from {checkpoint}: on {check.lines:,}"
        f" lines of {name} probabilities differ from torch's by at most {check.largest:.2g},"
        f" {check.same_text:,} texts are as `ocrtrain predict` reads them"
    )
