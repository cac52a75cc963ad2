"""Processes of a run: one, or as many as there are GPUs, or what torchrun has started.

On one machine torch's elastic launcher starts them. On several, torchrun does, on each:

    torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29400 \\
        --no-python ocrtrain fit
"""

import gc
import logging
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, record
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from ocrbase.errors import UserError
from training.errors import FitError
from training.fitting.fit import Outcome, fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import gpus_to_use, rank_from_environment
from training.fitting.sources import Sources
from training.model.checkpoint import RUNS

LATER_S = 3.0  # for a failure that may be the consequence of another process's

OpenSources = Callable[[FitSettings], Sources]  # a module's function: it is named to each process


def launch(
    settings: FitSettings, open_sources: OpenSources, *, resume: bool = False, runs: Path = RUNS
) -> Outcome | None:
    """Train on the processes that the settings ask for.

    Returns:
        How the run ended; None where torchrun started this process and it is not the first.

    Raises:
        FitError: if there are fewer GPUs than asked for, or a process died.
        KeyboardInterrupt: after Ctrl-C, with the state saved.
    """
    gpus = gpus_to_use(settings.gpus)
    if "TORCHELASTIC_RUN_ID" in os.environ or "RANK" in os.environ:
        return _rank(settings, open_sources, gpus, resume, runs)
    processes = gpus or settings.processes
    if processes == 1:
        return fit(
            settings, open_sources(settings), rank_from_environment(gpus), resume=resume, runs=runs
        )
    return _elastic(settings, open_sources, gpus, processes, resume, runs)


def _elastic(
    settings: FitSettings, open_sources: OpenSources, gpus: int, processes: int, resume: bool,
    runs: Path,
) -> Outcome:  # fmt: skip
    config = LaunchConfig(
        min_nodes=1, max_nodes=1, nproc_per_node=processes, run_id=uuid.uuid4().hex,
        rdzv_backend="c10d", rdzv_endpoint="localhost:0", max_restarts=0, monitor_interval=0.2,
        start_method="spawn",
    )  # fmt: skip
    for name in ("", ".agent.server.api", ".multiprocessing.api"):
        logging.getLogger(f"torch.distributed.elastic{name}").setLevel(logging.CRITICAL)
    try:
        outcomes = elastic_launch(config, _rank)(settings, open_sources, gpus, resume, runs)
    except ChildFailedError as error:
        raise FitError(_reason(error)) from error
    except SignalException as error:
        raise KeyboardInterrupt from error
    outcome = outcomes[0]
    assert isinstance(outcome, Outcome)
    return outcome


@record
def _rank(
    settings: FitSettings, open_sources: OpenSources, gpus: int, resume: bool, runs: Path
) -> Outcome | None:
    """What each process of several does."""
    rank = rank_from_environment(gpus)
    if gpus:
        torch.cuda.set_device(rank.device)
    dist.init_process_group("nccl" if gpus else "gloo")
    try:
        outcome = fit(settings, open_sources(settings), rank, resume=resume, runs=runs)
    except (UserError, KeyboardInterrupt):
        raise
    except Exception:
        # A process whose peer failed fails too; the launcher names the one that ends first.
        time.sleep(LATER_S)
        raise
    # Only now, and together: with a peer gone, taking the group down can wait for ever, or abort;
    # so can a DDP that outlives its group.
    gc.collect()
    dist.barrier()
    dist.destroy_process_group()
    return outcome if rank.first else None


def _names(*families: type[Exception]) -> set[str]:
    """Names of all that a user can cause."""
    below = [_names(*kind.__subclasses__()) for kind in families if kind.__subclasses__()]
    return {kind.__name__ for kind in families}.union(*below)


def _reason(error: ChildFailedError) -> str:
    """The line of the process that failed first."""
    rank, failure = error.get_first_failure()
    message = failure.message
    if isinstance(message, dict):
        message = str(message.get("message", message))
    first = str(message).strip().splitlines()[0] if message else "no reason given"
    name, _, text = first.partition(": ")
    if text and name in _names(UserError):
        return text
    return f"process {rank} ended ({first}); the last state is kept: go on with --resume"
