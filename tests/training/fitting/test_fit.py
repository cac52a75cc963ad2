"""Training end to end on bars: it learns, and goes on exactly where it stopped."""

import os
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from tests.support.bar_lines import ALPHABET, BarSource
from tests.support.bar_runs import RANK, SOURCES, metrics, run, same, weights
from training.errors import CheckpointError, FitError
from training.fitting import loop, run_folder
from training.fitting.fit import fit
from training.fitting.processes import AGAIN_S
from training.fitting.signals import Interrupted
from training.fitting.state_files import State, load_state, save_state, states
from training.model.checkpoint import LAST, load_model
from training.model.networks import build


def test_it_learns_to_read_bars(tmp_path: Path) -> None:
    outcome = run(
        tmp_path, train=BarSource(800), hidden=64, width_multiplier=0.25, lr=1e-2, max_steps=160,
        alignment_lines=1280, validate_every=80,
    )  # fmt: skip
    assert outcome.line_accuracy >= 0.9
    model = load_model(tmp_path / "a" / "best.safetensors")
    assert model.alphabet == ALPHABET
    assert model.training["line_accuracy"] == outcome.line_accuracy
    assert model.metadata.trained_px == BarSource(800).facts().longest_px
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


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": "wsd", "decay_steps": 4},
        {"alignment_weight": 0.3, "alignment_lines": 48},
        {"joined": 0.5},
        {"select_from": 2, "validate_every": 4, "accumulate": 2},
    ],
)
def test_every_option_resumes_exactly(
    tmp_path: Path, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After step 5: the warm start is over by then, and lines are selected from step 4 on."""
    monkeypatch.setattr("training.fitting.loop.MIN_ACCURACY", 0.0)
    run(tmp_path / "whole", **changes)
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    for late in states(tmp_path / "killed" / "a")[1:]:
        late.unlink()
    run(tmp_path / "killed", resume=True, **changes)
    same(states(tmp_path / "whole" / "a")[-1], states(tmp_path / "killed" / "a")[-1])
    run(tmp_path / "plain")
    of_option, plain = (weights(states(tmp_path / n / "a")[-1]) for n in ("whole", "plain"))
    assert any(not torch.equal(of_option[name], plain[name]) for name in plain)


def test_a_run_of_wsd_goes_on_for_longer_than_it_was_meant_to(tmp_path: Path) -> None:
    settings = {"schedule": "wsd", "warmup_steps": 2}
    run(tmp_path / "long", **settings, max_steps=16, decay_steps=6)
    run(tmp_path / "short", **settings, max_steps=10, decay_steps=0)
    assert (tmp_path / "short" / "a" / "finished.json").exists()
    with pytest.raises(FitError, match=r"with 16 in all, a decay of 7 would have begun at step 9"):
        run(tmp_path / "short", resume=True, **settings, max_steps=16, decay_steps=7)
    assert not (tmp_path / "short" / "a" / "finished.json").exists()
    wished = run_folder.resumed({"max_steps": 16, "decay_steps": 6}, tmp_path / "short")
    fit(wished, SOURCES, RANK, resume=True, runs=tmp_path / "short")
    same(*(states(tmp_path / name / "a")[-1] for name in ("long", "short")))
    kept = run_folder.resumed({}, tmp_path / "short")
    assert (kept.max_steps, kept.decay_steps, kept.warmup_steps) == (16, 6, 2)
    run(tmp_path / "other", max_steps=1)
    with pytest.raises(FitError, match="max_steps: 1, now 2"):
        run_folder.resumed({"max_steps": 2}, tmp_path / "other")


def test_states_are_saved_by_the_clock_too(tmp_path: Path) -> None:
    run(tmp_path, max_steps=3, checkpoint_every=1000, checkpoint_minutes=1e-9)
    assert [path.name for path in states(tmp_path / "a")] == [
        f"state-{step:09d}.pt" for step in (1, 2, 3)
    ]


def test_it_says_when_other_versions_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, max_steps=5)
    (path,) = states(tmp_path / "a")
    run(tmp_path, max_steps=5, resume=True)
    assert "resumed after step 5\n" in capsys.readouterr().err
    state = load_state(path)
    old = msgspec.structs.replace(state, versions={**state.versions, "torch": "1.0"})
    save_state(tmp_path / "a", old, keep=1)
    run(tmp_path, max_steps=5, resume=True)
    line = f"resumed after step 5, saved by torch 1.0, now {torch.__version__}: not bit for bit\n"
    assert line in capsys.readouterr().err


def test_ctrl_c_saves_the_step_at_hand(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
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
    assert capfd.readouterr().err.count("Stopping once the step at hand") == 1
    assert [path.name for path in states(tmp_path / "cut" / "a")] == ["state-000000003.pt"]
    run(tmp_path / "cut", resume=True)
    run(tmp_path / "whole")
    same(tmp_path / "cut" / "a" / "state-000000012.pt", states(tmp_path / "whole" / "a")[-1])


@pytest.mark.parametrize("wait_s", [0.0, AGAIN_S + 0.3])  # passed on by a wrapper; pressed again
def test_a_second_ctrl_c_does_not_wait(tmp_path: Path, wait_s: float) -> None:
    class Interrupting(BarSource):
        calls = 0

        def batch(self, indices: Any) -> Any:
            type(self).calls += 1
            if self.calls == 4:  # a long step, the probe for centres being the first call
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(wait_s)
                os.kill(os.getpid(), signal.SIGINT)
            return super().batch(indices)

    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals need the main thread")
    with pytest.raises(KeyboardInterrupt) as stopped:
        run(tmp_path, train=Interrupting(100), checkpoint_every=2)
    saved = [load_state(path).step for path in states(tmp_path / "a")]
    assert saved == ([2] if wait_s else [2, 4])
    assert isinstance(stopped.value, Interrupted) is not bool(wait_s)


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


@pytest.mark.parametrize("when", ["before the state", "after the state"])
def test_killed_at_its_last_save_it_leaves_the_model_of_its_last_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """A run with the state of its last step takes none again, and saves nothing."""
    inner = loop.save_state

    def killed(folder: Path, state: State, keep: int) -> None:
        ends = state.step == 6
        if not ends or when == "after the state":
            inner(folder, state, keep)
        if ends:
            raise SystemExit

    run(tmp_path / "whole", max_steps=6)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "save_state", killed)
        with pytest.raises(SystemExit):
            run(tmp_path / "killed", max_steps=6)
    run(tmp_path / "killed", resume=True, max_steps=6)
    models = [load_model(tmp_path / name / "a" / LAST) for name in ("whole", "killed")]
    assert [model.training["step"] for model in models] == [6, 6]
    one, other = (model.network.state_dict() for model in models)
    assert all(torch.equal(one[name], other[name]) for name in one)


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
