"""Training end to end on bars: it learns, and goes on exactly where it stopped."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from datagen.errors import ImageError
from tests.support.bar_lines import ALPHABET, BarSource
from tests.support.paths import ROOT
from training.errors import CheckpointError, FitError
from training.fitting import run_folder
from training.fitting.data import Facts
from training.fitting.fit import Outcome, fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.run_settings import resolve
from training.fitting.sources import Sources
from training.fitting.state_files import load_state, save_state, states
from training.fitting.train_state import TrainState
from training.model.checkpoint import load_model
from training.model.networks import build

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


def test_it_learns_to_read_bars(tmp_path: Path) -> None:
    outcome = run(
        tmp_path, train=BarSource(800), hidden=64, width_multiplier=0.25, lr=1e-2, max_steps=160,
        alignment_lines=1280, validate_every=80,
    )  # fmt: skip
    assert outcome.line_accuracy >= 0.9
    model = load_model(tmp_path / "a" / "best.safetensors")
    assert model.alphabet == ALPHABET
    assert model.training["line_accuracy"] == outcome.line_accuracy
    records = metrics(tmp_path)
    losses = [record["loss"] for record in records if record["kind"] == "train"]
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize(
    "source", [BarSource(100), BarSource(100, widths=(80, 150), centres=False)]
)
def test_resumed_in_mid_epoch_equals_never_stopped(tmp_path: Path, source: BarSource) -> None:
    run(tmp_path / "whole", train=source, augment=0.5, accumulate=2)
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    for late in states(tmp_path / "killed" / "a")[1:]:
        late.unlink()  # as if killed after step 5 of an epoch of 6 and a bit
    outcome = run(tmp_path / "killed", resume=True, train=source, augment=0.5, accumulate=2)
    assert outcome.step == 12
    for whole, resumed in zip(
        states(tmp_path / "whole" / "a"), states(tmp_path / "killed" / "a"), strict=True
    ):
        same(whole, resumed)
    whole_run, resumed_run = (metrics(tmp_path / name) for name in ("whole", "killed"))
    assert [r["step"] for r in whole_run] == [r["step"] for r in resumed_run]
    assert [r for r in whole_run if r["step"] > 8] == [r for r in resumed_run if r["step"] > 8]


def test_ctrl_c_saves_the_step_at_hand(tmp_path: Path) -> None:
    class Interrupting(BarSource):
        calls = 0

        def batch(self, indices: Any) -> Any:
            type(self).calls += 1
            if self.calls == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return super().batch(indices)

    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals need the main thread")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", train=Interrupting(100))
    assert [path.name for path in states(tmp_path / "cut" / "a")] == ["state-000000003.pt"]
    run(tmp_path / "cut", resume=True)
    run(tmp_path / "whole")
    same(tmp_path / "cut" / "a" / "state-000000012.pt", states(tmp_path / "whole" / "a")[-1])


def test_another_data_set_refuses_the_resume(tmp_path: Path) -> None:
    run(tmp_path, max_steps=5)
    with pytest.raises(CheckpointError, match="the data set changed since step 5"):
        run(tmp_path, resume=True, train=BarSource(101), max_steps=5)


def test_a_damaged_state_is_named_and_the_one_before_offered(tmp_path: Path) -> None:
    run(tmp_path)
    newest = states(tmp_path / "a")[-1]
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"012\.pt is damaged.*state-000000010\.pt"):
        run(tmp_path, resume=True)
    newest.unlink()
    assert run(tmp_path, resume=True).step == 12


def test_a_state_of_another_network_is_named(tmp_path: Path) -> None:
    run(tmp_path)
    (newest,) = states(tmp_path / "a")[-1:]
    state = load_state(newest)
    weight = next(iter(state.network))
    moments = {**state.optimizer, "state": {**state.optimizer["state"], 0: {}}}
    for wrong in (
        msgspec.structs.replace(state, network={**state.network, weight: torch.zeros(1)}),
        msgspec.structs.replace(state, network={**state.network, weight: "heavy"}),
        msgspec.structs.replace(state, average={}),
        msgspec.structs.replace(state, optimizer=moments),
        msgspec.structs.replace(state, optimizer={}),
    ):
        save_state(tmp_path / "a", wrong, keep=9)
        with pytest.raises(CheckpointError, match="after step 12 does not fit the network of this"):
            run(tmp_path, resume=True)
    save_state(tmp_path / "a", state, keep=9)
    assert run(tmp_path, resume=True).step == 12


def test_old_states_are_pruned(tmp_path: Path) -> None:
    run(tmp_path, checkpoint_every=2, keep=2)
    assert [int(p.stem[6:]) for p in states(tmp_path / "a")] == [10, 12]


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


def test_early_stopping_says_that_and_why(tmp_path: Path) -> None:
    outcome = run(tmp_path, lr=1e-9, validate_every=1, patience=2, alignment_lines=0, ema_decay=0)
    assert outcome.step == 3
    assert outcome.ended_early.startswith(
        "no progress in the last 2 validations (--patience 2); the best was step 1, line accuracy"
    )
    finished = json.loads((tmp_path / "a" / "finished.json").read_text())
    assert finished["ended_early"] == outcome.ended_early
    assert load_state(states(tmp_path / "a")[-1]).stale == 2


def test_early_stopping_counts_from_ctc_on(tmp_path: Path) -> None:
    """The warm start takes 4 steps, in which nothing is read right however well it goes."""
    outcome = run(tmp_path, lr=1e-9, validate_every=1, patience=2, ema_decay=0)
    assert outcome.step == 6


def test_a_run_that_ends_with_its_last_step_has_not_ended_early(tmp_path: Path) -> None:
    outcome = run(tmp_path, lr=1e-9, validate_every=4, patience=2, alignment_lines=0, ema_decay=0)
    assert outcome == Outcome(tmp_path / "a", 12, 192, outcome.line_accuracy)


def test_the_best_has_most_lines_right_and_of_those_the_lowest_cer() -> None:
    rank_settings = resolve(SETTINGS, SOURCES, SOURCES.train.facts(), RANK)[0]
    network = build("crnn_v2", 7, hidden=8, width_multiplier=0.125)
    state = TrainState(network, rank_settings, RANK)
    state.step = 5
    seen = [(0.0, 0.9), (0.0, 0.8), (0.0, 0.8), (0.1, 0.95), (0.1, 0.97), (0.0, 0.1), (0.1, 0.9)]
    assert [state.note_validation(*pair) for pair in seen] == [
        *(True, True, False, True, False, False, True)
    ]
    assert (state.best, state.best_cer, state.stale) == (0.1, 0.9, 0)


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    class Crowded(BarSource):
        def facts(self) -> Facts:
            return replace(super().facts(), infeasible=lambda steps: [(7, "一" * steps(80))])

    with pytest.raises(FitError, match=r"bars: labels too long .*'一{22}' \(line 7\)"):
        run(tmp_path, train=Crowded(100))


def test_too_little_data_for_a_batch(tmp_path: Path) -> None:
    with pytest.raises(FitError, match="has 10 lines, fewer than the batch of 16"):
        run(tmp_path, train=BarSource(10), epochs=1)


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    run(tmp_path, max_steps=1)
    with pytest.raises(FitError, match="go on with --resume --run a"):
        run(tmp_path, max_steps=1)


def test_resume_refuses_other_settings_and_names_them(tmp_path: Path) -> None:
    run(tmp_path, max_steps=1)
    stored = run_folder.resumed({}, tmp_path)
    assert stored == replace(SETTINGS, max_steps=1)
    assert run_folder.resumed({"processes": 2, "lr": 3e-3}, tmp_path).processes == 2
    with pytest.raises(FitError, match=r"lr: 0.003, now 0.1; model: crnn_v2, now crnn\)"):
        run_folder.resumed({"lr": 0.1, "model": "crnn"}, tmp_path)
    with pytest.raises(CheckpointError, match=r"there is no run .*b"):
        run_folder.resumed({"run": "b"}, tmp_path)


def test_resume_takes_data_from_elsewhere_but_not_in_other_shares(tmp_path: Path) -> None:
    run(tmp_path, max_steps=1, data=("a:3", "b:1"))
    assert run_folder.resumed({"data": ("x/a:3", "x/b:1")}, tmp_path).data == ("x/a:3", "x/b:1")
    with pytest.raises(FitError, match="weights of data: a:3, b:1, now a:1, b:1"):
        run_folder.resumed({"data": ("a:1", "b:1")}, tmp_path)


def test_killed_before_its_first_state_it_still_starts_from_the_named_model(tmp_path: Path) -> None:
    run(tmp_path / "first", max_steps=6)
    model = str(tmp_path / "first" / "a" / "last.safetensors")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(whole, init=model, max_steps=6)
    shutil.copytree(whole, killed)
    for path in states(killed / "a"):
        path.unlink()
    run(killed, resume=True, init=model, max_steps=6)
    same(states(whole / "a")[-1], states(killed / "a")[-1])


class DamagedBars(BarSource):
    def batch(self, indices: Any) -> Any:
        raise ImageError("shard_00003: image-000000007 cannot be decoded")


def test_what_a_worker_finds_wrong_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        run(tmp_path, train=DamagedBars(100), workers=1)
    assert str(caught.value) == "shard_00003: image-000000007 cannot be decoded"


ENDLESS = """
import sys
from pathlib import Path
from tests.training.fitting.test_fit import run

