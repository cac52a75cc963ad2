"""What the machine offers: devices, precision, threads."""

import ctypes
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
import torch.distributed as dist

from training.fitting.fit_settings import FitSettings


@dataclass(frozen=True)
class Rank:
    """One process among all that train together.

    Attributes:
        index: number of the process, from 0.
        world_size: number of processes.
        device: what it computes on.
        local_processes: processes on this machine.
    """

    index: int
    world_size: int
    device: torch.device
    local_processes: int

    @property
    def first(self) -> bool:
        """Whether this process reports and writes."""
        return self.index == 0


def rank_from_environment(gpus: int) -> Rank:
    """The rank that torchrun or our launcher gave this process; alone without one."""
    local = int(os.environ.get("LOCAL_RANK", "0"))
    return Rank(
        index=int(os.environ.get("RANK", "0")),
        world_size=int(os.environ.get("WORLD_SIZE", "1")),
        device=torch.device("cuda", local) if gpus else torch.device("cpu"),
        local_processes=int(os.environ.get("LOCAL_WORLD_SIZE", "1")),
    )


# Parameters of mallopt(3) in glibc.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def set_up(settings: FitSettings, rank: Rank) -> None:
    """Threads, and the switches that only make things faster."""
    if rank.device.type == "cuda":
        torch.cuda.set_device(rank.device)
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or its sums may differ
        torch.use_deterministic_algorithms(settings.deterministic, warn_only=True)
        torch.set_float32_matmul_precision("high")
    else:
        torch.set_num_threads(settings.threads or max(1, cores() // rank.local_processes))
        _keep_memory()


def _keep_memory() -> None:
    """Tell glibc to keep freed memory rather than to map and fault in each tensor anew.

    A step on the CPU allocates and frees hundreds of megabytes; without this a fifth of its time
    goes to page faults. Other C libraries have no such switches and need none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)  # bytes


def precision(settings: FitSettings, device: torch.device) -> str:
    """The type that networks compute in: bfloat16 where the hardware multiplies it."""
    if settings.precision != "auto":
        return settings.precision
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if fast else "float32"


def autocast(device: torch.device, kind: str) -> AbstractContextManager[object]:
    """Mixed precision around a forward; parameters and losses stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=kind == "bfloat16")


def loader_workers(settings: FitSettings, rank: Rank) -> int:
    """Loader processes of a process: on a CPU decoding is a hundredth of the work."""
    if settings.workers is not None:
        return settings.workers
    if rank.device.type == "cpu":
        return 0
    most = cores() // rank.local_processes - 1
    return max(1, most if settings.live else min(8, most))


def smallest_gpu_bytes(rank: Rank) -> int:
    """Memory of the GPU that has least among those of all ranks, which have to agree on it."""
    total = torch.tensor(torch.cuda.get_device_properties(rank.device).total_memory)
    if rank.world_size > 1:
        dist.all_reduce(total, dist.ReduceOp.MIN)
    return int(total)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads per process"
