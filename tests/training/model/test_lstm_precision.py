"""The LSTMs of a GPU in bfloat16, run on the CPU."""

import pytest
import torch

from tests.support.fake_cuda import DEVICE, fake_cuda
from training.model.networks import build
from training.model.recogniser import BidirectionalLSTM


def test_states_and_gradients_in_bfloat16_are_those_of_float32_rounded() -> None:
    torch.manual_seed(0)
    lstm = BidirectionalLSTM(24, 16, 7)
    x = torch.randn(11, 3, 24)
    results = {}
    for dtype in (torch.float32, torch.bfloat16):
        lstm.zero_grad()
        states = lstm.states(x, dtype)
        assert states.dtype == dtype
        states.float().square().sum().backward()  # type: ignore[no-untyped-call]
        gradients = {name: p.grad for name, p in lstm.rnn.named_parameters()}
        results[dtype] = states.float().detach(), gradients
    (exact, exact_gradients), (states, gradients) = results.values()
    assert float((states - exact).norm() / exact.norm()) < 0.01
    assert states.abs().max() > 0.1
    for name, gradient in gradients.items():
        assert gradient is not None and gradient.dtype == torch.float32
        assert float((gradient - exact_gradients[name]).norm() / gradient.norm()) < 0.03, name


@pytest.mark.filterwarnings(
    "ignore:Accessing the data pointer of FakeTensor", "ignore:PyTorch was compiled without cuDNN"
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_gpu_computes_them_as_asked(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype) -> None:
    seen: list[torch.dtype] = []
    with fake_cuda(monkeypatch):
        network = build("crnn_v2", 50).to(DEVICE, memory_format=torch.channels_last)
        network.compute_lstms_in(dtype)
        for module in network.modules():
            if isinstance(module, BidirectionalLSTM):
                module.embedding.register_forward_hook(lambda *call: seen.append(call[1][0].dtype))
        with torch.autocast("cuda", torch.bfloat16):
            logits = network(torch.zeros(4, 1, 32, 280, device=DEVICE))
    assert seen == [dtype, dtype]
    assert (logits.dtype, logits.shape) == (torch.bfloat16, (72, 4, 50))
