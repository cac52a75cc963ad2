"""torch.compile, where it pays and where it works."""

import torch

from training.fitting import ctc
from training.fitting.fit_settings import FitSettings
from training.model.recogniser import Recogniser

MAX_REASON = 200  # characters of a compiler's complaint that a line of the report holds


def compile_parts(
    network: Recogniser, settings: FitSettings, device: torch.device, *, one_width: bool
) -> str:
    """Search for fast kernels and compile what pays; says what was decided.

    The loss is compiled once for all shapes. Convolutions would be compiled again for each width
    and for many numbers of lines, half a minute each, so they stay eager for lines of several
    widths. Only a network that is not copied afterwards: the copy would compute with the weights
    of the original.

    Args:
        network: is changed.
        settings: of the run.
        device: that it computes on.
        one_width: whether all batches have one shape.
    """
    torch.backends.cudnn.benchmark = one_width and not settings.deterministic
    reason = _objection(settings, device)
    if reason:
        return f"torch.compile: off ({reason})"
    ctc.fuse()
    if not one_width:
        return "torch.compile: loss (not convolutions, for lines of several widths)"
    network.features = torch.compile(network.features, dynamic=False)  # type: ignore[method-assign]
    return "torch.compile: convolutions and loss"


def _objection(settings: FitSettings, device: torch.device) -> str | None:
    if not settings.compile:
        return "--no-compile"
    if settings.deterministic:
        return "--deterministic"
    if device.type == "cpu":
        return "no gain on CPU"
    problem = compiler_problem(device)
    return problem and (
        f"it does not work here: {problem}; it needs gcc or clang, and Python's headers"
    )


def compiler_problem(device: torch.device) -> str | None:
    """What stops torch.compile on a device, found by compiling one line; None if it works.

    It needs Triton, a C compiler and Python's headers on a GPU, and a C++ compiler on a CPU.
    """
    try:
        torch.compile(_one_line)(torch.ones(8, device=device))
    except Exception as error:  # of torch, Triton, the compiler that they call, or the driver
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        named = [line for line in lines if "error:" in line] or lines or ["no reason given"]
        return f"{type(error).__name__}: {named[0]}"[:MAX_REASON]
    return None


def _one_line(x: torch.Tensor) -> torch.Tensor:
    return torch.relu(2 * x + 1)
