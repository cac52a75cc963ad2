"""What is said before the first step holds."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.bar_lines import BarSource
from tests.support.bar_runs import RANK, run
from tests.support.paths import ROOT
from training.errors import FitError
from training.fitting.data import Facts
from training.fitting.validate import BATCH_LINES, Scores, validate
from training.model.networks import build

STEPS = """
import re
import sys
from dataclasses import replace
from pathlib import Path

import torch

from tests.support.bar_lines import BarSource
from training.fitting import hardware
from training.fitting.data import make_batches
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.preflight import memory_bytes
from training.fitting.run_settings import resolve
from training.fitting.sources import Sources
from training.fitting.train_state import TrainState
from training.model.networks import build

rank = Rank(0, 1, torch.device("cpu"), 1)
wished = FitSettings(run="a", model="crnn_v2", batch_size=48, precision="float32", threads=1)
hardware.set_up(wished, rank)
sources = Sources(BarSource(100, widths=(280,)))
settings, order = resolve(wished, sources, sources.train.facts(), rank)
network = build("crnn_v2", 3000)
state = TrainState(network, settings, rank)
indices = order.batch_indices(0)
for _ in range(2):
    for batch in make_batches(sources.train.batch(indices), indices):
        state.line_losses(batch, by_alignment=False).sum().backward()
    state.clip()
    state.advance(1e-4)
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
print(peak, round(memory_bytes(settings, network, sources.train.facts(), rank)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_the_memory_that_is_forecast_is_what_a_step_takes() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STEPS], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    peak, forecast = map(int, ended.stdout.split())
    assert peak > 2**30  # more than libraries and weights
    assert 0.9 < forecast / peak < 1.4, (peak, forecast)


def test_a_validation_reads_no_more_lines_at_once_than_a_step_trains_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def noted(*arguments: Any) -> Scores:
        sizes.append(arguments[5])
        return validate(*arguments)

    monkeypatch.setattr("training.fitting.loop.validate", noted)
    run(tmp_path / "small", batch_size=12, accumulate=3, max_steps=1)
    run(tmp_path / "large", batch_size=300, max_steps=1)
    assert sizes == [4, BATCH_LINES]


@pytest.mark.parametrize("width", [80, 150])
def test_scores_do_not_depend_on_how_many_lines_are_read_at_once(width: int) -> None:
    torch.manual_seed(0)
    network = build("crnn_v2", 7, hidden=8, width_multiplier=0.125).eval()
    source = BarSource(50, widths=(width, 80))
    one, three = (validate(network, source, 0, RANK, "float32", n) for n in (50, 3))
    assert (one.lines, one.correct, one.edits) == (three.lines, three.correct, three.edits)
    assert one.confusions == three.confusions and one.loss == pytest.approx(three.loss, rel=1e-5)


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    class Crowded(BarSource):
        def facts(self) -> Facts:
            return replace(super().facts(), infeasible=lambda steps: [(7, "一" * steps(80))])

    with pytest.raises(FitError, match=r"bars: labels too long .*'一{22}' \(line 7\)"):
        run(tmp_path, train=Crowded(100))


def test_too_little_data_for_a_batch(tmp_path: Path) -> None:
    with pytest.raises(FitError, match="has 10 lines, fewer than the batch of 16"):
        run(tmp_path, train=BarSource(10), epochs=1)
