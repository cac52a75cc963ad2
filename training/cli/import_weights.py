"""`ocrtrain import`: make a model file of weights that others trained."""

from pathlib import Path

import click

from datagen.cli.options import alphabet_option
from training.cli.options import out_option


@click.command()
@click.argument("weights", type=click.Path(path_type=Path), metavar="WEIGHTS")
@alphabet_option(
    "Character list that the network was trained with, such as char_std_5990.txt, or the name of"
    " a built-in alphabet.",
    default="",
    required=True,
)
@click.option(
    "--blank",
    type=click.Choice(["first", "last"]),
    default="first",
    show_default=True,
    help="Class of the CTC blank among the network's outputs.",
)
@out_option("Model file to write.", "NAME.model.safetensors beside the weights")
def command(weights: Path, alphabet: str, blank: str, out: Path | None) -> None:
    """Make a model file from WEIGHTS, a state dict of crnn, crnn_v2 or crnn_res.

    WEIGHTS is a .pth or .safetensors file whose parameters have the published names (conv1, bn3,
    rnn.0.rnn and so on), with or without the prefix `module.`. The network must have been trained
    on gray lines 32 px high, scaled to [-1, 1]. Every command that takes --checkpoint reads the
    file that is written, and `fit --init` starts from it.
    """
    from training.require import require

    require("torch", "safetensors", extra="train")
    from datagen.alphabet import list_file, read_list
    from ocrbase.outputs import check_output, holds
    from training.model.checkpoint import FORMAT
    from training.model.foreign_weights import import_weights

    characters_file = list_file(alphabet)
    out = out or weights.with_suffix(".model.safetensors")
    check_output(out, inputs=[weights, characters_file], is_ours=holds(FORMAT))
    characters = read_list(characters_file)
    for note in characters.notes:
        click.echo(f"note: {note}", err=True)
    done = import_weights(weights, characters, blank, out)
    dropped = f", {done.dropped} outputs of duplicates dropped" if done.dropped else ""
    click.echo(f"wrote {out}: {done.model}, {done.classes:,} classes{dropped}")
