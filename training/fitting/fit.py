"""The training loop of one process."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from training.errors import FitError
from training.files import publish_text
from training.fitting import hardware, run_folder
from training.fitting.ctc import steps_needed
from training.fitting.data import Batch, step_loader
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Seat
from training.fitting.loss_monitor import Watch, memory_error
from training.fitting.order import StepOrder
from training.fitting.preflight import preflight
from training.fitting.run_logger import Journal
from training.fitting.schedule import learning_rate, places_steps, scaled_rate
from training.fitting.signals import Signals
from training.fitting.sources import Sources
from training.fitting.state_files import load_state, newest_state, save_state, states
from training.fitting.train_state import Learner
from training.fitting.validate import validate
from training.model.checkpoint import BEST, LAST, RUNS
from training.model.networks import build
from training.model.transfer import start_from

CPU_LINES, GPU_LINES = 64, 256  # lines of a step for each process, unless the user says
FINISHED = "finished.json"  # stands in the folder of a run that came to its end
VALIDATIONS = 20  # a run, unless they would take more than a tenth of its time:
VALIDATION_COST = 4  # lines trained on for a line validated, which costs a third of one


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
    settings: FitSettings, sources: Sources, seat: Seat, *, resume: bool = False, runs: Path = RUNS
) -> Outcome:
    """Train until the run is over, it is interrupted, or it stops to get better.

    Every rank calls it with the same settings.

    Raises:
        FitError, CheckpointError: with what to do about it.
        KeyboardInterrupt: after a signal; the state of the last whole step is kept.
    """
    hardware.set_up(settings, seat)
    settings = _filled_in(settings, seat)
    order = sources.order(settings)
    settings, total = _planned(settings, order, sources)
    folder = runs / str(settings.run)
    torch.manual_seed(settings.seed)
    network = build(
        settings.model, len(sources.train.alphabet), channels=settings.channels,
        hidden=settings.hidden, width_multiplier=settings.width_multiplier,
    )  # fmt: skip
    facts = sources.train.facts()
    lines = preflight(settings, sources, facts, network, seat, total)
    if settings.init and not (resume and states(folder)):
        lines.append(start_from(network, sources.train.alphabet, Path(settings.init)))
    learner = Learner(network, settings, seat)
    lines.append(
        hardware.compile_convolutions(
            learner.network, settings, seat.device, one_width=facts.one_width
        )
    )
    if resume and not states(folder):
        lines.append("killed before its first state: beginning anew")
    elif resume:
        learner.restore(load_state(newest_state(folder)), sources.fingerprint)
        lines.append(f"going on after step {learner.step}")
    elif seat.first:
        run_folder.write_settings(run_folder.create(settings, runs), settings)
    with _journal(folder, learner, total, seat, lines) as journal, Signals(seat) as signals:
        _loop(learner, sources, order, total, folder, journal, signals)
    outcome = Outcome(folder, learner.step, learner.best)
    if seat.first:
        text = json.dumps({"step": outcome.step, "line_accuracy": outcome.line_accuracy}) + "\n"
        publish_text(folder / FINISHED, text)
    return outcome


def _loop(
    learner: Learner, sources: Sources, order: StepOrder, total: int, folder: Path,
    journal: Journal | None, signals: Signals,
) -> None:  # fmt: skip
    settings, seat = learner.settings, learner.seat
    watch = Watch(learner, order, folder)
    warmup, epoch = round(settings.warmup * total), 0
    by_places = places_steps(settings.places_lines, order.batch_size, total)
    loader = step_loader(
        sources.train, order, range(learner.step, total), rank=seat.rank,
        world_size=seat.world_size, pieces=settings.accumulate, augment=sources.augment(settings),
        workers=hardware.loader_workers(settings, seat), pin=seat.device.type == "cuda",
    )  # fmt: skip
    for batches in loader:
        with memory_error(settings):
            loss = _gradients(learner, batches, by_places=learner.step < by_places, watch=watch)
        watch.note(loss, learner.clip())
        rate = learning_rate(
            learner.step, total, float(settings.lr or 0), warmup, settings.schedule
        )
        learner.advance(rate)

        step, last = learner.step, learner.step == total
        while order.steps_before(epoch + 1) <= step:
            epoch += 1
        if step % settings.log_every == 0 or last:
            figures = watch.figures() | {"lr": rate}  # on every rank: it adds them up
            if journal:
                journal.step(step, epoch, figures)
        done = last
        if step % int(settings.validate_every or total) == 0 or last:
            watch.check()  # or weights that are not finite might be kept as the best
            done |= _validate(learner, sources, folder, journal)
        if (step % settings.checkpoint_every == 0 or done or signals.asked) and seat.first:
            watch.check()
            _save(learner, sources, folder)
        if signals.asked:
            raise KeyboardInterrupt
        if done:
            break


def _gradients(learner: Learner, batches: list[Batch], *, by_places: bool, watch: Watch) -> Tensor:
    """Add up the gradients of this rank's part of a step; the loss, still on the device.

    Dividing by the size of the global batch, times the ranks that DDP averages over, makes the
    sum exact however the batch is cut.
    """
    seat = learner.seat
    scale = seat.world_size / int(learner.settings.batch_size or 1)
    sum_of_losses = torch.zeros((), device=seat.device)
    for i, batch in enumerate(batches):
        steps = learner.network.output_length(batch.images.shape[2])
        watch.zeroed += int((steps_needed(batch.targets, batch.lengths) > steps).sum())
        with _without_sync(learner, wait=i + 1 < len(batches)):
            losses = learner.line_losses(batch.to(seat.device), by_places=by_places)
            loss = losses.sum() * scale
            loss.backward()  # type: ignore[no-untyped-call]
        sum_of_losses += loss.detach()
    return sum_of_losses


def _without_sync(learner: Learner, wait: bool) -> contextlib.AbstractContextManager[None]:
    """Let DDP exchange gradients once a step, with the last piece."""
    if wait and isinstance(learner.parallel, DistributedDataParallel):
        return learner.parallel.no_sync()
    return contextlib.nullcontext()


def _validate(learner: Learner, sources: Sources, folder: Path, journal: Journal | None) -> bool:
    """Validate the average; keep it if it is the best. Whether to stop early."""
    if sources.validation is None or not len(sources.validation):
        return False
    settings, seat = learner.settings, learner.seat
    if seat.world_size > 1:
        learner.average.share()
    scores = validate(
        learner.average.network, sources.validation, settings.validation_lines, seat,
        settings.precision,
    )  # fmt: skip
    better = scores.line_accuracy > learner.best
    learner.best = max(learner.best, scores.line_accuracy)
    learner.stale = 0 if better else learner.stale + 1
    if journal:
        journal.validation(learner.step, scores, better)
        if better:
            learner.save(folder / BEST, sources.train.alphabet, scores.figures())
    return bool(settings.patience) and learner.stale >= settings.patience


def _save(learner: Learner, sources: Sources, folder: Path) -> None:
    alphabet = sources.train.alphabet
    save_state(
        folder, learner.step, learner.state(alphabet, sources.fingerprint), learner.settings.keep
    )
    learner.save(folder / LAST, alphabet, {"best_line_accuracy": learner.best})
    if sources.validation is None or not len(sources.validation):
        learner.save(folder / BEST, alphabet, {})


@contextlib.contextmanager
def _journal(
    folder: Path, learner: Learner, total: int, seat: Seat, lines: list[str]
) -> Iterator[Journal | None]:
    if not seat.first:
        yield None
        return
    run_folder.cut_metrics(folder, learner.step)
    journal = Journal(folder, learner.step, total, int(learner.settings.batch_size or 1))
    for line in lines:
        journal.say(line)
    try:
        yield journal
    finally:
        journal.close()


def _filled_in(settings: FitSettings, seat: Seat) -> FitSettings:
    """Settings with what depends on the machine chosen."""
    each = GPU_LINES if seat.device.type == "cuda" else CPU_LINES
    size = settings.batch_size or each * seat.world_size
    if size < seat.world_size:
        raise FitError(f"--batch-size {size} is less than one line for {seat.world_size} processes")
    return replace(
        settings,
        batch_size=size,
        lr=settings.lr or scaled_rate(size, settings.width_multiplier),
        precision=hardware.precision(settings, seat.device),
    )


def _planned(settings: FitSettings, order: StepOrder, sources: Sources) -> tuple[FitSettings, int]:
    """Settings with what depends on the data chosen, and the steps of the run."""
    total = order.steps_before(settings.epochs)
    if settings.max_steps is not None:
        total = min(total, settings.max_steps)
    held = len(sources.validation) if sources.validation is not None else 0
    lines = min(held, settings.validation_lines or held)
    affordable = VALIDATION_COST * lines // order.batch_size
    every = settings.validate_every or max(total // VALIDATIONS, affordable, 1)
    return replace(settings, validate_every=every), total
