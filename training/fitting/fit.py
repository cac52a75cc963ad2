"""The training loop of one process."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from ocrbase.homes import RUNS
from ocrbase.publishing import publish_text
from ocrbase.records import encode
from training.fitting import hardware, run_folder
from training.fitting.compiling import compile_parts
from training.fitting.ctc import steps_needed
from training.fitting.data import Batch, step_loader
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.loss_monitor import LossMonitor, memory_error
from training.fitting.order import StepOrder
from training.fitting.preflight import preflight
from training.fitting.run_logger import RunLogger
from training.fitting.run_records import FINISHED, Finished
from training.fitting.run_settings import resolve, to_keep
from training.fitting.schedule import learning_rate
from training.fitting.signals import Interrupted, Signals
from training.fitting.sources import Sources
from training.fitting.state_files import load_state, newest_state, save_state, states
from training.fitting.train_state import TrainState
from training.fitting.validate import validate
from training.model.checkpoint import BEST, LAST
from training.model.networks import build
from training.model.transfer import start_from


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        folder: of the run.
        step: steps done in all.
        line_accuracy: best of the validations, -1 if there was none.
    """

    folder: Path
    step: int
    line_accuracy: float


def fit(
    wished: FitSettings, sources: Sources, rank: Rank, *, resume: bool = False, runs: Path = RUNS
) -> Outcome:
    """Train until the run is over, it is interrupted, or it stops to get better.

    Every rank calls it with the same settings.

    Raises:
        FitError, CheckpointError: with what to do about it.
        KeyboardInterrupt: after a signal; the state of the last whole step is kept.
    """
    hardware.set_up(wished, rank)
    settings, order = resolve(wished, sources, rank)
    folder = runs / settings.run
    torch.manual_seed(settings.seed)
    network = build(
        settings.model, len(sources.train.alphabet), channels=settings.channels,
        hidden=settings.hidden, width_multiplier=settings.width_multiplier,
    )  # fmt: skip
    facts = sources.train.facts()
    lines = preflight(settings, sources, facts, network, rank)
    if settings.init and not (resume and states(folder)):
        lines.append(start_from(network, sources.train.alphabet, Path(settings.init)))
    train_state = TrainState(network, settings, rank)
    lines.append(
        compile_parts(train_state.network, settings, rank.device, one_width=facts.one_width)
    )
    if resume and not states(folder):
        lines.append("killed before its first state: beginning anew")
    elif resume:
        train_state.restore(load_state(newest_state(folder)), sources.fingerprint)
        lines.append(f"going on after step {train_state.step}")
    elif rank.first:
        run_folder.write_settings(run_folder.create(settings, runs), to_keep(settings, wished))
    with (
        memory_error(settings),
        _run_logger(folder, train_state, lines) as run_logger,
        Signals(rank) as signals,
    ):
        _loop(train_state, sources, order, folder, run_logger, signals)
    outcome = Outcome(folder, train_state.step, train_state.best)
    if rank.first:
        publish_text(folder / FINISHED, encode(Finished(outcome.step, outcome.line_accuracy)))
    return outcome


def _loop(
    train_state: TrainState, sources: Sources, order: StepOrder, folder: Path,
    run_logger: RunLogger | None, signals: Signals,
) -> None:  # fmt: skip
    settings, rank = train_state.settings, train_state.rank
    loss_monitor = LossMonitor(train_state, order, folder)
    total, epoch = settings.steps, 0
    loader = step_loader(
        sources.train, order, range(train_state.step, total), rank=rank.index,
        world_size=rank.world_size, pieces=settings.accumulate, augment=sources.augment(settings),
        workers=settings.workers, pin=rank.device.type == "cuda",
    )  # fmt: skip
    for batches in loader:
        loss = _gradients(
            train_state,
            batches,
            by_alignment=train_state.step < settings.alignment_steps,
            loss_monitor=loss_monitor,
        )
        loss_monitor.note(loss, train_state.clip())
        rate = learning_rate(
            train_state.step, total, settings.lr, settings.warmup_steps, settings.schedule
        )
        train_state.advance(rate)

        step, last = train_state.step, train_state.step == total
        while order.steps_before(epoch + 1) <= step:
            epoch += 1
        if step % settings.log_every == 0 or last:
            metrics = loss_monitor.metrics()  # on every rank: it adds them up
            if run_logger:
                run_logger.step(step, epoch, rate, metrics)
        done = last
        if step % settings.validate_every == 0 or last:
            loss_monitor.check()  # or weights that are not finite might be kept as the best
            done |= _validate(train_state, sources, folder, run_logger)
        stop = signals.agreed()
        if (step % settings.checkpoint_every == 0 or done or stop) and rank.first:
            loss_monitor.check()
            _save(train_state, sources, folder)
        if stop:
            raise Interrupted
        if done:
            break


