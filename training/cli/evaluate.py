"""`ocrtrain evaluate`: how well a model reads labelled lines."""

from pathlib import Path

import click

from datagen.cli.bar import bar
from datagen.cli.fetching import cache_option, fetcher
from datagen.cli.options import format_option
from datagen.cli.tables import print_tsv
from datagen.pack.pack_settings import PackSettings
from training.cli.options import (
    data_option,
    decoding_options,
    limit_option,
    model_options,
)


@click.command()
@data_option(PackSettings.out)
@cache_option
@click.option(
    "--split",
    type=click.Choice(["train", "val"]),
    show_default="val of packed data, all lines of a render",
    help="Lines to read. Renders are divided as by the model's run, or as by `ocrgen pack`.",
)
@click.option(
    "--allow-outside",
    is_flag=True,
    help="Follow image names in a list that are absolute paths or lead out of its folder.",
)
@model_options
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    metavar="FILE|NAME",
    help="Second model, as for --checkpoint, to read the same lines with; the difference is tested"
    " for significance.",
)
@limit_option(None)
@format_option(help="plain: tables; tsv: one row per group of lines; json: everything.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a page with all tables and the images of the worst lines.",
)
@decoding_options
def command(
    data: str | None,
    cache: Path | None,
    split: str | None,
    allow_outside: bool,
    checkpoint: Path | None,
    onnx: Path | None,
    compare: Path | None,
    limit: int | None,
    form: str,
    html: Path | None,
    device: str | None,
    decoder: str | None,
    lm: Path | None,
    beam_width: int | None,
    lm_weight: float | None,
    spaces: bool,
) -> None:
    """Measure line accuracy, CER and 1-NED on labelled lines, and show where the errors are.

    Lines are read exactly as `ocrtrain predict` reads image files.
    """
    import json

    from datagen.formats.data_folders import data_folder
    from datagen.split import Split
    from ocrbase.errors import listed
    from ocrbase.outputs import PAGES, check_output
    from ocrbase.publishing import publish_text
    from training.evaluation.evaluate import Evaluation, evaluate, training_occurrences
    from training.evaluation.labelled import open_labelled
    from training.evaluation.report import as_json, as_rows, as_table, build_report
    from training.fitting.run_records import split_of_run
    from training.inference.decoders import open_decoder
    from training.inference.line_reader import LineReader, ReadSettings
    from training.inference.scorers import Scorer, open_scorer

    if html is not None:
        check_output(html, endings=PAGES)
    data = data or PackSettings.out
    folder = data_folder(data, fetcher(cache), Split(split or "val"))
    scorer = open_scorer(checkpoint, onnx, device)
    source = open_labelled(
        folder,
        Split(split) if split else None,
        allow_outside=allow_outside,
        rule=split_of_run(Path(scorer.name)),
    )
    name = source.name.replace(str(folder), data)

    def run(scorer: Scorer) -> Evaluation:
        click.echo(f"reading with {scorer.name}", err=True)
        decode = open_decoder(decoder, lm, scorer.alphabet, width=beam_width, lm_weight=lm_weight)
        reader = LineReader(scorer, decode, ReadSettings(spaces=spaces))
        with bar(" lines") as progress:
            return evaluate(reader, source, name, limit=limit, progress=progress)

    evaluation = run(scorer)
    if evaluation.outside:
        click.echo(
            f"the model has no class for {listed([repr(c) for c in evaluation.outside])}"
            f" ({evaluation.outside.total():,} characters of the labels): they count as errors",
            err=True,
        )
    second = None
    if compare is not None:
        second = run(open_scorer(compare, device=device))
    report = build_report(evaluation, training_occurrences(source.info), second)
    if form == "json":
        click.echo(json.dumps(as_json(report), ensure_ascii=False, indent=1))
    elif form == "tsv":
        print_tsv(as_rows(report))
    else:
        click.echo(as_table(report))
    if html is not None:
        from training.evaluation.page import page
        from training.inference.image_decoding import read_line

        bad = source.read([line.position for line in report.worst]).images if report.worst else []
        images = [read_line(image).pixels for image in bad]
        publish_text(html, page(report, images))
        click.echo(f"wrote {html}", err=True)
