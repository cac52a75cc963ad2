"""Small training runs on bars, and what they leave."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from tests.support.bar_lines import BarSource
from training.fitting.fit import Outcome, fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.sources import Sources
from training.fitting.state_files import load_state

RANK = Rank(0, 1, torch.device("cpu"), 1)
SETTINGS = FitSettings(
    run="a", model="crnn_v2", hidden=16, width_multiplier=0.125, batch_size=16, max_steps=12,
    epochs=99, alignment_lines=64, threads=1, validation_lines=32, checkpoint_every=5, log_every=4,
    keep=9, precision="float32", lr=3e-3, validate_every=6,
)  # fmt: skip
SOURCES = Sources(BarSource(100), BarSource(40, seed=9))


def run(tmp_path: Path, resume: bool = False, train: Any = None, **changes: Any) -> Outcome:
    sources = Sources(train or BarSource(100), SOURCES.validation)
    return fit(replace(SETTINGS, **changes), sources, RANK, resume=resume, runs=tmp_path)


def weights(path: Path) -> dict[str, torch.Tensor]:
    state = load_state(path)
    tensors = {f"network.{k}": v for k, v in state.network.items()}
    tensors |= {f"ema.{k}": v for k, v in state.average.items()}
    for number, moments in state.optimizer["state"].items():
        tensors |= {f"optimizer.{number}.{k}": v for k, v in moments.items()}
    return tensors


def same(one: Path, other: Path) -> None:
    tensors, others = weights(one), weights(other)
    assert tensors.keys() == others.keys()
    for name, tensor in tensors.items():
        assert torch.equal(tensor, others[name]), name


def metrics(runs: Path) -> list[dict[str, Any]]:
    """What metrics.jsonl keeps, without times."""
    lines = (runs / "a" / "metrics.jsonl").read_text().splitlines()
    timed = ("seconds", "images_per_s")
    return [{k: v for k, v in json.loads(line).items() if k not in timed} for line in lines]
