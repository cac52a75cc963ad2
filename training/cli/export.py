"""`ocrtrain export`: write a model as ONNX."""

from pathlib import Path

import click

from training.cli.options import checkpoint_option


@click.command()
@checkpoint_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; default: beside the checkpoint, as .onnx or .int8.onnx; of a bundled model"
    " here.",
)
@click.option("--int8", is_flag=True, help="Quantise weights to 8 bits, and measure what it costs.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Labelled lines to check the file with, as for `evaluate`; default: data/lmdb, or fresh"
    " lines of the built-in text where it is not there.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Lines to check with, spread over the data.",
)
def command(
    checkpoint: Path | None, out: Path | None, int8: bool, data: Path | None, limit: int
) -> None:
    """Write a model as ONNX, for any number of lines of any width, and check it against torch.

    The file holds the scaling of the images, the alphabet and the geometry of the frames;
    `ocrtrain predict --onnx` reads with it where torch is not installed.
    """
    from training.require import require

    require("torch", "safetensors", extra="train")
    require("onnx", extra="export")
    from training.evaluation.evaluate import evaluate
    from training.evaluation.labelled import open_or_render
    from training.evaluation.report import report, shown, verdict
    from training.export import export
    from training.inference.line_images import read_line
    from training.inference.predict import LineReader
    from training.inference.scorers import OnnxScorer, TorchScorer
    from training.model.checkpoint import BUNDLED, default_model

    checkpoint = default_model() if checkpoint is None else checkpoint
    beside = Path(checkpoint.name) if checkpoint.parent == BUNDLED else checkpoint
    out = out or beside.with_suffix(".int8.onnx" if int8 else ".onnx")
    with open_or_render(data, limit) as (source, name):
        count = min(limit, len(source))
        lines = [
            read_line(image).pixels
            for image in source.read([i * len(source) // count for i in range(count)]).images
        ]
        check = export(checkpoint, out, lines, int8=int8)
        click.echo(
            f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB) from {checkpoint}: on {check.lines}"
            f" lines of {name} logits differ from torch's by at most {check.largest:.2g},"
            f" {check.same_text} texts are the same"
        )
        if not int8:
            return
        before, after = (
            evaluate(LineReader(scorer), source, name, limit=limit)
            for scorer in (TorchScorer(checkpoint), OnnxScorer(out))
        )
    made = report(before, other=after)
    assert made.comparison is not None
    click.echo(
        f"line accuracy {shown(made.strict.line_accuracy)} before,"
        f" {shown(made.comparison.strict.line_accuracy)} after; CER {shown(made.strict.cer)}"
        f" before, {shown(made.comparison.strict.cer)} after: {verdict(made.comparison.paired)}"
    )
