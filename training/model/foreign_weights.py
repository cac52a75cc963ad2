"""Weights of published networks as they circulate: a state dict without alphabet or settings.

They name parameters as this project does, perhaps with `module.` before each name, and may lie
in a training checkpoint under a key of their own. What such a file does not say, the order of
the classes and the class of the CTC blank, its user must.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from datagen.alphabet import CharacterList
from ocrbase.errors import listed
from ocrbase.inputs import open_regular
from training.errors import CheckpointError, first_line
from training.model.checkpoint import check_finite, save_model, with_weights
from training.model.model_settings import PUBLISHED, ModelSettings
from training.model.networks import build_from
from training.model.transfer import CLASS_LAYER

BLANKS = ("first", "last")
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")
MAX_PARAMETERS = 1_000_000_000
_COUNTER = "num_batches_tracked"  # of batch normalisation; early versions of torch had none


@dataclass(frozen=True)
class Imported:
    """What has been imported.

    Attributes:
        model: which network it is.
        classes: of the written model.
        dropped: outputs of characters that the list holds twice.
    """

    model: str
    classes: int
    dropped: int


def import_weights(path: Path, characters: CharacterList, blank: str, out: Path) -> Imported:
    """Write a model file from a state dict and the list of its classes.

    Args:
        path: state dict, .pth of torch (read without running code from it) or .safetensors.
        characters: the list that the network was trained with; a character that stands in it
            twice keeps its first output.
        blank: "first" or "last": where the network's outputs have the CTC blank.
        out: model file to write; its blank is class 0.

    Raises:
        CheckpointError: if the file is damaged, no such network, or the list does not fit.
    """
    state = _state(path)
    check_finite(path, state)
    settings = _settings(path, state)
    class_of_row = _class_of_row(characters, blank)
    if len(class_of_row) != settings.classes:
        raise CheckpointError(
            f"{path} has {settings.classes} outputs, but the list with the blank {blank} makes"
            f" {len(class_of_row)}: name the list that it was trained with, or the other --blank"
        )
    classes = len(characters.alphabet)
    rows = [class_of_row.index(class_id) for class_id in range(classes)]
    if _axis(path, state, f"{CLASS_LAYER}.bias", 1, 0) != settings.classes:
        raise CheckpointError(f"{path}: {CLASS_LAYER} has a weight and a bias of different lengths")
    for part in ("weight", "bias"):
        state[f"{CLASS_LAYER}.{part}"] = state[f"{CLASS_LAYER}.{part}"][rows]
    network = with_weights(path, replace(settings, classes=classes), state)
    save_model(out, network, characters.alphabet, training={"imported_from": path.name})
    return Imported(settings.model, classes, settings.classes - classes)


def _state(path: Path) -> dict[str, Tensor]:
    with open_regular(path, error=CheckpointError) as file:
        try:
            if path.suffix == ".safetensors":
                content: object = load_file(path)
            else:
                content = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # unpickling damaged files raises whatever it runs into
            raise CheckpointError(
                f"{path} is damaged, or holds more than tensors: {first_line(error)}"
            ) from error
    for name in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    named = content if isinstance(content, Mapping) else {}
    tensors = {
        str(name).removeprefix("module."): tensor
        for name, tensor in named.items()
        if isinstance(tensor, Tensor)
    }
    size = sum(tensor.numel() for tensor in tensors.values())
    if size > MAX_PARAMETERS:  # a tensor may repeat a few numbers as often as it claims
        raise CheckpointError(
            f"{path} claims {size:,} numbers; these networks have at most {MAX_PARAMETERS:,}"
        )
    return tensors


def _settings(path: Path, state: Mapping[str, Tensor]) -> ModelSettings:
    """The network that has just these parameters."""
    names = {name for name in state if not name.endswith(_COUNTER)}
    for model in PUBLISHED:
        with torch.device("meta"):
            network = build_from(ModelSettings(model))
        if names == {name for name in network.state_dict() if not name.endswith(_COUNTER)}:
            first = "conv1_1.weight" if model == "crnn_v2" else "conv1.weight"
            return ModelSettings(
                model,
                classes=_axis(path, state, f"{CLASS_LAYER}.weight", 2, 0),
                channels=_axis(path, state, first, 4, 1),
                hidden=_axis(path, state, "rnn.0.rnn.weight_hh_l0", 2, 1),
            )
    shown = listed(sorted(names), 4) or "no tensors"
    raise CheckpointError(
        f"{path} holds {shown}: not the parameters of {', '.join(PUBLISHED)} under their published"
        " names"
    )


def _axis(path: Path, state: Mapping[str, Tensor], name: str, axes: int, axis: int) -> int:
    """Length of an axis of a tensor that must have so many."""
    shape = state[name].shape
    if len(shape) != axes:
        raise CheckpointError(f"{path}: {name} has the shape {tuple(shape)}, not {axes} axes")
    return shape[axis]


def _class_of_row(characters: CharacterList, blank: str) -> list[int]:
    """Class of each output of the foreign network."""
    lines = list(characters.class_of_line)
    if lines[:1] == [0]:  # the list names the blank in its first line
        del lines[0]
    return [0, *lines] if blank == "first" else [*lines, 0]
