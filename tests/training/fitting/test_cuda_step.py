"""A training step of each network as a GPU would run it, followed without one."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from tests.support.fake_cuda import DEVICE, fake_cuda
from training.fitting.alignment import alignment_loss
from training.fitting.batches import Batch
from training.fitting.ctc import _NarrowScores, line_scores
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.train_state import TrainState
from training.model.model_settings import MODELS
from training.model.networks import build

LINES, WIDTH_PX, LENGTH, CLASSES = 512, 280, 10, 5990
RANK = Rank(0, 1, DEVICE, 1)

pytestmark = pytest.mark.filterwarnings(
    "ignore:Accessing the data pointer of FakeTensor", "ignore:PyTorch was compiled without cuDNN"
)


def batch() -> Batch:
    return Batch(
        images=torch.zeros(LINES, 32, WIDTH_PX, dtype=torch.uint8),
        targets=torch.ones(LINES, LENGTH, dtype=torch.int64),
        lengths=torch.full((LINES,), LENGTH),
        centres=torch.zeros(LINES, LENGTH),
        has_centres=torch.ones(LINES, dtype=torch.bool),
        indices=torch.arange(LINES),
    )


def shape_of_ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor, **_: Any
) -> Tensor:
    """torch's own has no form without values; what it is given is checked here."""
    assert log_probs.shape[1:] == (LINES, 1 + LENGTH) and log_probs.dtype == torch.float32
    assert log_probs.device == targets.device == DEVICE
    assert targets.shape == (LINES, LENGTH)
    assert input_lengths.is_cpu and target_lengths.is_cpu  # on the device they cost a wait
    return log_probs.sum((0, 2))


def backward(losses: Tensor, logits: Tensor, network: nn.Module) -> None:
    """The whole way back where torch knows CUDA; elsewhere the loss's own part of it.

    Autograd's engine asks a device for its streams, and there only a CUDA build answers.
    """
    if torch.version.cuda:
        losses.sum().backward()  # type: ignore[no-untyped-call]
        return
    columns = torch.ones(1, LINES, 1 + LENGTH, dtype=torch.int64, device=DEVICE)
    used = torch.ones(LINES, 1 + LENGTH, dtype=torch.bool, device=DEVICE)
    context = FunctionCtx()
    saved: list[Tensor] = []
    context.save_for_backward = lambda *tensors: saved.extend(tensors)  # type: ignore[method-assign]
    outputs = _NarrowScores.forward(context, logits, columns, used)
    context.saved_tensors = saved  # type: ignore[attr-defined]
    gradient, *_ = _NarrowScores.backward(context, *(torch.ones_like(out) for out in outputs))
    assert (gradient.shape, gradient.dtype) == (logits.shape, logits.dtype)
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)


@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
@pytest.mark.parametrize("model", MODELS)
def test_a_step(monkeypatch: pytest.MonkeyPatch, model: str, precision: str) -> None:
    seen: dict[str, Tensor] = {}
    monkeypatch.setattr(torch.nn.functional, "ctc_loss", shape_of_ctc_loss)
    with fake_cuda(monkeypatch):
        settings = FitSettings(model=model, batch_size=LINES, precision=precision)
        train_state = TrainState(build(model, CLASSES), settings, RANK)
        train_state.network.register_forward_hook(lambda *all_of_it: seen.update(out=all_of_it[2]))
        losses = train_state.line_losses(batch().to(DEVICE), by_alignment=False)
        backward(losses, seen["out"], train_state.network)
        norm = train_state.clip()
        train_state.advance(1e-3)
        lines = batch().to(DEVICE)
        scores = line_scores(seen["out"], lines.targets, lines.lengths)
        aligned = alignment_loss(train_state.network, scores, lines.centres)
    steps = train_state.network.output_length(WIDTH_PX)
    assert seen["out"].shape == (steps, LINES, CLASSES)
    assert seen["out"].dtype == getattr(torch, precision)
    for tensor, shape in ((losses, (LINES,)), (aligned, (LINES,)), (norm, ())):
        assert (tensor.shape, tensor.dtype, tensor.device) == (shape, torch.float32, DEVICE)
    states = train_state.optimizer.state.values()
    assert len(states) == len(list(train_state.network.parameters()))
    assert {moment.device for state in states for moment in state.values()} == {DEVICE}
    averages = [*train_state.ema.network.parameters(), *train_state.ema.network.buffers()]
    assert {average.device for average in averages} == {DEVICE}
    assert train_state.step == 1


def test_the_averages_lstms_are_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy's weights lie apart: cuDNN would gather them again in every validation batch."""
    flat = []
    monkeypatch.setattr(nn.LSTM, "flatten_parameters", lambda lstm: flat.append(lstm))
    network = build("crnn_v2", 7, hidden=8, width_multiplier=0.125)
    train_state = TrainState(network, FitSettings(), Rank(0, 1, torch.device("cpu"), 1))
    averages = [m for m in train_state.ema.network.modules() if isinstance(m, nn.LSTM)]
    assert len(averages) == 2
    assert all(any(lstm is seen for seen in flat) for lstm in averages)
