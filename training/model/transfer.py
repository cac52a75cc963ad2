"""Start from the weights of another model, whose alphabet may differ."""

from pathlib import Path

import torch

from datagen.alphabet import Alphabet
from training.errors import CheckpointError
from training.model.checkpoint import LoadedModel, load_model
from training.model.recogniser import Recogniser

CLASS_LAYER = "rnn.1.embedding"


def start_from(network: Recogniser, alphabet: Alphabet, path: Path) -> str:
    """Copy the weights of a model file; classes that both alphabets have keep theirs by character.

    New classes keep their fresh initialisation.

    Returns:
        What was done, in a line.

    Raises:
        CheckpointError: if the networks differ in more than their classes.
    """
    model = load_model(path)
    _check_shapes(network, model, path)
    ours, theirs = network.state_dict(), model.network.state_dict()
    shared = _shared(alphabet, model.alphabet)
    rows = torch.tensor([pair[0] for pair in shared])
    their_rows = torch.tensor([pair[1] for pair in shared])
    for name, tensor in ours.items():
        if name.startswith(CLASS_LAYER):
            tensor[rows] = theirs[name][their_rows]
        else:
            tensor.copy_(theirs[name])
    new = len(alphabet) - len(shared)
    return f"weights: {path}, {len(shared):,} classes kept by character, {new:,} new"


def _shared(ours: Alphabet, theirs: Alphabet) -> list[tuple[int, int]]:
    """(our class, their class) of every character in both, and of the blank."""
    their_class = {symbol: i for i, symbol in enumerate(theirs.symbols)}
    return [(i, their_class[s]) for i, s in enumerate(ours.symbols) if s in their_class]


def _check_shapes(network: Recogniser, model: LoadedModel, path: Path) -> None:
    ours, theirs = network.settings, model.settings
    wrong = [
        f"{name} {getattr(theirs, name)}, not {getattr(ours, name)}"
        for name in ("model", "channels", "hidden", "width_multiplier")
        if getattr(ours, name) != getattr(theirs, name)
    ]
    if wrong:
        raise CheckpointError(
            f"{path} is another network: {'; '.join(wrong)}; name the same with --model,"
            " --channels, --hidden and --width-multiplier"
        )
