"""A machine with a GPU that does not compute: shapes, types and devices of a step, and no values.

torch follows tensors of any device through `FakeTensorMode`. A build without CUDA lacks the object
that switches between GPUs; the one of the device "meta", which has nothing to switch, stands in.
"""

import contextlib
import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from training.model.recogniser import Recogniser

DEVICE = torch.device("cuda", 0)
_GUARDS = "_ZN3c104impl26device_guard_impl_registryE"  # one pointer per type of device
_CUDA, _META, _TYPES = 1, 14, 21


@contextlib.contextmanager
def fake_cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tensors of inside have no values; networks and batches move to `DEVICE`."""
    monkeypatch.setattr(Recogniser, "to", _moved)
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    monkeypatch.setattr(FakeTensorMode, "__deepcopy__", lambda mode, _: mode, raising=False)
    with _guarded(), FakeTensorMode():
        yield


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    library = Path(torch.__file__).parent / "lib" / "libc10.so"
    if torch.version.cuda or not library.exists():
        yield
        return
    guards = (ctypes.c_void_p * _TYPES).in_dll(ctypes.CDLL(str(library)), _GUARDS)
    guards[_CUDA] = guards[_META]
    try:
        yield
    finally:
        guards[_CUDA] = None


def _moved(network: Recogniser, device: torch.device, memory_format: Any) -> Recogniser:
    """`nn.Module.to`, which cannot exchange parameters without values."""
    for module in network.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                layout = memory_format if parameter.dim() == 4 else torch.preserve_format
                moved = parameter.detach().to(device, memory_format=layout)
                module._parameters[name] = nn.Parameter(moved)
        for name, buffer in module._buffers.items():
            module._buffers[name] = None if buffer is None else buffer.to(device)
        if isinstance(module, nn.RNNBase):
            module._init_flat_weights()
    return network
