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
    target, source = network.state_dict(), model.network.state_dict()
    shared = _shared(alphabet, model.alphabet)
    rows = torch.tensor([pair[0] for pair in shared])
    source_rows = torch.tensor([pair[1] for pair in shared])
    for name, tensor in target.items():
        if name.startswith(CLASS_LAYER):
            tensor[rows] = source[name][source_rows]
        else:
            tensor.copy_(source[name])
    new = len(alphabet) - len(shared)
    return f"weights: {path}, {len(shared):,} classes kept by character, {new:,} new"


def _shared(target: Alphabet, source: Alphabet) -> list[tuple[int, int]]:
    """(class in the target, class in the source) of each character in both, and of the blank."""
    source_class = {symbol: i for i, symbol in enumerate(source.symbols)}
    return [(i, source_class[s]) for i, s in enumerate(target.symbols) if s in source_class]


def _check_shapes(network: Recogniser, model: LoadedModel, path: Path) -> None:
    target, source = network.settings, model.settings
    wrong = [
        f"{name} {getattr(source, name)}, not {getattr(target, name)}"
        for name in ("model", "channels", "hidden", "width_multiplier")
        if getattr(target, name) != getattr(source, name)
    ]
    if wrong:
        raise CheckpointError(
            f"{path} is another network: {'; '.join(wrong)}; name the same with --model,"
            " --channels, --hidden and --width-multiplier"
        )
