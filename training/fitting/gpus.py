"""Which GPUs a run takes, and why the ones that are there may not do."""

import ctypes
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch

from training.errors import FitError

_MANAGEMENT_LIBRARIES = ("libnvidia-ml.so.1", "nvml.dll")
_TEXT_BYTES = 96  # of a version that the library writes
INSTALL = "README says how"


@dataclass(frozen=True)
class Driver:
    """NVIDIA's driver, as its management library describes it.

    Attributes:
        version: such as "550.54.15".
        cuda: newest CUDA that it runs, major and minor.
        gpus: how many it has, hidden ones included.
    """

    version: str
    cuda: tuple[int, int]
    gpus: int


def gpus_to_use(wanted: int | None) -> int:
    """How many GPUs a run takes; all there are unless a number is given.

    Raises:
        FitError: if there are fewer than wanted, or torch cannot use them.
    """
    if wanted == 0:
        return 0
    usable, reason = _usable()
    if wanted is None:
        if reason and torch.cuda.device_count():
            raise FitError(f"the GPUs cannot be used: {reason}; or type --gpus 0")
        return usable
    if wanted > usable:
        instead = f"--gpus {usable}" if usable else "--gpus 0 to train on the CPU"
        why = reason or f"this machine has {usable} GPUs"
        raise FitError(f"--gpus {wanted}: {why}; or type {instead}")
    return wanted


def idle_gpus() -> str | None:
    """What to say where a run takes the CPU although the machine has GPUs; None otherwise."""
    installed = driver()
    if torch.cuda.device_count() or installed is None or not installed.gpus:
        return None
    return f"this machine's {installed.gpus} GPUs stay idle: {_without_gpus()}"


def _usable() -> tuple[int, str | None]:
    """GPUs that torch can compute on, and why it cannot if there are none."""
    listed = torch.cuda.device_count()  # of the driver, which may be too old for this torch
    if not listed:
        return 0, _without_gpus()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return listed, None
    said = " ".join(str(warning.message).splitlines()[0] for warning in caught)
    return 0, _too_old() or f"torch {torch.__version__} cannot start CUDA ({said or 'no reason'})"


def _without_gpus() -> str:
    installed = driver()
    if torch.version.cuda is None and torch.version.hip is None:
        return f"torch {torch.__version__} is a build for CPUs alone; {_install(installed)}"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if installed and installed.gpus and hidden is not None:
        return f"CUDA_VISIBLE_DEVICES={hidden!r} hides the {installed.gpus} GPUs of this machine"
    if installed is None:
        return f"torch {torch.__version__} is built for CUDA, and no NVIDIA driver is installed"
    return _too_old() or f"the NVIDIA driver {installed.version} has no GPU"


def _too_old() -> str | None:
    """Whether the driver is older than the CUDA that torch is built for.

    Within a major version any driver runs any build.
    """
    installed, built = driver(), torch.version.cuda
    if installed is None or built is None or installed.cuda[0] >= int(built.split(".")[0]):
        return None
    newest = ".".join(map(str, installed.cuda))
    return (
        f"torch {torch.__version__} is built for CUDA {built}, and the NVIDIA driver"
        f" {installed.version} runs none newer than {newest}: update the driver, or"
        f" {_install(installed)}"
    )


def _install(installed: Driver | None) -> str:
    version = torch.__version__.split("+")[0]
    if installed is None:
        return f"install an NVIDIA driver and the CUDA build of torch {version} ({INSTALL})"
    return f"install the build of torch {version} for CUDA {installed.cuda[0]} ({INSTALL})"


def driver() -> Driver | None:
    """NVIDIA's driver; None where none is loaded."""
    for name in _MANAGEMENT_LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        return _described(library)
    return None


def _described(library: ctypes.CDLL) -> Driver | None:
    if library.nvmlInit_v2() != 0:
        return None  # the library is there and its driver is not
    try:
        version = ctypes.create_string_buffer(_TEXT_BYTES)
        cuda, gpus = ctypes.c_int(), ctypes.c_uint()
        calls: list[Callable[[], int]] = [
            lambda: library.nvmlSystemGetDriverVersion(version, _TEXT_BYTES),
            lambda: library.nvmlSystemGetCudaDriverVersion_v2(ctypes.byref(cuda)),
            lambda: library.nvmlDeviceGetCount_v2(ctypes.byref(gpus)),
        ]
        if any(call() != 0 for call in calls):
            return None
    finally:
        library.nvmlShutdown()
    return Driver(version.value.decode(), (cuda.value // 1000, cuda.value % 1000 // 10), gpus.value)
