"""The compiled convolutions and loss that GPUs train with, run on the CPU."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._inductor import config as inductor_config
from torch._inductor.utils import fresh_cache

from tests.support.bar_lines import ALPHABET, BarSource
from training.fitting import compiling, ctc
from training.fitting import fit as fit_module
from training.fitting.compiling import compile_parts, compiler_problem
from training.fitting.fit import fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
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


# A compiler that is there and cannot compile.
FAILING = """#!/bin/sh
[ "$1" = --version ] && exec g++ --version
echo 'fatal error: Python.h: No such file or directory' >&2
exit 1
"""


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
        said.append(compile_parts(*arguments[:-1], GPU, one_width=one_width))
        return said[-1]

    monkeypatch.setattr(fit_module, "compile_parts", on_a_gpu)
    compiles_on_the_cpu(monkeypatch)
    compiled = trained(tmp_path, "compiled")
    assert said == ["torch.compile: convolutions and loss"]
    losses = [[r["loss"] for r in records if r["kind"] == "train"] for records in (eager, compiled)]
    assert len(losses[0]) == 4
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)

    # What was validated is the average, not the network that is trained.
    model = load_model(tmp_path / "compiled" / LAST)
    scores = validate(model.network, BarSource(32, seed=9), 32, RANK, "float32")
    metrics = scores.metrics()
    assert {name: compiled[-1][name] for name in metrics} == pytest.approx(metrics, rel=1e-4)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_when_not_to_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build("crnn_v2", len(ALPHABET), hidden=8, width_multiplier=0.125)
    compiles_on_the_cpu(monkeypatch)
    for settings, device, why in (
        (replace(SETTINGS, compile=False), GPU, "off (--no-compile)"),
        (replace(SETTINGS, deterministic=True), GPU, "off (--deterministic)"),
        (SETTINGS, torch.device("cpu"), "torch.compile: off (no gain on CPU)"),
    ):
        assert why in compile_parts(network, settings, device, one_width=True)
    assert not ctc._compiled
    assert "several widths" in compile_parts(network, SETTINGS, GPU, one_width=False)
    assert len(ctc._compiled) == 2
    assert "features" not in vars(network)


@pytest.mark.skipif(shutil.which("g++") is None, reason="its version is asked for")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize("missing", ["compiler", "header"])
def test_without_what_compiling_needs_all_stays_eager_and_the_reason_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """A compiler alone does not do: Triton's launchers include Python.h."""
    failing = tmp_path / "c++"
    failing.write_text(FAILING)
    failing.chmod(0o755)
    command = str(failing) if missing == "header" else str(tmp_path / "no-such-compiler")
    compiles_on_the_cpu(monkeypatch)
    network = build("crnn_v2", len(ALPHABET), hidden=8, width_multiplier=0.125)
    with fresh_cache(), inductor_config.patch({"cpp.cxx": (command,)}):
        torch._dynamo.reset()
        said = compile_parts(network, SETTINGS, GPU, one_width=True)
    assert said.startswith("torch.compile: off (it does not work here: ")
    assert ("Python.h: No such file" if missing == "header" else "no-such-compiler") in said
    assert "\n" not in said and len(said) < 350
    assert not ctc._compiled and "features" not in vars(network)


def compiles_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be tried on a GPU is tried here."""
    monkeypatch.setattr(ctc, "_compiled", {})
    monkeypatch.setattr(compiling, "compiler_problem", lambda _: compiler_problem(RANK.device))
