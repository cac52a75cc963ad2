"""A run's folder: what is read back from it is checked, and damage is one line that names it."""

import hashlib
import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ocrbase.errors import UserError
from ocrbase.settings import to_mapping
from tests.support.bar_runs import SETTINGS, run
from tests.support.paths import ROOT
from training.errors import CheckpointError, FitError
from training.fitting import run_folder
from training.fitting.fit_settings import FitSettings
from training.fitting.run_folder import cut_metrics, resumed
from training.fitting.run_records import TrainRecord, ValidationRecord, read_metrics, to_line
from training.fitting.state_files import MARK, State, load_state, save_state, states

OLD = ROOT / "tests" / "made_by_0_1_0" / "runs" / "old"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of a run that release 0.1.0 made."""
    return Path(shutil.copytree(OLD, tmp_path / "runs" / "old"))


def test_metrics_of_an_earlier_release_are_read_and_written_alike(old: Path) -> None:
    text = (old / "metrics.jsonl").read_text()
    first, second, third = read_metrics(old / "metrics.jsonl")
    assert isinstance(first, ValidationRecord) and isinstance(second, TrainRecord)
    assert (first.step, first.validation_lines, second.zeroed_lines) == (3, 19, 0)
    assert "".join(map(to_line, (first, second, third))) == text


def test_metrics_are_cut_after_the_state_and_their_clock_goes_on(old: Path) -> None:
    path = old / "metrics.jsonl"
    with path.open("a") as file:
        file.write('{"kind": "val", "step": 9, "sec')  # the process was killed here
    assert cut_metrics(old, 6) == 0.13
    assert len(read_metrics(path)) == 3
    assert cut_metrics(old, 5) == 0.08
    assert [record.step for record in read_metrics(path)] == [3]
    assert cut_metrics(old, 2) == 0.0
    assert path.read_text() == ""
    path.unlink()
    assert cut_metrics(old, 2) == 0.0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "line 2 is no valid JSON"),
        ('{"kind": "val", "step": "3"}', "line 2: step: expected int, got str"),
        ('{"kind": "val", "step": -1}', "line 2: step: expected int >= 0"),
        ('{"kind": "tests", "step": 3}', "line 2: kind: invalid value 'tests'"),
        ("[" * 100_000, "line 2"),
        ("\xff", "line 2"),
    ],
)
def test_a_damaged_line_of_metrics_is_named(old: Path, line: str, reason: str) -> None:
    path = old / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], line.encode("latin-1"), b"\n", *lines[2:]]))
    with pytest.raises(FitError) as caught:
        cut_metrics(old, 6)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value) and reason in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lr": "fast"}, "lr = 'fast' is not of type"),
        ({"lr": 7}, "lr 7: give more than 0"),
        ({"colour": 1}, "unknown key colour"),
        ({"plan": {"length_min": 0}}, "length"),
        ({"plan": {"corpora": 1}}, "plan.corpora = 1 is not of type"),
        ({"epochs": True}, "epochs = True is not of type int"),
    ],
)
def test_damaged_settings_are_named(old: Path, change: dict[str, object], reason: str) -> None:
    path = old / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError) as caught:
        resumed({"run": "old"}, old.parent)
    assert str(caught.value).startswith(str(path)) and reason in str(caught.value)
    path.write_text("{")
    with pytest.raises(FitError, match=r"settings\.json is no valid JSON"):
        resumed({"run": "old"}, old.parent)
    path.write_text("[]")
    with pytest.raises(FitError, match="expected object, got array"):
        resumed({"run": "old"}, old.parent)


def flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with those of plan and look as `plan.seed`."""
    values = {}
    for name, value in settings.items():
        inner = value if isinstance(value, dict) else {}
        values |= {f"{name}.{key}": v for key, v in inner.items()} if inner else {name: value}
    return values


def test_settings_of_an_earlier_release_are_read(old: Path) -> None:
    settings = resumed({"run": "old"}, old.parent)
    assert (settings.alignment_lines, settings.batch_size, settings.workers) == (16, 8, None)
    run_folder.write_settings(old, settings)
    written = flat(json.loads((old / "settings.json").read_text()))
    former = flat(json.loads((OLD / "settings.json").read_text()))
    former["alignment_lines"] = former.pop("places_lines")
    assert {name: written[name] for name in former} == former
    defaults = flat(to_mapping(FitSettings()))
    added = {name: value for name, value in written.items() if name not in former}
    assert added == {name: defaults[name] for name in added}  # a new option changes no old run


def test_a_state_of_an_earlier_release_is_read_and_kept_alike(old: Path) -> None:
    state = load_state(states(old)[-1])
    assert (state.step, state.stale, state.best_cer) == (3, 0, float("inf"))
    (old / "again").mkdir()
    with pytest.raises(CheckpointError, match=r"005\.pt holds the state after step 3"):
        load_state(states(old)[-1].rename(old / "state-000000005.pt"))
    again = load_state(save_state(old / "again", state, keep=1))
    assert again.network.keys() == state.network.keys()
    assert torch.equal(again.network["conv1_1.weight"], state.network["conv1_1.weight"])


def test_a_state_that_is_whole_but_wrong_is_named(old: Path) -> None:
    state = load_state(states(old)[-1])
    for changes, reason in (
        ({"step": "x"}, "step: expected int, got str"),
        ({"step": -1}, "step: expected int >= 0"),
        ({"network": [1]}, "network: expected object, got array"),
        ({"versions": {"torch": 2}}, "versions[...]: expected str, got int"),
    ):
        path = _sealed(old, {**_fields(state), **changes})
        with pytest.raises(CheckpointError) as caught:
            load_state(path)
        assert str(caught.value).startswith(f"{path}: ") and reason in str(caught.value)
    whole = _fields(state)
    del whole["optimizer"]
    with pytest.raises(CheckpointError, match="missing required field optimizer"):
        load_state(_sealed(old, whole))


def test_a_state_runs_nothing_and_what_is_no_state_is_named(old: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is no state \(.*older state is left"):
        load_state(_sealed(old, {"path": Path("x")}, step=1))
    fifo = old / "state-000000002.pt"
    os.mkfifo(fifo)
    with pytest.raises(CheckpointError, match="it is a fifo, not a regular file"):
        load_state(fifo)


def _fields(state: State) -> dict[str, object]:
    return {name: getattr(state, name) for name in State.__struct_fields__}


def _sealed(folder: Path, content: object, step: int = 9) -> Path:
    """A state file of any content, with the right mark and checksum."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path = folder / f"state-{step:09d}.pt"
    digest = hashlib.sha256(buffer.getvalue()).digest()
    path.write_bytes(MARK + digest + buffer.getvalue())
    return path


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    run(tmp_path, max_steps=1)
    with pytest.raises(FitError, match="go on with --resume --run a"):
        run(tmp_path, max_steps=1)


def test_resume_refuses_other_settings_and_names_them(tmp_path: Path) -> None:
    run(tmp_path, max_steps=1)
    stored = run_folder.resumed({}, tmp_path)
    assert stored == replace(SETTINGS, max_steps=1, warmup_steps=0)
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
