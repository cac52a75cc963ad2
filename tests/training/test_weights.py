"""The models that come with the project: small, readable by name, and good enough to be of use."""

from pathlib import Path

import pytest
import torch

from datagen.alphabet import builtin
from datagen.render.job import render
from datagen.render.render_settings import RenderSettings
from datagen.text.plan_settings import PlanSettings
from pipelines.bundle import MAX_BYTES
from pipelines.bundle import main as bundle
from tests.support.bars import ocrtrain
from tests.support.paths import REAL_LINES
from training.errors import CheckpointError
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.labelled import open_labelled
from training.evaluation.report import build_report
from training.inference.line_reader import LineReader
from training.model.checkpoint import BUNDLED, DEFAULT_BUNDLED, bundled, default_model, load_model

# Measured 0.023 (100 lines) and 0.057, with room for other processors' rounding.
MAX_CER = {"rendered": 0.05, "real": 0.08}


def cer(evaluation: Evaluation) -> float:
    return float(build_report(evaluation).strict.cer.value)


def test_each_is_small_named_and_explained() -> None:
    notes = (BUNDLED / "README.md").read_text(encoding="utf-8")
    assert DEFAULT_BUNDLED in bundled()
    for name, path in bundled().items():
        model = load_model(Path(name))
        assert model.settings.model == name and model.alphabet == builtin()
        assert path.stat().st_size <= MAX_BYTES
        assert f"## {name}" in notes


def test_the_default_without_runs(tmp_path: Path) -> None:
    assert default_model(tmp_path) == bundled()[DEFAULT_BUNDLED]
    with pytest.raises(CheckpointError, match="or name a bundled one: crnn_v2"):
        load_model(tmp_path / "none")


def test_neither_folders_nor_dead_links_stand_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT_BUNDLED).mkdir()
    assert load_model(Path(DEFAULT_BUNDLED)).settings.model == DEFAULT_BUNDLED
    (tmp_path / "runs" / "old").mkdir(parents=True)
    (tmp_path / "runs" / "old" / "best.safetensors").symlink_to(tmp_path / "gone")
    assert default_model(tmp_path / "runs") == bundled()[DEFAULT_BUNDLED]


@pytest.mark.parametrize("kind", ["rendered", "real"])
def test_the_default_reads(kind: str, tmp_path: Path) -> None:
    folder = REAL_LINES
    if kind == "rendered":
        folder = tmp_path / "lines"
        render(RenderSettings(PlanSettings(seed=77), n=100, out=str(folder), jobs=1))
    reader = LineReader.open(DEFAULT_BUNDLED, device="cpu")
    assert cer(evaluate(reader, open_labelled(folder), kind)) < MAX_CER[kind]


def test_commands_need_neither_run_nor_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    code, out, err = ocrtrain("export", "--limit", 4)
    assert (code, err) == (0, "") and (tmp_path / "crnn_v2.onnx").is_file()
    assert "on 4 lines of freshly rendered news" in out and "4 texts are the same" in out
    line = REAL_LINES / "browser" / "000.png"
    code, out, err = ocrtrain("predict", line, "--device", "cpu")
    assert code == 0 and "weights/crnn_v2.safetensors" in err
    code, exported, _ = ocrtrain("predict", line, "--onnx", "crnn_v2.onnx")
    assert code == 0 and exported == out != "\n"


def test_bundling_keeps_the_weights_and_refuses_what_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = bundled()[DEFAULT_BUNDLED]
    arguments = [str(source), "again", "--folder", str(tmp_path)]
    assert bundle(arguments) == 0
    copy, original = (
        load_model(path).network.state_dict() for path in (tmp_path / "again.safetensors", source)
    )
    assert copy.keys() == original.keys()
    assert all(torch.equal(copy[name], original[name]) for name in original)
    monkeypatch.setattr("pipelines.bundle.MAX_BYTES", 1000)
    assert bundle(arguments) == 1
    assert "removed" in capsys.readouterr().err and not list(tmp_path.iterdir())
