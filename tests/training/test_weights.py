"""The models that come with the project: small, readable by name, and good enough to be of use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from datagen.alphabet import builtin, load
from datagen.render.job import render
from datagen.render.render_settings import RenderSettings
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError
from pipelines.bundle import MAX_BYTES
from pipelines.bundle import main as bundle
from tests.support.bars import ALPHABET, bars, ocrtrain, save
from tests.support.paths import REAL_LINES, ROOT
from training.errors import CheckpointError, ReadError
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.labelled import open_labelled
from training.evaluation.report import build_report
from training.inference.line_reader import LineReader
from training.model.bundled import BUNDLED, DEFAULT_BUNDLED, bundled
from training.model.checkpoint import default_model, load_model, save_model
from training.model.networks import build

# Measured 0.023 (100 lines) and 0.057, with room for other processors' rounding.
MAX_CER = {"rendered": 0.05, "real": 0.08}


def cer(evaluation: Evaluation) -> float:
    return float(build_report(evaluation).strict.cer.value)


def test_each_is_small_named_and_explained() -> None:
    notes = (BUNDLED / "README.md").read_text(encoding="utf-8")
    assert DEFAULT_BUNDLED in bundled()
    for name, path in bundled().items():
        model = load_model(Path(name))
        assert model.settings.model == name
        assert model.alphabet == (load("general") if name == "crnn_lite" else builtin())
        assert path.stat().st_size <= MAX_BYTES
        assert f"## {name}" in notes


def test_the_default_without_runs(tmp_path: Path) -> None:
    assert default_model(tmp_path) == bundled()[DEFAULT_BUNDLED]
    with pytest.raises(CheckpointError, match="or name a bundled one: crnn_lite, crnn_v2"):
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
    assert (code, err) == (0, "") and (tmp_path / f"{DEFAULT_BUNDLED}.onnx").is_file()
    assert "on 4 lines of freshly rendered news" in out and "4 texts are the same" in out
    line = REAL_LINES / "browser" / "000.png"
    code, out, err = ocrtrain("predict", line, "--device", "cpu")
    assert code == 0 and f"weights/{DEFAULT_BUNDLED}.safetensors" in err
    code, exported, _ = ocrtrain("predict", line, "--onnx", f"{DEFAULT_BUNDLED}.onnx")
    assert code == 0 and exported == out != "\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundled models with one in it, `small`; the model that it was made from."""
    pytest.importorskip("onnx")
    folder = tmp_path_factory.mktemp("bundled")
    torch.manual_seed(0)
    network = build("crnn_lite", len(ALPHABET), hidden=16, width_multiplier=0.25).half().float()
    save_model(folder / "source", network, ALPHABET, training={"step": 3})
    assert bundle([str(folder / "source"), "small", "--folder", str(folder / "weights")]) == 0
    return folder


def test_bundling_keeps_the_weights_and_refuses_what_is_large(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, original = (
        load_model(path).network.state_dict()
        for path in (small / "weights" / "small.safetensors", small / "source")
    )
    assert copy.keys() == original.keys()
    assert all(torch.equal(copy[name], original[name]) for name in original)
    before = {path.name: path.read_bytes() for path in (small / "weights").iterdir()}
    monkeypatch.setattr("pipelines.bundle.MAX_BYTES", 1000)
    with pytest.raises(SettingsError, match=r"small\.safetensors, small\.onnx: over 0 MiB"):
        bundle([str(small / "source"), "small", "--folder", str(small / "weights")])
    assert {path.name: path.read_bytes() for path in (small / "weights").iterdir()} == before
    with pytest.raises(SettingsError, match=r"the name '\.\./small' is a path"):
        bundle([str(small / "source"), "../small", "--folder", str(small / "weights")])


def test_the_mean_of_several_models_is_bundled(small: Path, tmp_path: Path) -> None:
    later = load_model(small / "source").network
    with torch.no_grad():
        for parameter in later.parameters():
            parameter += 0.5
    later.get_buffer("bn1.num_batches_tracked").add_(8)
    save_model(tmp_path / "later", later, ALPHABET, training={"step": 9, "longest_px": 400})
    names = [str(tmp_path / "later"), str(small / "source")]
    assert bundle([*names, "mean", "--folder", str(tmp_path)]) == 0
    mean = load_model(tmp_path / "mean.safetensors")
    assert mean.training == {"step": 9, "longest_px": 400, "mean_of": 2}
    first = load_model(small / "source").network.state_dict()
    trained = {name for name, _ in later.named_parameters()}
    for name, tensor in mean.network.state_dict().items():
        expected = first[name] + 0.25 if name in trained else later.state_dict()[name]
        torch.testing.assert_close(tensor, expected, atol=2e-3, rtol=0)
    other = build("crnn_lite", len(ALPHABET), hidden=8, width_multiplier=0.25)
    save_model(tmp_path / "other", other, ALPHABET)
    with pytest.raises(CheckpointError, match=r"other differs from .*source in its shape"):
        bundle([str(small / "source"), str(tmp_path / "other"), "x", "--folder", str(tmp_path)])


@pytest.mark.parametrize("checkpoint", [(), ("--checkpoint", "small")])
def test_without_torch_a_bundled_model_is_read_from_its_onnx_file(
    small: Path, tmp_path: Path, checkpoint: tuple[str, ...]
) -> None:
    line = save(tmp_path / "line.png", bars("天地玄黄"))
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path\n"
        "import training.inference.scorers, training.model.bundled\n"
        f"training.model.bundled.BUNDLED = Path({str(small / 'weights')!r})\n"
        "training.inference.scorers.DEFAULT_BUNDLED = 'small'\n"
        "from training.cli import run\n"
        "sys.exit(run())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "predict", str(line), *checkpoint],
        capture_output=True, encoding="utf-8", cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "small.onnx" in done.stderr
    (expected,) = LineReader.open(onnx=small / "weights" / "small.onnx").read([line])
    assert done.stdout == f"{expected.text}\n"


def test_without_torch_the_name_of_a_file_is_no_bundled_model(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.model.bundled.BUNDLED", small / "weights")
    monkeypatch.setattr("training.inference.scorers.find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    assert LineReader.open("small").scorer.name.endswith("small.onnx")
    (tmp_path / "small").write_bytes(b"weights of the user's own")
    with pytest.raises(ReadError, match="needs torch"):
        LineReader.open("small")
