"""A loss that is not finite and a memory that is full end a run in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.bar_lines import BarSource
from tests.support.bar_runs import run, weights
from training.errors import FitError
from training.fitting.state_files import states
from training.fitting.train_state import TrainState
from training.model.networks import build


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_batch(tmp_path: Path) -> None:
    class Poisoned(BarSource):
        calls = 0

        def batch(self, indices: Any) -> Any:
            type(self).calls += 1
            if self.calls == 8:
                torch.nn.init.constant_(poisoned[0].bn5.bias, float("nan"))
            return super().batch(indices)

    poisoned: list[Any] = []

    def remember(*args: Any, **kwargs: Any) -> Any:
        poisoned.append(build(*args, **kwargs))
        return poisoned[-1]

    patch = pytest.MonkeyPatch()
    patch.setattr("training.fitting.fit.build", remember)
    with patch.context(), pytest.raises(FitError, match=r"step 7: loss nan.*bad_batch\.json"):
        run(tmp_path, train=Poisoned(100))
    patch.undo()
    order = BarSource(100).order(16, 0)
    bad = json.loads((tmp_path / "a" / "bad_batch.json").read_text())
    assert bad == {"step": 7, "lines": order.batch_indices(7).tolist()}
    good = weights(states(tmp_path / "a")[-1])
    assert states(tmp_path / "a")[-1].name == "state-000000005.pt"
    assert all(torch.isfinite(tensor.float()).all() for tensor in good.values())


def test_a_full_gpu_gets_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(TrainState, "line_losses", full)
    with pytest.raises(FitError, match="GPU has not enough memory for a step of 16 lines in 2"):
        run(tmp_path, accumulate=2)


@pytest.mark.parametrize(
    "words",
    [
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes",
        "could not create a primitive",
    ],
)
def test_a_full_memory_gets_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise RuntimeError(words)

    monkeypatch.setattr(TrainState, "line_losses", full)
    with pytest.raises(FitError, match="there is not enough memory for a step of 16 lines"):
        run(tmp_path)
