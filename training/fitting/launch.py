"""Processes of a run: one, or as many as there are GPUs, or what torchrun has started.

On one machine `processes` starts them. On several, torchrun does, on each:

    torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29400 \\
        --no-python ocrtrain fit
"""

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing.errors import record

from ocrbase.errors import UserError
from ocrbase.homes import RUNS
from training.fitting.fit import Outcome, fit
from training.fitting.fit_settings import FitSettings
from training.fitting.gpus import gpus_to_use, idle_gpus
from training.fitting.hardware import rank_from_environment
from training.fitting.processes import run_processes
from training.fitting.signals import Interrupted
from training.fitting.sources import Sources

LATER_S = 3.0  # for a failure that may be the consequence of another process's
GPU_BACKEND = "cpu:gloo,cuda:nccl"  # gloo for what concerns the processes, not their GPUs

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
    if settings.gpus is None and (idle := idle_gpus()):
        sys.stderr.write(f"{idle}; training on the CPU\n")
    if "TORCHELASTIC_RUN_ID" in os.environ or "RANK" in os.environ:
        return _torchrun_rank(settings, open_sources, gpus, resume, runs)
    processes = gpus or settings.processes
    if processes == 1:
        return fit(
            settings, open_sources(settings), rank_from_environment(gpus), resume=resume, runs=runs
        )
    outcome = run_processes(_rank, processes, (settings, open_sources, gpus, resume, runs))
    assert isinstance(outcome, Outcome)
    return outcome


def _rank(
    settings: FitSettings, open_sources: OpenSources, gpus: int, resume: bool, runs: Path
) -> Outcome | None:
    """What each process of several does."""
    rank = rank_from_environment(gpus)
    if gpus:
        torch.cuda.set_device(rank.device)
        dist.init_process_group(GPU_BACKEND, device_id=rank.device)
    else:
        dist.init_process_group("gloo")
    try:
        outcome = fit(settings, open_sources(settings), rank, resume=resume, runs=runs)
    except Interrupted:  # all ranks, after the same step
        _leave_together()
        raise
    _leave_together()
    return outcome if rank.first else None


def _leave_together() -> None:
    """Take the process group down when all are done with it, and after what used it is gone.

    With a peer gone, taking it down can wait for ever, or abort; so can a DDP that outlives it.
    """
    gc.collect()
    dist.barrier()
    dist.destroy_process_group()


@record
def _torchrun_rank(
    settings: FitSettings, open_sources: OpenSources, gpus: int, resume: bool, runs: Path
) -> Outcome | None:
    """A rank under torchrun, which names the process that ends first."""
    try:
        return _rank(settings, open_sources, gpus, resume, runs)
    except (UserError, KeyboardInterrupt):
        raise
    except Exception:
        time.sleep(LATER_S)  # a process whose peer failed fails too
        raise
