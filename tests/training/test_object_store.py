"""Packing, training and evaluation of data behind URLs, as a user types them."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from datagen.cli import main as ocrgen
from tests.support.object_store import ObjectStore
from tests.support.samples import make_render
from training.cli import main as ocrtrain
from training.model.checkpoint import load_model

torch.set_num_threads(1)
SMALL = (
    *("--gpus", "0", "--threads", "1", "--precision", "float32", "--batch-size", "16"),
    *("--model", "crnn_v2", "--width-multiplier", "0.125", "--hidden", "8"),
    *("--max-steps", "4", "--checkpoint-every", "2"),
)


def _ocrgen(*arguments: str) -> str:
    result = CliRunner().invoke(ocrgen, [str(a) for a in arguments], catch_exceptions=False)
    assert not result.return_value, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a render, packed data, and nothing in the cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "cache"))
    make_render(tmp_path / "news", 60)
    _ocrgen("pack", "news", "--out", "lmdb", "--split", "0.8", "--jobs", "1")
    return tmp_path


@pytest.fixture
def stored(folder: Path, object_store: ObjectStore) -> ObjectStore:
    """A store that holds both."""
    shutil.rmtree(object_store.path("work"), ignore_errors=True)
    for name in ("news", "lmdb"):
        shutil.copytree(folder / name, object_store.path(f"work/{name}"))
    return object_store


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.mdb"))}


def test_renders_behind_urls_are_packed(folder: Path, stored: ObjectStore) -> None:
    url = stored.url("work/news")
    output = _ocrgen("pack", url, "--out", "other", "--split", "0.8", "--jobs", "1")
    assert f"{url}: fetching" in output and "in 5 objects into" in output
    assert _files(folder / "other") == _files(folder / "lmdb")
    manifest = json.loads((folder / "other/manifest.json").read_text("utf-8"))
    assert [item["path"] for item in manifest["inputs"]] == [url]
    again = _ocrgen("pack", url, "--out", "again", "--jobs", "1")
    assert "fetching" not in again


def test_data_behind_urls_is_verified_and_described(folder: Path, stored: ObjectStore) -> None:
    whole = stored.url("work")
    reports = json.loads(
        _ocrgen("verify", whole, "--jobs", "1", "--format", "json").splitlines()[-1]
    )
    assert [(r["path"], r["good"], r["lines"]) for r in reports] == [
        (f"{whole}/lmdb", True, 60),
        (f"{whole}/news", True, 60),
    ]
    (stats,) = json.loads(
        _ocrgen("stats", stored.url("work/lmdb/val"), "--format", "json").splitlines()[-1]
    )
    assert stats["path"] == stored.url("work/lmdb/val") and list(stats["splits"]) == ["val"]


def test_a_url_without_a_dataset_is_one_line(stored: ObjectStore) -> None:
    stored.path("work/photos").mkdir()
    stored.path("work/photos/a.jpg").write_bytes(b"1")
    url = stored.url("work/photos")
    result = CliRunner().invoke(ocrgen, ["verify", url])
    assert result.return_value == 1
    assert f"Error: {url} holds no dataset: run ocrgen render" in result.output


def test_training_on_a_url_resumes_exactly(
    folder: Path, stored: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """The weights are those of training on the folder, interrupted or not."""
    url = stored.url("work/lmdb")
    data = ("--data", f"{url}:0.5", "--cache", "copies")
    assert ocrtrain(["fit", *SMALL, "--run", "folder", "--data", "lmdb:0.5"]) == 0
    capsys.readouterr()
    assert ocrtrain(["fit", *SMALL, "--run", "url", *data]) == 0
    assert capsys.readouterr().err.startswith(f"{url}: fetching ")
    assert json.loads(Path("runs/url/settings.json").read_text())["data"] == [f"{url}:0.5"]
    Path("runs/url/state-000000004.pt").unlink()
    Path("runs/url/last.safetensors").unlink()
    shutil.rmtree("copies")
    assert ocrtrain(["fit", "--resume", "--run", "url"]) == 0
    assert "resumed after step 2" in capsys.readouterr().err
    whole, resumed = (
        load_model(Path(f"runs/{run}/last.safetensors")).network.state_dict()
        for run in ("folder", "url")
    )
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_renders_behind_urls_are_trained_on(
    stored: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data", stored.url("work/news"), "--split", "0.8")
    assert ocrtrain(["fit", *SMALL, "--run", "a", *data, "--max-steps", "2"]) == 0
    assert "2 steps done" in capsys.readouterr().out


def test_training_without_the_server_is_one_line(
    stored: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    stored.kill()
    try:
        assert ocrtrain(["fit", *SMALL, "--data", stored.url("work/lmdb")]) == 1
    finally:
        stored.start()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Error: s3://lines/work/lmdb: ") and "Could not connect" in line


def test_evaluation_fetches_one_split(
    folder: Path, stored: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ocrtrain(["fit", *SMALL, "--run", "a", "--data", "lmdb"]) == 0
    capsys.readouterr()
    call = ["evaluate", "--checkpoint", "runs/a/last.safetensors", "--device", "cpu"]
    call += ["--cache", "copies", "--format", "json"]
    assert ocrtrain([*call, "--data", "lmdb"]) == 0
    of_folder = json.loads(capsys.readouterr().out)
    assert ocrtrain([*call, "--data", stored.url("work/lmdb")]) == 0
    of_url = json.loads(capsys.readouterr().out)
    assert of_url["strict"] == of_folder["strict"]
    (copy,) = Path("copies").glob("*/lmdb")
    assert {path.parts[-3] for path in copy.rglob("*.mdb")} == {"val"}


@pytest.mark.parametrize(
    "arguments", [["predict", "s3://lines/a.png"], ["fit", "--init", "s3://lines/a.safetensors"]]
)
def test_where_a_path_or_a_name_goes_a_url_is_a_bad_option(arguments: list[str]) -> None:
    result = CliRunner().invoke(ocrtrain, arguments)
    assert result.return_value == 2 and "is a URL, and this takes a path" in result.output
