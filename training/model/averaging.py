"""The mean of several points of one training: each holds noise of its last steps of its own."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from training.errors import CheckpointError
from training.model.checkpoint import LoadedModel


def mean_weights(paths: Sequence[Path], models: Sequence[LoadedModel]) -> dict[str, Tensor]:
    """The mean of each weight and statistic, in float32; counters are the first model's.

    Of use where the models come from one another: the mean of two that were begun apart reads
    nothing.

    Args:
        paths: of the models, for the message.
        models: at least one.

    Raises:
        CheckpointError: if they differ in shape or alphabet.
    """
    first = models[0]
    for path, model in zip(paths, models, strict=True):
        if (model.settings, model.alphabet) != (first.settings, first.alphabet):
            raise CheckpointError(
                f"{path} differs from {paths[0]} in its shape or its alphabet: only models of one"
                " training have a mean"
            )
    states = [model.network.state_dict() for model in models]
    return {
        name: torch.stack([state[name] for state in states]).mean(0)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in states[0].items()
    }
