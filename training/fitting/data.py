"""From line numbers to the batches of each step: sources, workers, prefetching."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from datagen.alphabet import Alphabet
from ocrbase.errors import UserError
from training.errors import FitError
from training.fitting.batches import MIN_IN_TRAINING, Batch, Lines, make_batches
from training.fitting.order import IntArray, StepOrder, rank_slice
from training.fitting.processes import end_with_parent
from training.model.preprocess import GrayImages


class LineSource(Protocol):
    """Lines by number: LMDB shards, or rendering on demand."""

    @property
    def alphabet(self) -> Alphabet: ...
    @property
    def fingerprint(self) -> str: ...
    def __len__(self) -> int: ...
    def batch(self, indices: IntArray) -> Lines: ...
    def order(self, batch_size: int, seed: int) -> StepOrder: ...
    def facts(self) -> "Facts": ...


@dataclass(frozen=True)
class Facts:
    """What a preflight report needs of a data set, without reading its images.

    Attributes:
        name: where the lines come from.
        unseen: characters of the alphabet that no line holds; None where that is not known.
        known_centres: share of the lines whose character centres are known.
        longest_px: width of the widest line.
        one_width: whether all lines are padded to one width.
        infeasible: (sample index, label) of lines with more characters than time steps can hold,
            given the time steps of each width.
        divided: what is to be said of the split of stored lines; empty where that is nothing.
    """

    name: str
    unseen: list[str] | None
    known_centres: float
    longest_px: int
    one_width: bool
    infeasible: Callable[[Callable[[int], int]], list[tuple[int, str]]]
    divided: str = ""


# How torch's loader tells that a worker or its pinning thread is gone, or gives nothing.
_DEATHS = ("DataLoader worker (pid", "exited unexpectedly")
_SILENCE = "DataLoader timed out"
WAIT_S = 600.0  # for a worker's batch; the slowest disk or renderer takes seconds

Augment = Callable[[GrayImages, IntArray, int], GrayImages]  # images, sample indices, step
Join = Callable[[Lines, IntArray, int], tuple[Lines, IntArray]]  # lines, sample indices, step


class StepBatches(Dataset[list[Batch] | Exception]):
    """What a loader's worker does: (step, indices) -> batches.

    What a user can cause comes back as a value: raised in a worker it would arrive with a
    traceback in its text.
    """

    def __init__(
        self, source: LineSource, augment: Augment | None, pieces: int,
        join: Join | None = None, least: int = MIN_IN_TRAINING, columns: float = math.inf,
    ) -> None:  # fmt: skip
        self.source, self.augment, self.pieces = source, augment, pieces
        self.join, self.least, self.columns = join, least, columns

    def __getitem__(self, item: tuple[int, IntArray]) -> list[Batch] | Exception:
        try:
            return self._batches(*item)
        except UserError as error:
            return error

    def _batches(self, step: int, indices: IntArray) -> list[Batch]:
        lines = self.source.batch(indices)
        if self.join:
            lines, indices = self.join(lines, indices, step)
        batches = make_batches(lines, indices, self.pieces, self.least, self.columns)
        if self.augment:
            for batch in batches:
                changed = self.augment(batch.images.numpy(), batch.indices.numpy(), step)
                batch.images = torch.from_numpy(changed)
        return batches


class _Steps(Sampler[Any]):
    """(step, this rank's indices) for a range of steps."""

    def __init__(self, order: StepOrder, steps: range, rank: int, world_size: int) -> None:
        self.order, self.steps, self.rank, self.world_size = order, steps, rank, world_size

    def __iter__(self) -> Iterator[tuple[int, IntArray]]:
        for step in self.steps:
            indices = self.order.batch_indices(step)
            yield step, rank_slice(indices, self.rank, self.world_size)


def step_loader(
    source: LineSource,
    order: StepOrder,
    steps: range,
    *,
    rank: int = 0,
    world_size: int = 1,
    pieces: int = 1,
    augment: Augment | None = None,
    join: Join | None = None,
    least: int = MIN_IN_TRAINING,
    columns: float = math.inf,
    workers: int = 0,
    pin: bool = False,
) -> Iterator[list[Batch]]:
    """This rank's batches of each step in turn.

    Args:
        source: opened lazily in each worker, so it must pickle.
        order: which lines a step takes.
        steps: which steps.
        rank: of this process.
        world_size: number of processes.
        pieces: into how many batches a step is cut at least (gradient accumulation); lines of
            several buckets make more.
        augment: changes the images, a pure function of their indices and the step.
        join: makes some pairs of lines one, a pure function of their indices and the step.
        least: lines of one width in a batch, as far as there are so many.
        columns: lines times width above which a batch is cut.
        workers: processes that load ahead; 0 loads in this one.
        pin: whether to put batches into page-locked memory, for a GPU.

    Raises:
        FitError: if a worker dies, or gives nothing for WAIT_S.
    """
    loader: DataLoader[list[Batch] | Exception] = DataLoader(
        StepBatches(source, augment, pieces, join, least, columns),
        sampler=_Steps(order, steps, rank, world_size),
        batch_size=None,
        num_workers=workers,
        pin_memory=pin,
        prefetch_factor=4 if workers else None,
        timeout=WAIT_S if workers else 0,
        # Not forkserver: its children would not notice that this process was killed.
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_quiet_worker,
    )
    return _watched(iter(loader))


def _watched(results: Iterator[list[Batch] | Exception]) -> Iterator[list[Batch]]:
    """Raise what workers report, and turn the death of one into one line."""
    try:
        for result in results:
            if isinstance(result, Exception):
                raise result
            yield result
    except RuntimeError as error:
        if _SILENCE in str(error):
            raise FitError(
                f"no loader's worker gave a batch within {WAIT_S:g} s: look whether the disk of the"
                " data answers and memory is left; --workers 0 loads without them"
            ) from error
        if not any(sign in str(error) for sign in _DEATHS):
            raise
        raise FitError(
            f"a loader's worker died ({str(error).splitlines()[0]}); the last state is kept: go on"
            " with --resume, with a smaller --workers if memory ran out"
        ) from error


def _quiet_worker(_: int) -> None:
    """One thread each: the workers are the parallelism. Ctrl-C is the parent's to handle."""
    import signal

    import cv2

    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
