"""The exponential moving average (EMA) of a network: a second network to validate and save."""

import copy

import torch
import torch.distributed as dist
from torch import Tensor, nn

from training.model.recogniser import Recogniser


class Ema:
    """Exponential moving average of parameters and normalisation statistics."""

    def __init__(self, network: Recogniser) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        for module in self.network.modules():
            if isinstance(module, nn.RNNBase):
                module.flatten_parameters()  # cuDNN would gather weights that lie apart
        self._pairs = [
            (average, weight)
            for average, weight in zip(_tensors(self.network), _tensors(network), strict=True)
            if average.is_floating_point()
        ]
        self._counters = [
            (average, weight)
            for average, weight in zip(_tensors(self.network), _tensors(network), strict=True)
            if not average.is_floating_point()
        ]

    @torch.no_grad()
    def update(self, decay: float) -> None:
        """Move towards the network's present weights; decay 0 copies them."""
        averages, weights = ([pair[i] for pair in self._pairs] for i in (0, 1))
        torch._foreach_lerp_(averages, weights, 1 - decay)
        for counter, now in self._counters:
            counter.copy_(now)

    def share(self) -> None:
        """Take the first rank's normalisation statistics, which are the ones that are saved.

        Parameters agree on all ranks; each rank's own statistics are of its own lines.
        """
        for buffer in self.network.buffers():
            dist.broadcast(buffer, 0)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
