"""Training killed at random instants and gone on with equals training never killed."""

import json
import multiprocessing
import os
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from ocrbase.publishing import is_attempt
from tests.support.bar_runs import weights as tensors_of
from training.fitting.state_files import load_state
from training.model.checkpoint import load_model

STEPS = 24
CHANGES = {
    "max_steps": STEPS, "checkpoint_every": 3, "validate_every": 6, "log_every": 1, "keep": 2,
    "validation_lines": 8, "augment": 0.5, "accumulate": 2,
}  # fmt: skip
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.support.bar_runs"])


def train(runs: Path, resume: bool) -> None:
    """What a killed process does: a short run on lines of two widths."""
    from tests.support.bar_lines import BarSource
    from tests.support.bar_runs import run

    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 2)
    run(runs, resume=resume, train=BarSource(100, widths=(80, 150)), **CHANGES)


def started(runs: Path) -> BaseProcess:
    """A process that begins the run, or goes on with it as a user would."""
    process = CONTEXT.Process(target=train, args=(runs, (runs / "a" / "settings.json").exists()))
    process.start()
    return process


def finished(runs: Path) -> float:
    """Let a run come to its end; the seconds that it takes."""
    before = time.monotonic()
    process = started(runs)
    process.join(300)
    assert process.exitcode == 0
    return time.monotonic() - before


def content(folder: Path) -> dict[str, Any]:
    """All that a run leaves, but for times."""
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for record in metrics:
        record.pop("seconds")
        record.pop("images_per_s", None)
    kept: dict[str, Any] = {"metrics.jsonl": metrics}
    for path in folder.iterdir():
        if path.suffix == ".json":
            kept[path.name] = path.read_text()
        elif path.suffix == ".safetensors":
            model = load_model(path)
            kept[path.name] = (model.training, exact(model.network.state_dict()))
        elif path.suffix == ".pt":
            state = load_state(path)
            rest = (state.step, state.best, state.best_cer, state.stale, state.data)
            kept[path.name] = (rest, exact(tensors_of(path)))
    return kept


def exact(tensors: dict[str, torch.Tensor]) -> dict[str, bytes]:
    """The bits of tensors by name."""
    return {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """A run that nobody kills, and the seconds that it takes."""
    runs = tmp_path_factory.mktemp("whole")
    finished(runs / "first")  # the first process of the server waits for its imports
    return content(runs / "first" / "a"), finished(runs / "second")


def test_killed_at_random_instants_and_resumed_equals_never_killed(
    whole: tuple[dict[str, Any], float], tmp_path: Path, kill_rounds: int
) -> None:
    expected, seconds = whole
    killed = 0
    for number in range(kill_rounds):
        rng, runs = Random(f"kills {number}"), tmp_path / str(number)
        for _ in range(rng.choice((1, 1, 2, 3))):
            process = started(runs)
            process.join(rng.uniform(0, 1.1 * seconds))
            killed += process.is_alive()
            process.kill()
            process.join()
        finished(runs)
        got = content(runs / "a")
        assert got.keys() == expected.keys()
        assert [name for name in expected if got[name] != expected[name]] == [], number
        left = [path for path in runs.rglob("*") if is_attempt(path) or path.name.endswith(".lock")]
        assert left == [], number
    assert killed >= kill_rounds / 2
