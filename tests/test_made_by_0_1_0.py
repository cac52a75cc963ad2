"""What release 0.1.0 wrote is still read: a render, LMDB, a run to go on with, ONNX, a model."""

import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from datagen.cli import main as ocrgen
from datagen.formats.dataset import open_dataset
from training.cli import main as ocrtrain
from training.model.checkpoint import load_model

HERE = Path(__file__).with_name("made_by_0_1_0")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to work in, as the current folder."""
    copy = tmp_path / "old"
    shutil.copytree(HERE, copy)
    monkeypatch.chdir(copy)
    return copy


def call(command: click.Command, *arguments: str) -> str:
    """What a command that succeeds prints."""
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(("name", "lines"), [("render", 96), ("lmdb", 96)])
def test_datasets_are_read_and_verified(folder: Path, name: str, lines: int) -> None:
    reader = open_dataset(folder / name)
    assert len(reader) == lines
    samples = reader.read([0, 50, 95])
    assert [len(text) for text in samples.texts] == [3, 3, 3]
    assert all(samples.images) and samples.centres.shape == (3, 3)
    call(ocrgen, "verify", name)


def test_a_render_goes_on_and_packs(folder: Path) -> None:
    (folder / "render" / "shard-00001.tar").unlink()
    (folder / "render" / "shard-00001.npz").unlink()
    call(ocrgen, "pack", "render", "--partial", "--split", "0.8", "--out", "again")
    assert len(open_dataset(folder / "again")) == 48


def test_a_run_goes_on(folder: Path) -> None:
    call(ocrtrain, "fit", "--resume", "--run", "old")
    assert load_model(folder / "runs" / "old" / "last.safetensors").training["step"] == 6


@pytest.mark.parametrize("model", ["--checkpoint=runs/old/best.safetensors", "--onnx=model.onnx"])
def test_models_are_read(folder: Path, model: str) -> None:
    assert "19 lines" in call(ocrtrain, "evaluate", "--data", "lmdb", model)


def test_a_language_model_is_read(folder: Path) -> None:
    model = "--checkpoint=runs/old/best.safetensors"
    assert "19 lines" in call(ocrtrain, "evaluate", "--data", "lmdb", model, "--lm", "lm.npz")
