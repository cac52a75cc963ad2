"""`ocrtrain fit` on renders as they are, without packing."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datagen.formats.lmdb.reader import split_rule
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.split import Split
from tests.support.bar_runs import RANK, SETTINGS, metrics, same
from tests.support.samples import make_render
from training.cli import main
from training.evaluation.labelled import open_labelled
from training.fitting.fit import fit
from training.fitting.launch import launch
from training.fitting.run_records import split_of_run
from training.fitting.sources import open_sources
from training.fitting.state_files import states

SMALL = (
    *("--gpus", "0", "--threads", "1", "--precision", "float32", "--run", "a"),
    *("--model", "crnn_v2", "--width-multiplier", "0.125", "--hidden", "8"),
    *("--batch-size", "16", "--max-steps", "3", "--checkpoint-every", "2"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two renders of different widths, of which some sentences are the same."""
    make_render(tmp_path / "narrow", 90, shard_size=30)
    make_render(tmp_path / "wide", 60, shard_size=40, width=400)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_resumed_on_renders_equals_never_stopped(folder: Path) -> None:
    """Two renders and packed data, weighted; what is resumed loads in a worker process."""
    pack(PackSettings(inputs=("wide",), out="lmdb", split=0.8, jobs=1))
    data = ("narrow:3", "wide:2", "lmdb:1")
    settings = replace(SETTINGS, data=data, split=0.8, curriculum_lines=50)
    outcome = fit(settings, open_sources(settings), RANK, runs=folder / "whole")
    assert outcome.step == 12
    shutil.copytree(folder / "whole", folder / "killed")
    for late in states(folder / "killed" / "a")[1:]:
        late.unlink()
    settings = replace(settings, workers=1)
    fit(settings, open_sources(settings), RANK, resume=True, runs=folder / "killed")
    whole, killed = (states(folder / name / "a") for name in ("whole", "killed"))
    assert len(whole) == len(killed) == 3
    same(whole[-1], killed[-1])
    assert metrics(folder / "whole")[-1] == metrics(folder / "killed")[-1]


def test_two_processes_train_on_a_render(folder: Path) -> None:
    settings = replace(
        SETTINGS, data=("narrow",), split=0.7, processes=2, gpus=0, max_steps=2, batch_size=15,
        validate_every=2, validation_lines=0,
    )  # fmt: skip
    outcome = launch(settings, open_sources, runs=folder)
    assert outcome is not None and outcome.step == 2
    held = open_sources(settings).validation
    assert held is not None and metrics(folder)[-1]["validation_lines"] == len(held) > 20


def test_a_render_is_trained_on_and_its_validation_lines_are_evaluated(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", *SMALL, "--data", "narrow", "--data", "wide", "--split", "0.7"]) == 0
    told = capsys.readouterr().err
    assert "\nsplit: renders by sentence, 0.7 to train on by --split; " in told
    counts = re.search(r"data: narrow, wide, (\d+) lines to train on, (\d+) to validate", told)
    assert counts is not None
    train, val = map(int, counts.groups())
    assert train + val == 150 and 30 < val < 60
    assert "warm start: character centres known for 100% of the lines" in told
    model = Path("runs/a/best.safetensors")
    rule = split_of_run(model)
    assert rule is not None and rule.ratio == 0.7
    held = [len(open_labelled(Path(name), Split.VAL, rule=rule)) for name in ("narrow", "wide")]
    assert sum(held) == val
    evaluate = ["evaluate", "--checkpoint", str(model), "--device", "cpu", "--format", "json"]
    read = {}
    for split in ("val", "train", ""):
        asked = ["--split", split] if split else []
        assert main([*evaluate, "--data", "narrow", *asked]) == 0
        read[split] = json.loads(capsys.readouterr().out)["strict"]["lines"]
    assert read == {"val": held[0], "train": 90 - held[0], "": 90}


def test_what_is_wrong_with_a_render_is_said_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*data: str) -> str:
        assert main(["fit", *SMALL, *(word for path in data for word in ("--data", path))]) == 1
        line = capsys.readouterr().err.splitlines()[-1]
        assert not Path("runs/a").exists()
        return line

    crowded = make_render(folder / "crowded", 6, shard_size=6, width=24)
    assert "crowded: labels too long for their images' time steps" in said("crowded")
    (crowded / "shard-00000.npz").unlink()
    assert "crowded lacks 1 of 1 shards (shard-00000): run the command" in said("narrow", "crowded")
    (folder / "wide" / "shard-00001.tar").write_bytes(b"")
    assert "wide/shard-00001.tar has 0 bytes, its sidecar says" in said("narrow", "wide")
    (folder / "narrow" / "manifest.json").write_text("{}")
    assert "narrow is of the format None, not one that ocrgen render or ocrgen pack made" in said(
        "narrow"
    )
    Path("data/a").mkdir(parents=True)
    shutil.move("wide", "data/b")
    assert "data is no data set itself, but holds 1: name each by itself, --data data/b" in said(
        "data"
    )


def test_the_report_says_which_split_holds(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack(PackSettings(inputs=("wide",), out="lmdb", split=0.8, jobs=1))

    def line(*words: str) -> str:
        shutil.rmtree("runs", ignore_errors=True)
        assert main(["fit", *SMALL, *words]) == 0
        told = capsys.readouterr().err.splitlines()
        return next((line for line in told if line.startswith("split: ")), "")

    both = ("--data", "narrow", "--data", "lmdb")
    obeyed = line(*both, "--split", "0.7")
    assert obeyed.startswith(
        "split: renders by sentence, 0.8 to train on by the rule of the packed"
    )
    held = open_labelled(Path("narrow"), Split.VAL, rule=split_rule(Path("lmdb")))
    sentences = len(np.unique(held.read(range(len(held))).meta["sentence"]))
    assert f"; {sentences} sentences validate: with fewer than 200 the metrics are" in obeyed
    assert line("--data", "lmdb") == ""
    unused = "split: that of the packed data, so --split 0.7 changes nothing"
    assert line("--data", "lmdb", "--split", "0.7") == unused
