"""A training run: from settings and data to the models in its folder."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from ocrbase.homes import RUNS
from ocrbase.locks import owned
from ocrbase.publishing import publish_text
from ocrbase.records import encode
from training.fitting import hardware, run_folder
from training.fitting.compiling import compile_parts
from training.fitting.data import Facts, loader_errors
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.loop import Loop
from training.fitting.loss_monitor import memory_error
from training.fitting.order import StepOrder
from training.fitting.preflight import preflight
from training.fitting.run_logger import RunLogger
from training.fitting.run_records import FINISHED, Finished
from training.fitting.run_settings import RunSettings, resolve, to_keep
from training.fitting.signals import Signals
from training.fitting.sources import Sources
from training.fitting.state_files import load_state, newest_state, states
from training.fitting.train_state import TrainState
from training.model.checkpoint import versions
from training.model.networks import build
from training.model.transfer import start_from


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        folder: of the run.
        step: steps done in all.
        line_accuracy: best of the validations, -1 if there was none.
        lines: trained on in all, repetitions counted.
        classes: of the network, the blank among them.
        ended_early: why the run ended before its last step; empty if it did not.
    """

    folder: Path
    step: int
    line_accuracy: float
    lines: int
    classes: int
    ended_early: str = ""


def fit(
    wished: FitSettings, sources: Sources, rank: Rank, *, resume: bool = False, runs: Path = RUNS
) -> Outcome:
    """Train until the run is over, it is interrupted, or validation makes no progress.

    Every rank calls it with the same settings.

    Raises:
        FitError, CheckpointError: with what to do about it.
        LockError: if another process trains this run.
        KeyboardInterrupt: after a signal; the state of the last whole step is kept.
    """
    hardware.set_up(wished, rank)
    facts = sources.facts(wished)
    settings, order = resolve(wished, sources, facts, rank)
    folder = runs / settings.run
    with owned(folder) if rank.first else contextlib.nullcontext(), memory_error(settings):
        if not resume:
            run_folder.refuse_existing(folder)
        train_state, lines = _prepared(settings, sources, facts, rank, folder, resume)
        with run_folder.disk_error(folder):
            if rank.first and not resume:
                run_folder.write_settings(folder, to_keep(settings, wished, sources))
                run_folder.write_split(folder, sources.rule)
            return _train(train_state, sources, order, folder, lines)


def _prepared(
    settings: RunSettings, sources: Sources, facts: Facts, rank: Rank, folder: Path, resume: bool
) -> tuple[TrainState, list[str]]:
    """Where training starts or goes on, and what to say of it."""
    torch.manual_seed(settings.seed)
    network = build(
        settings.model, len(sources.train.alphabet), channels=settings.channels,
        hidden=settings.hidden, width_multiplier=settings.width_multiplier,
    )  # fmt: skip
    lines = preflight(settings, sources, facts, network, rank)
    saved = resume and bool(states(folder))
    if resume and rank.first:
        (folder / FINISHED).unlink(missing_ok=True)
    if settings.init and not saved:
        lines.append(start_from(network, sources.train.alphabet, Path(settings.init)))
    train_state = TrainState(network, settings, rank)
    lines.append(
        compile_parts(train_state.network, settings, rank.device, one_width=facts.one_width)
    )
    if saved:
        state = load_state(newest_state(folder))
        train_state.restore(state, sources.fingerprint)
        if rank.first:
            run_folder.keep_length(folder, settings, train_state.step)
        lines.append(f"resumed after step {train_state.step:,}{_other_versions(state.versions)}")
    elif resume:
        lines.append("no state was saved before the run ended: starting again")
    return train_state, lines


def _other_versions(written_by: dict[str, str]) -> str:
    """What the machine has in other versions than the one that saved a state."""
    here = versions()
    other = [
        f"{name} {written_by.get(name, 'unknown')}, now {version}"
        for name, version in here.items()
        if written_by.get(name) != version
    ]
    return f", saved by {'; '.join(other)}: not bit for bit" if other else ""


def _train(
    train_state: TrainState, sources: Sources, order: StepOrder, folder: Path, lines: list[str]
) -> Outcome:
    settings, reason = train_state.settings, ""
    with (
        _run_logger(folder, train_state, lines) as run_logger,
        Signals(train_state.rank) as signals,
        loader_errors(),
    ):
        if Loop(train_state, sources, order, folder, run_logger).run(signals):
            reason = _no_progress(train_state)
    outcome = Outcome(
        folder,
        train_state.step,
        train_state.best,
        train_state.step * settings.batch_size,
        len(sources.train.alphabet),
        reason,
    )
    if train_state.rank.first:
        record = Finished(outcome.step, outcome.line_accuracy, outcome.ended_early)
        publish_text(folder / FINISHED, encode(record))
    return outcome


def _no_progress(train_state: TrainState) -> str:
    """Why a run ended early."""
    settings = train_state.settings
    best_step = train_state.step - train_state.stale * settings.validate_every
    return (
        f"no progress in the last {train_state.stale} validations (--patience"
        f" {settings.patience}); the best was step {best_step:,}, line accuracy"
        f" {train_state.best:.1%}, CER {train_state.best_cer:.2%}"
    )


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
    try:
        for line in lines:
            run_logger.say(line)
        yield run_logger
    finally:
        run_logger.close()