def _gradients(
    train_state: TrainState, batches: list[Batch], *, by_alignment: bool, loss_monitor: LossMonitor
) -> Tensor:
    """Add up the gradients of this rank's part of a step; the loss, still on the device.

    Dividing by the size of the global batch, times the ranks that DDP averages over, makes the
    sum exact however the batch is cut.
    """
    rank = train_state.rank
    scale = rank.world_size / train_state.settings.batch_size
    sum_of_losses = torch.zeros((), device=rank.device)
    for i, batch in enumerate(batches):
        steps = train_state.network.output_length(batch.images.shape[2])
        loss_monitor.zeroed += int((steps_needed(batch.targets, batch.lengths) > steps).sum())
        with _without_sync(train_state, wait=i + 1 < len(batches)):
            losses = train_state.line_losses(batch.to(rank.device), by_alignment=by_alignment)
            loss = losses.sum() * scale
            loss.backward()  # type: ignore[no-untyped-call]
        sum_of_losses += loss.detach()
    return sum_of_losses


def _without_sync(train_state: TrainState, wait: bool) -> contextlib.AbstractContextManager[None]:
    """Let DDP exchange gradients once a step, with the last piece."""
    if wait and isinstance(train_state.parallel, DistributedDataParallel):
        return train_state.parallel.no_sync()
    return contextlib.nullcontext()


def _validate(
    train_state: TrainState, sources: Sources, folder: Path, run_logger: RunLogger | None
) -> bool:
    """Validate the EMA; keep it if it is the best. Whether to stop early."""
    if sources.validation is None or not len(sources.validation):
        return False
    settings, rank = train_state.settings, train_state.rank
    if rank.world_size > 1:
        train_state.ema.share()
    scores = validate(
        train_state.ema.network, sources.validation, settings.validation_lines, rank,
        settings.precision,
    )  # fmt: skip
    better = scores.line_accuracy > train_state.best
    train_state.best = max(train_state.best, scores.line_accuracy)
    train_state.stale = 0 if better else train_state.stale + 1
    if run_logger:
        run_logger.validation(train_state.step, scores, better)
        if better:
            train_state.save(folder / BEST, sources.train.alphabet, scores.metrics())
    return bool(settings.patience) and train_state.stale >= settings.patience


def _save(train_state: TrainState, sources: Sources, folder: Path) -> None:
    alphabet = sources.train.alphabet
    save_state(folder, train_state.state(alphabet, sources.fingerprint), train_state.settings.keep)
    train_state.save(folder / LAST, alphabet, {"best_line_accuracy": train_state.best})
    if sources.validation is None or not len(sources.validation):
        train_state.save(folder / BEST, alphabet, {})


@contextlib.contextmanager
def _run_logger(
    folder: Path, train_state: TrainState, lines: list[str]
) -> Iterator[RunLogger | None]:
    settings = train_state.settings
    if not train_state.rank.first:
        yield None
        return
    seconds = run_folder.cut_metrics(folder, train_state.step)
    run_logger = RunLogger(
        folder, train_state.step, settings.steps, settings.batch_size, seconds=seconds
    )
    for line in lines:
        run_logger.say(line)
    try:
        yield run_logger
    finally:
        run_logger.close()
