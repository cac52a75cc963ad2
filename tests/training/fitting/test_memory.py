"""The forecast of memory, and the lines that a GPU is given for it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.bar_lines import BarSource
from training.errors import FitError
from training.fitting import hardware
from training.fitting.ctc import ctc_loss
from training.fitting.fit import fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank, autocast
from training.fitting.memory import (
    ACTIVATION_BYTES,
    SCORE_BYTES,
    line_bytes,
    lines_per_gpu,
    process_bytes,
)  # fmt: skip
from training.fitting.run_settings import resolve
from training.fitting.sources import Sources
from training.model.model_settings import MODELS, ModelSettings
from training.model.networks import build

GIB = 2**30
GPU = torch.device("cuda", 0)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("model", MODELS)
def test_the_tables_are_those_of_the_networks(model: str, precision: str) -> None:
    network, lines, width_px = build(model, 5990).train(), 4, 280
    parameters = {p.untyped_storage().data_ptr() for p in network.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        with autocast(torch.device("cpu"), precision):
            logits = network(torch.randn(lines, 1, 32, width_px))
        activations = sum(kept.values())
        ctc_loss(logits, torch.ones(lines, 10, dtype=torch.int64), torch.full((lines,), 10))
    per_pixel = activations / (lines * 32 * width_px)
    assert per_pixel == pytest.approx(ACTIVATION_BYTES[precision][model], rel=0.25)
    scores = (sum(kept.values()) - activations) / (len(logits) * lines * 5990)
    assert scores == pytest.approx(SCORE_BYTES[precision], rel=0.1)


@pytest.mark.parametrize(
    ("gib", "model", "width_px", "lines"),
    [
        (79, "crnn", 280, 512), (24, "crnn", 280, 512), (8, "crnn", 280, 256),
        (24, "crnn_res", 280, 256), (79, "crnn_res", 640, 512), (2, "crnn_res", 640, 32),
    ],
)  # fmt: skip
def test_a_gpu_is_given_what_it_holds(gib: int, model: str, width_px: int, lines: int) -> None:
    each = line_bytes(ModelSettings(model, 5990), "bfloat16", width_px)
    assert lines_per_gpu(gib * GIB, each) == lines
    if lines > 32:
        assert process_bytes(24_000_000, lines, each) < 0.85 * gib * GIB


def test_pieces_and_narrow_networks_hold_more() -> None:
    wide = line_bytes(ModelSettings("crnn_res", 5990), "float32", 640)
    narrow = line_bytes(ModelSettings("crnn_res", 100, width_multiplier=0.25), "float32", 640)
    assert lines_per_gpu(8 * GIB, wide) < lines_per_gpu(8 * GIB, wide, pieces=4)
    assert lines_per_gpu(8 * GIB, wide) < lines_per_gpu(8 * GIB, narrow)


def test_a_run_takes_it_unless_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "smallest_gpu_bytes", lambda rank: 79 * GIB)
    wished = FitSettings(run="a", precision="bfloat16", max_steps=5, workers=1)
    sources = Sources(BarSource(5000))
    for world_size, changes, size in ((1, {}, 512), (2, {}, 1024), (2, {"batch_size": 96}, 96)):
        rank = Rank(0, world_size, GPU, 1)
        settings, _ = resolve(replace(wished, **changes), sources, sources.train.facts(), rank)
        assert settings.batch_size == size


@pytest.mark.parametrize(
    "part", ["training.fitting.train_state.Ema", "training.fitting.loop.validate"]
)
def test_a_gpu_that_is_full_is_named_whatever_fills_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Not the forward and backward alone: the EMA at the start, a validation in between."""

    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(part, full)
    settings = FitSettings(
        run="a", model="crnn_v2", hidden=8, width_multiplier=0.125, batch_size=10, max_steps=1,
        threads=1, precision="float32", alignment_lines=0,
    )  # fmt: skip
    sources = Sources(BarSource(20), BarSource(20, seed=9))
    with pytest.raises(FitError, match="the GPU has not enough memory for a step of 10 lines"):
        fit(settings, sources, Rank(0, 1, torch.device("cpu"), 1), runs=tmp_path)
