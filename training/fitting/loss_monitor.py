"""What must not go wrong in a step: a loss that is not finite, a GPU's memory that is full."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from ocrbase.publishing import publish_text
from ocrbase.records import encode
from training.errors import FitError
from training.fitting.order import StepOrder
from training.fitting.run_records import BAD_BATCH, BadBatch
from training.fitting.run_settings import RunSettings
from training.fitting.train_state import TrainState

# On a CPU: in the words of torch's allocator, and of oneDNN, whose buffers it does not give.
_NO_MEMORY = ("can't allocate memory", "could not create a primitive")


@contextlib.contextmanager
def memory_error(settings: RunSettings) -> Iterator[None]:
    """Say what to do where memory does not suffice, a GPU's or the machine's."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        on_gpu = isinstance(error, torch.OutOfMemoryError)
        known = on_gpu or isinstance(error, MemoryError)
        if not known and not any(words in str(error) for words in _NO_MEMORY):
            raise
        raise FitError(
            f"{'the GPU has' if on_gpu else 'there is'} not enough memory for a step of"
            f" {settings.batch_size:,} lines in {settings.accumulate:,} pieces: raise --accumulate,"
            " lower --batch-size, or take a smaller network"
        ) from error


@dataclass(frozen=True)
class LossMetrics:
    """Means over steps and the lines of all ranks.

    Attributes:
        loss: per character.
        gradient_norm: before clipping.
        zeroed_lines: lines too long for their time steps, which train nothing.
    """

    loss: float
    gradient_norm: float
    zeroed_lines: int


class LossMonitor:
    """Losses and gradient norms since the last report, read from the device only then.

    On a CPU reading them costs nothing, so a bad step is stopped before it changes a weight.
    """

    def __init__(self, train_state: TrainState, order: StepOrder, folder: Path) -> None:
        self.train_state, self.order, self.folder = train_state, order, folder
        self.pairs: list[tuple[int, Tensor, Tensor]] = []
        self.zeroed = 0

    def note(self, loss: Tensor, norm: Tensor) -> None:
        self.pairs.append((self.train_state.step, loss, norm))
        if self.train_state.rank.device.type == "cpu":
            self.check(last=1)

    def metrics(self) -> LossMetrics:
        """Means since the last call, over the lines of all ranks."""
        self.check()
        rank = self.train_state.rank
        loss = torch.stack([loss for _, loss, _ in self.pairs]).mean().double()
        norm = float(torch.stack([norm for *_, norm in self.pairs]).mean())  # alike on every rank
        sums = torch.stack([loss / rank.world_size, loss.new_tensor(self.zeroed)])
        if rank.world_size > 1:
            dist.all_reduce(sums)
        self.pairs.clear()
        self.zeroed = 0
        return LossMetrics(float(sums[0]), norm, int(sums[1]))

    def check(self, last: int = 0) -> None:
        """Raise FitError for the first step whose gradient is not finite, on every rank alike."""
        pairs = self.pairs[-last:]
        if not pairs or bool(torch.isfinite(torch.stack([norm for *_, norm in pairs])).all()):
            return
        step, loss, norm = next(pair for pair in pairs if not torch.isfinite(pair[2]))
        lines = self.order.batch_indices(step).tolist()
        name = self.folder / BAD_BATCH
        if self.train_state.rank.first:
            publish_text(name, encode(BadBatch(step, lines)))
        raise FitError(
            f"step {step}: loss {float(loss):g}, gradient norm {float(norm):g}; its lines"
            f" {lines[:4]} ... are in {name}; the last good state is kept in {self.folder}:"
            " look at those lines, or start again with a lower --lr"
        )
