"""The compiled convolutions that GPUs train with, run on the CPU."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.bar_lines import ALPHABET, BarSource
from training.fitting import hardware
from training.fitting.fit import fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank, compile_convolutions
from training.fitting.sources import Sources
from training.fitting.validate import validate
from training.model.checkpoint import LAST, load_model
from training.model.networks import build

SETTINGS = FitSettings(
    model="crnn_v2", hidden=8, width_multiplier=0.125, batch_size=20, precision="float32",
    max_steps=4, epochs=9, lr=1e-3, alignment_lines=0, threads=1, validation_lines=32, log_every=1,
)  # fmt: skip
RANK = Rank(0, 1, torch.device("cpu"), 1)
GPU = torch.device("cuda")  # what decides that compiling pays; nothing is put there


def trained(runs: Path, name: str) -> list[dict[str, Any]]:
    sources = Sources(BarSource(60), BarSource(32, seed=9))
    fit(replace(SETTINGS, run=name), sources, RANK, runs=runs)
    lines = (runs / name / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # torch about itself
def test_compiled_training_is_that_of_eager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    eager = trained(tmp_path, "eager")
    said = []

    def on_a_gpu(*arguments: Any, one_width: bool) -> str:
        said.append(compile_convolutions(*arguments[:-1], GPU, one_width=one_width))
        return said[-1]

    monkeypatch.setattr(hardware, "compile_convolutions", on_a_gpu)
    compiled = trained(tmp_path, "compiled")
    assert said == ["convolutions compiled"]
    losses = [[r["loss"] for r in records if r["kind"] == "train"] for records in (eager, compiled)]
    assert len(losses[0]) == 4
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)

    # What was validated is the average, not the network that is trained.
    model = load_model(tmp_path / "compiled" / LAST)
    scores = validate(model.network, BarSource(32, seed=9), 32, RANK, "float32")
    metrics = scores.metrics()
    assert {name: compiled[-1][name] for name in metrics} == pytest.approx(metrics, rel=1e-4)


def test_when_not_to_compile() -> None:
    network = build("crnn_v2", len(ALPHABET), hidden=8, width_multiplier=0.125)
    for settings, device, why in (
        (replace(SETTINGS, compile=False), GPU, "switched off"),
        (replace(SETTINGS, deterministic=True), GPU, "deterministic"),
        (SETTINGS, torch.device("cpu"), "does not pay on a CPU"),
    ):
        assert why in compile_convolutions(network, settings, device, one_width=True)
    assert "several widths" in compile_convolutions(network, SETTINGS, GPU, one_width=False)
    assert "features" not in vars(network)
