"""The warm start leaves the plateau of blanks at any batch size, with and without accumulation."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.bar_lines import BarSource
from training.fitting.fit import fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.run_records import METRICS, ValidationRecord, read_metrics
from training.fitting.sources import Sources

RANK = Rank(0, 1, torch.device("cpu"), 1)


def cer(tmp_path: Path, **changes: Any) -> float:
    """At the end of a run that ends before plain CTC has left the plateau."""
    settings = FitSettings(
        run="a", model="crnn_v2", hidden=32, width_multiplier=0.25, epochs=999, threads=1,
        validation_lines=200, validate_every=1000, precision="float32", **changes,
    )  # fmt: skip
    fit(settings, Sources(BarSource(4000), BarSource(200, seed=9)), RANK, runs=tmp_path)
    last = read_metrics(tmp_path / "a" / METRICS)[-1]
    assert isinstance(last, ValidationRecord)
    return last.cer


@pytest.mark.parametrize(
    "batch",
    [
        {"batch_size": 16, "max_steps": 130, "lr": 4e-3, "warmup": 0.1},
        # The learning rate is still rising here when the run ends, as it is for thousands of
        # steps of a run over millions of lines.
        {"batch_size": 64, "accumulate": 2, "max_steps": 90, "lr": 8e-3, "warmup": 0.95},
    ],
)
def test_the_plateau_is_left(tmp_path: Path, batch: dict[str, Any]) -> None:
    assert cer(tmp_path / "warm", alignment_lines=960, **batch) < 0.5
    assert cer(tmp_path / "plain", alignment_lines=0, **batch) > 0.9
