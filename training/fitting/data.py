"""From line numbers to the batches of each step: sources, workers, prefetching."""

import contextlib
import math
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from datagen.alphabet import Alphabet
from datagen.worker_process import deaf_to_interrupts
from ocrbase.errors import UserError
from training.errors import FitError
from training.fitting.batches import Batch, Lines, make_batches
from training.fitting.order import MIN_IN_TRAINING, IntArray, StepOrder, rank_slice
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
PREFETCHED_STEPS, PREFETCHED_WINDOWS = 4, 2  # asked of each worker at a time
WAIT_S = 600.0  # for a worker's batch; the slowest disk or renderer takes seconds
LINGER_S = 60.0  # of a worker after SIGTERM, for the step at hand and the state

Augment = Callable[[GrayImages, IntArray, int], GrayImages]  # images, sample indices, step
Join = Callable[[Lines, IntArray, int], tuple[Lines, IntArray]]  # lines, sample indices, step


class StepBatches(Dataset[list[list[Batch]] | Exception]):
    """What a loader's worker does: some steps -> the batches of each.

    What a user can cause comes back as a value: raised in a worker it would arrive with a
    traceback in its text.

    Args:
        order: which lines a step takes, where the one who draws them finds that out.
        share: (rank, number of ranks) whose part of each step is drawn.
        augment, join: as of `step_loader`.
        cut: makes batches of the lines of a step, given their indices as well.
    """

    def __init__(
        self, source: LineSource, order: StepOrder | None, share: tuple[int, int],
        augment: Augment | None, join: Join | None, cut: Callable[[Lines, IntArray], list[Batch]],
    ) -> None:  # fmt: skip
        self.source, self.order, self.share = source, order, share
        self.augment, self.join, self.cut = augment, join, cut

    def __getitem__(self, item: "_Item") -> list[list[Batch]] | Exception:
        steps, chosen = item
        try:
            return [self._batches(step, chosen) for step in steps]
        except UserError as error:
            return error

    def _batches(self, step: int, chosen: IntArray | None) -> list[Batch]:
        if chosen is None:
            assert self.order is not None
            chosen = rank_slice(self.order.batch_indices(step), *self.share)
        lines = self.source.batch(chosen)
        if self.join:
            lines, chosen = self.join(lines, chosen, step)
        batches = self.cut(lines, chosen)
        if self.augment:
            for batch in batches:
                changed = self.augment(batch.images.numpy(), batch.indices.numpy(), step)
                batch.images = torch.from_numpy(changed)
        return batches


_Item = tuple[range, IntArray | None]  # steps, and the lines of one that is alone


class _Items(Sampler[_Item]):
    """What the workers are asked for, in the order of the steps.

    The steps of a window share the work of choosing their lines, so one worker does all of it: in
    the training process that would keep a GPU waiting.
    """

    def __init__(
        self, order: StepOrder, steps: range, share: tuple[int, int], *, windows: bool
    ) -> None:
        self.order, self.steps, self.share, self.windows = order, steps, share, windows

    def __iter__(self) -> Iterator[_Item]:
        size = self.order.window_steps
        if self.windows:
            for window in range(self.steps.start // size, -(-self.steps.stop // size)):
                start, stop = window * size, (window + 1) * size
                yield range(max(start, self.steps.start), min(stop, self.steps.stop)), None
            return
        for step in self.steps:
            chosen = rank_slice(self.order.batch_indices(step), *self.share)
            yield range(step, step + 1), chosen


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
    alike: bool = False,
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
        alike: whether a step of several widths comes in batches of as many lines each.
        workers: processes that load ahead; 0 loads in this one.
        pin: whether to put batches into page-locked memory, for a GPU.

    Raises:
        UserError: what a worker met. Its death is for `loader_errors` to tell.
    """
    share = (rank, world_size)
    windows = workers > 0 and order.window_steps > 1
    ahead = PREFETCHED_WINDOWS if windows else PREFETCHED_STEPS
    loader: DataLoader[list[list[Batch]] | Exception] = DataLoader(
        StepBatches(
            source,
            order if windows else None,
            share,
            augment,
            join,
            partial(make_batches, pieces=pieces, least=least, columns=columns, alike=alike),
        ),
        sampler=_Items(order, steps, share, windows=windows),
        batch_size=None,
        num_workers=workers,
        pin_memory=pin,
        prefetch_factor=ahead if workers else None,
        timeout=WAIT_S if workers else 0,
        # Not forkserver: its children would not notice that this process was killed.
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_quiet_worker,
    )
    with deaf_to_interrupts(signal.SIGTERM):  # or it would end those that still start
        results = iter(loader)
    return _raised(results)


def _raised(results: Iterator[list[list[Batch]] | Exception]) -> Iterator[list[Batch]]:
    """The batches, or what a worker reports."""
    for result in results:
        if isinstance(result, Exception):
            raise result
        yield from result


@contextlib.contextmanager
def loader_errors() -> Iterator[None]:
    """Turn the death of a loader's worker into one line.

    torch raises it from a signal handler, wherever the training is at that moment.

    Raises:
        FitError: if a worker has died, or given nothing for WAIT_S.
    """
    try:
        yield
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
    """One thread each: the workers are the parallelism. When to stop is the parent's to say.

    Ctrl-C and a SIGTERM to all processes of a group reach the workers too, who then still have to
    give what the step at hand waits for.
    """
    import cv2

    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_later)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    end_with_parent()


def _end_later(number: int, _: object) -> None:
    """The first SIGTERM gives the parent time to save its state, the second ends at once."""
    signal.signal(number, signal.SIG_DFL)
    timer = threading.Timer(LINGER_S, os._exit, (1,))
    timer.daemon = True
    timer.start()
