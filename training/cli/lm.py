"""`ocrtrain lm`: character n-gram models for the beam search."""

from pathlib import Path

import click


@click.group()
def command() -> None:
    """Build language models that help the beam search choose between look-alikes."""


@command.command()
@click.option(
    "--corpus",
    "specs",
    multiple=True,
    required=True,
    help="Built-in or added corpus, or a UTF-8 file or folder; may be repeated.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write, .npz.",
)
@click.option(
    "--order",
    type=click.IntRange(1, 4),
    default=3,
    show_default=True,
    help="Characters of the longest n-gram.",
)
@click.option(
    "--alphabet",
    "alphabet_path",
    type=click.Path(path_type=Path),
    help="List file of the network's classes; default: the built-in alphabet.",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="Take the alphabet of this model file or .onnx file.",
)
def build(
    specs: tuple[str, ...],
    out: Path,
    order: int,
    alphabet_path: Path | None,
    checkpoint: Path | None,
) -> None:
    """Count the n-grams of corpora, all of their text, for `predict --lm` and `evaluate --lm`."""
    from corpora import open_corpus
    from datagen.alphabet import load
    from training.inference.language_model import build as build_model
    from training.inference.language_model import save
    from training.inference.scorers import open_any

    if checkpoint is not None and alphabet_path is not None:
        raise click.UsageError("--alphabet and --checkpoint exclude one another.")
    alphabet = open_any(checkpoint).alphabet if checkpoint is not None else load(alphabet_path)
    corpora = [open_corpus(spec) for spec in specs]
    sources = tuple(f"{c.name}: {c.licence}" for c in corpora)
    sentences = (sentence for corpus in corpora for sentence in corpus.sentences())
    model = build_model(sentences, alphabet, order, sources)
    save(model, out)
    counts = [
        int(b - a) for a, b in zip(model.table.offsets, model.table.offsets[1:], strict=False)
    ]
    kinds = ", ".join(f"{count:,} of order {n}" for n, count in enumerate(counts, start=1))
    click.echo(
        f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB): {model.characters:,} characters of"
        f" {', '.join(c.name for c in corpora)}; n-grams: {kinds}"
    )