if __name__ == "__main__":
    run(Path(sys.argv[1]), workers=2, max_steps=10**6, epochs=10**6, log_every=1)
"""


def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    (tmp_path / "endless.py").write_text(ENDLESS)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "endless.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    metrics = tmp_path / "a" / "metrics.jsonl"
    wait_until(lambda: metrics.exists() and metrics.stat().st_size > 0)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    process.wait()
    wait_until(lambda: not any(worker.is_running() for worker in workers))


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_full_gpu_gets_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(TrainState, "line_losses", full)
    with pytest.raises(FitError, match="GPU has not enough memory for a step of 16 lines in 2"):
        run(tmp_path, accumulate=2)


def test_init_keeps_shared_classes_by_character(tmp_path: Path) -> None:
    from datagen.alphabet import Alphabet
    from training.model.transfer import start_from

    run(tmp_path, max_steps=1)
    path = tmp_path / "a" / "last.safetensors"
    alphabet = Alphabet(("", *"四甲一"))
    network = build("crnn_v2", 4, hidden=16, width_multiplier=0.125)
    fresh = network.state_dict()["rnn.1.embedding.weight"].clone()
    assert "3 classes kept by character, 1 new" in start_from(network, alphabet, path)
    old = load_model(path).network.state_dict()
    new = network.state_dict()
    weight = "rnn.1.embedding.weight"
    assert torch.equal(new[weight][[0, 1, 3]], old[weight][[0, 4, 1]])
    assert torch.equal(new[weight][2], fresh[2])
    assert torch.equal(new["conv1_1.weight"], old["conv1_1.weight"])
    with pytest.raises(CheckpointError, match="another network: hidden 16, not 8"):
        start_from(build("crnn_v2", 4, hidden=8, width_multiplier=0.125), alphabet, path)


def test_settings_name_all_problems() -> None:
    with pytest.raises(FitError) as caught:
        FitSettings(model="vgg", epochs=0, lr=3.0, run="a/b")
    message = str(caught.value)
    for part in ("epochs 0: give at least 1", "model 'vgg'", "lr 3.0: give more", "run 'a/b'"):
        assert part in message


def test_augmentation_is_a_function_of_seed_step_and_line() -> None:
    from training.fitting.augment import augment

    images = np.stack(BarSource(8).batch(np.arange(8)).images)
    indices = np.arange(8)
    whole = augment(images, indices, 3, seed=1, strength=1.0)
    parts = [
        augment(images[i : i + 1], indices[i : i + 1], 3, seed=1, strength=1.0) for i in indices
    ]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert (whole != images).any()
    assert (whole != augment(images, indices, 4, seed=1, strength=1.0)).any()
    np.testing.assert_array_equal(images, augment(images, indices, 3, seed=1, strength=0.0))
