"""`ocrtrain lm`: character n-gram models for the beam search."""

from pathlib import Path

import click

from datagen.cli.lazy import OrderedGroup
from datagen.cli.options import alphabet_option
from training.cli.options import out_option


@click.group(cls=OrderedGroup)
def command() -> None:
    """Build character n-gram models, with which the beam search tells look-alikes apart."""


@command.command()
@click.option(
    "--corpus",
    "specs",
    multiple=True,
    required=True,
    metavar="NAME|PATH",
    help="Built-in or added corpus, or a UTF-8 text file or folder. Repeatable.",
)
@out_option("Language model to write, an .npz file.", None)
@click.option(
    "--order",
    type=click.IntRange(1, 4),
    default=3,
    show_default=True,
    metavar="N",
    help="Length of the longest n-gram in characters.",
)
@alphabet_option("Built-in alphabet or character list of the network.")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE|NAME",
    help="Model file or .onnx file whose alphabet is used, instead of --alphabet.",
)
def build(
    specs: tuple[str, ...],
    out: Path,
    order: int,
    alphabet: str | None,
    checkpoint: Path | None,
) -> None:
    """Count the n-grams in the text of corpora, for `predict --lm` and `evaluate --lm`."""
    import numpy as np

    from corpora import open_corpus
    from datagen.alphabet import load
    from ocrbase.outputs import check_output, holds
    from training.inference.language_model import FILE_MARK, save
    from training.inference.language_model import build as build_model
    from training.inference.scorers import open_scorer

    if checkpoint is not None and alphabet is not None:
        raise click.UsageError("--alphabet and --checkpoint exclude one another.")
    check_output(out, is_ours=holds(FILE_MARK))
    classes = open_scorer(checkpoint).alphabet if checkpoint is not None else load(alphabet)
    corpora = [open_corpus(spec) for spec in specs]
    sources = tuple(f"{c.name}: {c.licence}" for c in corpora)
    sentences = (sentence for corpus in corpora for sentence in corpus.sentences())
    model = build_model(sentences, classes, order, sources)
    save(model, out)
    counts = np.diff(model.table.offsets).tolist()
    kinds = ", ".join(f"{count:,} of order {n}" for n, count in enumerate(counts, start=1))
    click.echo(
        f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB): {model.characters:,} characters of"
        f" {', '.join(c.name for c in corpora)}; n-grams: {kinds}"
    )
