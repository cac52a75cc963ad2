"""Which GPUs a run takes, and what a user reads where they cannot be used."""

import shutil
import subprocess
import warnings
from pathlib import Path

import pytest
import torch

from training.errors import FitError
from training.fitting import gpus
from training.fitting.gpus import Driver, driver, gpus_to_use, idle_gpus

OLD, NEW = Driver("535.54.03", (12, 2), 2), Driver("580.65.06", (13, 0), 2)


class Machine:
    """What torch and the driver say of a machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch = monkeypatch
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def set(self, *, cuda: str | None, listed: int, usable: bool, installed: Driver | None) -> None:
        """`listed` counts the driver's GPUs, as torch does; `usable`: whether CUDA starts."""

        def available() -> bool:
            if listed and not usable:
                warnings.warn("CUDA initialization: too old (found version 12020)", stacklevel=1)
            return usable

        self.patch.setattr(torch, "__version__", "2.13.0+cu130" if cuda else "2.13.0+cpu")
        self.patch.setattr(torch.version, "cuda", cuda)
        self.patch.setattr(torch.cuda, "device_count", lambda: listed)
        self.patch.setattr(torch.cuda, "is_available", available)
        self.patch.setattr(gpus, "driver", lambda: installed)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def refusal(wanted: int | None) -> str:
    with pytest.raises(FitError) as caught:
        gpus_to_use(wanted)
    return str(caught.value)


def test_two_good_gpus(machine: Machine) -> None:
    machine.set(cuda="13.0", listed=2, usable=True, installed=NEW)
    assert [gpus_to_use(wanted) for wanted in (None, 0, 1, 2)] == [2, 0, 1, 2]
    assert idle_gpus() is None
    assert refusal(3) == "--gpus 3: this machine has 2 GPUs; or type --gpus 2"


def test_a_driver_too_old_for_torch(machine: Machine) -> None:
    machine.set(cuda="13.0", listed=2, usable=False, installed=OLD)
    reason = (
        "torch 2.13.0+cu130 is built for CUDA 13.0, and the NVIDIA driver 535.54.03 runs none"
        " newer than 12.2: update the driver, or install the build of torch 2.13.0 for CUDA 12"
        " (README says how)"
    )
    assert refusal(2) == f"--gpus 2: {reason}; or type --gpus 0 to train on the CPU"
    assert refusal(None) == f"the GPUs cannot be used: {reason}; or type --gpus 0"
    assert gpus_to_use(0) == 0


def test_a_torch_without_cuda(machine: Machine) -> None:
    machine.set(cuda=None, listed=0, usable=False, installed=NEW)
    reason = (
        "torch 2.13.0+cpu is a build for CPUs alone; install the build of torch 2.13.0 for CUDA 13"
        " (README says how)"
    )
    assert refusal(2) == f"--gpus 2: {reason}; or type --gpus 0 to train on the CPU"
    assert gpus_to_use(None) == 0
    assert idle_gpus() == f"this machine's 2 GPUs stay idle: {reason}"


def test_no_gpu_at_all(machine: Machine) -> None:
    machine.set(cuda=None, listed=0, usable=False, installed=None)
    assert "install an NVIDIA driver and the CUDA build of torch 2.13.0" in refusal(1)
    assert gpus_to_use(None) == 0 and idle_gpus() is None
    machine.set(cuda="13.0", listed=0, usable=False, installed=None)
    assert "no NVIDIA driver is installed" in refusal(1)


def test_gpus_that_are_hidden(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.set(cuda="13.0", listed=0, usable=False, installed=NEW)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "CUDA_VISIBLE_DEVICES='' hides the 2 GPUs of this machine" in refusal(1)


def test_another_failure_is_told_in_torchs_words(machine: Machine) -> None:
    machine.set(cuda="13.0", listed=2, usable=False, installed=NEW)
    assert "cannot start CUDA (CUDA initialization: too old" in refusal(2)


LIBRARY = """
#include <string.h>
int nvmlInit_v2(void) { return %(init)d; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *out, unsigned n) { strncpy(out, "550.54.15", n); return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *out) { *out = 12040; return 0; }
int nvmlDeviceGetCount_v2(unsigned *out) { *out = 4; return 0; }
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="builds a library to stand in for NVML")
def test_the_driver_is_read_from_its_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, init in (("works", 0), ("without-its-driver", 9)):
        source = tmp_path / f"{name}.c"
        source.write_text(LIBRARY % {"init": init})
        command = ["gcc", "-shared", "-fPIC", "-o", str(tmp_path / f"{name}.so"), str(source)]
        subprocess.run(command, check=True)
    for names, expected in (
        (("works.so",), Driver("550.54.15", (12, 4), 4)),
        (("is-not-there.so", "works.so"), Driver("550.54.15", (12, 4), 4)),
        (("without-its-driver.so",), None),
        (("is-not-there.so",), None),
    ):
        paths = tuple(str(tmp_path / name) for name in names)
        monkeypatch.setattr(gpus, "_MANAGEMENT_LIBRARIES", paths)
        assert driver() == expected
