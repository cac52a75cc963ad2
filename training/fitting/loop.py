"""The training loop of one rank: steps, and what comes every so many of them."""

import contextlib
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from training.fitting.batches import MAX_COLUMNS_ON_CPU, Batch
from training.fitting.ctc import steps_needed
from training.fitting.data import step_loader
from training.fitting.loss_monitor import LossMonitor
from training.fitting.order import MIN_IN_TRAINING, StepOrder, rank_slice
from training.fitting.run_logger import RunLogger
from training.fitting.selection import MIN_ACCURACY, select_rows
from training.fitting.signals import Interrupted, Signals
from training.fitting.sources import Sources
from training.fitting.state_files import save_state
from training.fitting.train_state import TrainState
from training.fitting.validate import BATCH_LINES, validate
from training.model.checkpoint import BEST, LAST


class Loop:
    """Takes a train state from where it stands to the end of its run.

    Args:
        train_state: of this rank.
        sources: of lines.
        order: which lines each step takes.
        folder: of the run.
        run_logger: of the first rank.
    """

    def __init__(
        self, train_state: TrainState, sources: Sources, order: StepOrder, folder: Path,
        run_logger: RunLogger | None,
    ) -> None:  # fmt: skip
        self.train_state, self.sources, self.order = train_state, sources, order
        self.folder, self.run_logger = folder, run_logger
        self.settings, self.rank = train_state.settings, train_state.rank
        self.loss_monitor = LossMonitor(train_state, order, folder)
        numbers = np.arange(order.batch_size)
        self.own_lines = len(rank_slice(numbers, self.rank.index, self.rank.world_size))
        self.epoch = 0
        self.saved_at = time.monotonic()
        self.validates = sources.validation is not None and len(sources.validation) > 0

    def run(self, signals: Signals) -> bool:
        """Train to the last step, or until validation makes no progress.

        Returns:
            Whether the run ended before its last step, for want of progress.

        Raises:
            Interrupted: after a signal, with the state saved.
        """
        settings, stopping = self.settings, False
        if self._out_of_patience():  # killed after its last state, before it was marked as ended
            return True
        on_gpu = self.rank.device.type == "cuda"
        loader = step_loader(
            self.sources.train, self.order, range(self.train_state.step, settings.steps),
            rank=self.rank.index, world_size=self.rank.world_size, pieces=settings.accumulate,
            augment=self.sources.augment(settings), join=self.sources.join(settings),
            least=MIN_IN_TRAINING * settings.select_from,
            columns=self._most_columns() * settings.select_from, workers=settings.workers,
            alike=on_gpu, pin=on_gpu,
        )  # fmt: skip
        for batches in loader:
            rate = self._train(batches)
            step = self.train_state.step
            last = step == settings.steps
            if step % settings.log_every == 0 or last:
                self._log(rate)
            if self.validates and (step % settings.validate_every == 0 or last):
                stopping = self._validate() and not last
            interrupted = signals.agreed()
            if last or stopping or interrupted or self._state_due():
                self._save()
            if interrupted:
                raise Interrupted
            if stopping:
                break
        return stopping

    def _most_columns(self) -> float:
        """Lines times width of a batch; on a GPU the lines per step are chosen by its memory."""
        return MAX_COLUMNS_ON_CPU if self.rank.device.type == "cpu" else math.inf

    def _train(self, batches: list[Batch]) -> float:
        """Take one step; returns its learning rate."""
        state = self.train_state
        loss = self._gradients(batches)
        self.loss_monitor.note(loss, state.clip())
        rate = self.settings.rates.rate(state.step)
        state.advance(rate)
        return rate

    def _gradients(self, batches: list[Batch]) -> Tensor:
        """Add up the gradients of this rank's part of a step; the loss, still on the device.

        Dividing by the size of the global batch, times the ranks that DDP averages over, makes the
        sum exact however the batch is cut. Lines that were joined are fewer samples.
        """
        state, device = self.train_state, self.rank.device
        scale = self.rank.world_size / self.settings.batch_size
        if self.settings.joined:
            scale *= self.own_lines / sum(map(len, batches))
        sum_of_losses = torch.zeros((), device=device)
        if self.settings.select_from > 1:
            batches = self._selected(batches)
        for i, batch in enumerate(batches):
            frames = state.network.output_length(batch.images.shape[2])
            too_long = steps_needed(batch.targets, batch.lengths) > frames
            self.loss_monitor.zeroed += int(too_long.sum())
            with self._without_sync(wait=i + 1 < len(batches)):
                losses = state.line_losses(batch.to(device), by_alignment=state.aligning)
                loss = losses.sum() * scale
                loss.backward()  # type: ignore[no-untyped-call]
            sum_of_losses += loss.detach()
        return sum_of_losses

    def _selected(self, batches: list[Batch]) -> list[Batch]:
        """The lines to train on: of each batch the least surely read, or at first any of them.

        The EMA reads them, since it is in eval mode and what is validated. Each rank selects among
        its own lines.
        """
        state, read_per_line = self.train_state, self.settings.select_from
        if state.best < MIN_ACCURACY:
            every = slice(None, None, read_per_line)  # lines are sorted by width
            return [batch.rows(every) for batch in batches]
        if self.rank.world_size > 1:
            state.ema.share()  # the saved statistics, or a resumed run would select other lines
        return [self._least_sure(batch, -(-len(batch) // read_per_line)) for batch in batches]

    def _least_sure(self, batch: Batch, count: int) -> Batch:
        """Some lines of a batch, read in pieces of as many lines as are trained on."""
        state = self.train_state
        pieces = [batch.rows(slice(start, start + count)) for start in range(0, len(batch), count)]
        losses = torch.cat([state.losses_of_ema(piece.to(self.rank.device)) for piece in pieces])
        indices = batch.indices.numpy()
        return batch.rows(select_rows(losses, count, indices, state.step, self.settings.seed))

    def _without_sync(self, wait: bool) -> contextlib.AbstractContextManager[None]:
        """Let DDP exchange gradients once per step, with the last piece."""
        parallel = self.train_state.parallel
        if wait and isinstance(parallel, DistributedDataParallel):
            return parallel.no_sync()
        return contextlib.nullcontext()

    def _log(self, rate: float) -> None:
        metrics = self.loss_monitor.metrics()  # on every rank: it adds them up
        step = self.train_state.step
        while self.order.steps_before(self.epoch + 1) <= step:
            self.epoch += 1
        if self.run_logger:
            self.run_logger.step(step, self.epoch, rate, metrics)

    def _validate(self) -> bool:
        """Validate the EMA and keep it if it is the best; whether progress has ended."""
        state, settings, source = self.train_state, self.settings, self.sources.validation
        assert source is not None
        self.loss_monitor.check()  # or weights that are not finite might be kept as the best
        if self.rank.world_size > 1:
            state.ema.share()
        # No more at once than in training, so that a validation takes no more memory than a step.
        lines = max(1, settings.batch_size // (self.rank.world_size * settings.accumulate))
        scores = validate(
            state.ema.network, source, settings.validation_lines, self.rank, settings.precision,
            min(lines, BATCH_LINES),
        )  # fmt: skip
        best = state.note_validation(scores.line_accuracy, scores.cer)
        if self.run_logger:
            self.run_logger.validation(state.step, scores, best)
            if best:
                state.save(self.folder / BEST, self.sources.train.alphabet, scores.metrics())
        return self._out_of_patience()

    def _out_of_patience(self) -> bool:
        return 0 < self.settings.patience <= self.train_state.stale

    def _state_due(self) -> bool:
        """Whether so many steps or minutes have passed; ranks may differ, the first one saves."""
        settings = self.settings
        waited = time.monotonic() - self.saved_at
        by_time = 0 < 60 * settings.checkpoint_minutes <= waited
        return by_time or self.train_state.step % settings.checkpoint_every == 0

    def _save(self) -> None:
        if not self.rank.first:
            return
        self.saved_at = time.monotonic()
        self.loss_monitor.check()
        state, alphabet = self.train_state, self.sources.train.alphabet
        # The state comes last: a run that is killed before it takes these steps again, and writes
        # the models again; one that has the state of its last step never comes back here.
        state.save(self.folder / LAST, alphabet, {"best_line_accuracy": state.best})
        if not self.validates:
            state.save(self.folder / BEST, alphabet, {})
        save_state(self.folder, state.state(alphabet, self.sources.fingerprint), self.settings.keep)
