"""`ocrtrain import`: make a model file of weights that others trained."""

from pathlib import Path

import click


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.option(
    "--alphabet",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="Character list that the network was trained with, such as char_std_5990.txt.",
)
@click.option(
    "--blank",
    type=click.Choice(["first", "last"]),
    default="first",
    show_default=True,
    help="Where the network's outputs have the CTC blank.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Model file to write; default: beside the weights, as .model.safetensors.",
)
def command(weights: Path, alphabet: Path, blank: str, out: Path | None) -> None:
    """Make a model file of WEIGHTS, a state dict of crnn, crnn_v2 or crnn_res (.pth, .safetensors).

    Parameters have the published names (conv1, bn3, rnn.0.rnn and so on), with or without
    `module.`. The network must have been trained on gray lines 32 px high, scaled to [-1, 1].
    The written file is read by every command that takes --checkpoint, and by `fit --init`.
    """
    from training.require import require

    require("torch", "safetensors", extra="train")
    from datagen.alphabet import read_list
    from training.model.foreign_weights import import_weights

    characters = read_list(alphabet)
    for note in characters.notes:
        click.echo(f"note: {note}", err=True)
    out = out or weights.with_suffix(".model.safetensors")
    done = import_weights(weights, characters, blank, out)
    dropped = f", {done.dropped} outputs of duplicates dropped" if done.dropped else ""
    click.echo(f"wrote {out}: {done.model}, {done.classes:,} classes{dropped}")
