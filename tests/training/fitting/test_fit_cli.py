"""`ocrtrain fit` as a user types it, on a real packed data set."""

import json
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from datagen.alphabet import builtin
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.render.line_renderer import styles_of
from ocrbase.records import read_toml
from ocrbase.settings import from_mapping
from tests.support.samples import make_render
from training.cli import main
from training.cli.fit import GROUPS, RECIPES
from training.cli.fit import command as fit_command
from training.fitting.fit import Outcome
from training.fitting.fit_settings import FitSettings
from training.model.checkpoint import load_model

torch.set_num_threads(1)
SMALL = (
    *("--gpus", "0", "--threads", "1", "--precision", "float32", "--run", "a"),
    *("--model", "crnn_v2", "--width-multiplier", "0.125", "--hidden", "8"),
    *("--batch-size", "16", "--max-steps", "3", "--checkpoint-every", "2"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_render(tmp_path / "data" / "renders" / "news", 60)
    monkeypatch.chdir(tmp_path)
    inputs = ("data/renders/news",)
    pack(PackSettings(inputs=inputs, out="data/lmdb", split=0.8, shard_size=25, jobs=1))
    return tmp_path


def test_packed_data_trains_and_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", *SMALL]) == 0
    output = capsys.readouterr()
    assert "3 steps done; the models are in runs/a" in output.out
    assert "warm start: character centres known for 100% of the lines" in output.err
    assert load_model(folder / "runs/a/last.safetensors").training["step"] == 3
    assert json.loads((folder / "runs/a/finished.json").read_text())["step"] == 3
    (folder / "runs/a/state-000000003.pt").unlink()
    assert main(["fit", "--resume"]) == 0
    assert "resumed after step 2" in capsys.readouterr().err
    assert main(["fit", "--resume", "--run", "a", "--lr", "0.5"]) == 1
    assert "was started with other settings (lr: " in capsys.readouterr().err
    assert main(["fit", *SMALL]) == 1
    assert "go on with --resume --run a" in capsys.readouterr().err


def test_a_model_goes_on_to_the_general_alphabet(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", *SMALL]) == 0
    rows = ["用 GPU 训练 10 小时", "合计 ￥1,234.56 元整", "see page 12 of the book ①"]
    Path("text.txt").write_text("\n".join(r + str(i) for i in range(9) for r in rows), "utf-8")
    live = ["--run", "b", "--live", "--corpus", "text.txt", "--alphabet", "general"]
    live += ["--length", "6-9", "--min-per-class", "0", "--faces", "noto-sans-sc-regular"]
    live += ["--validation-lines", "4", "--live-lines", "64", "--init", "runs/a/last.safetensors"]
    assert main(["fit", *SMALL, *live]) == 0
    told = capsys.readouterr()
    assert "41 classes kept by character, 7,459 new" in told.out + told.err
    model = load_model(Path("runs/b/last.safetensors"))
    assert model.alphabet == builtin("general") and model.settings.classes == 7500
    image = next(Path("data/renders/news").rglob("*.tar")).with_name("a.png")
    Image.new("L", (200, 32), 255).save(image)
    checkpoint = ["--checkpoint", "runs/b/last.safetensors", "--device", "cpu"]
    assert main(["predict", str(image), *checkpoint]) == 0


def test_data_sets_are_mixed_by_weight(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mix = ["--data", "data/lmdb:3", "--data", "data/lmdb:1"]
    assert main(["fit", *SMALL, *mix, "--epochs", "1", "--max-steps", "99"]) == 0
    stored = json.loads((folder / "runs/a/settings.json").read_text())
    assert stored["data"] == ["data/lmdb:3", "data/lmdb:1"]
    assert "data: data/lmdb, data/lmdb" in capsys.readouterr().err


def test_a_config_file_is_read_and_the_command_line_wins(folder: Path) -> None:
    (folder / "my.toml").write_text(
        'model = "crnn"\nlr = 0.01\nplaces_lines = 32\n[plan]\nlength_max = 12\n'
        '[look]\nstyle = ["print:1", "rich:2"]\n'
    )
    assert main(["fit", "--config", "my.toml", *SMALL]) == 0
    stored = json.loads((folder / "runs/a/settings.json").read_text())
    assert (stored["model"], stored["lr"], stored["plan"]["length_max"]) == ("crnn_v2", 0.01, 12)
    assert stored["alignment_lines"] == 32
    assert stored["look"]["style"] == ["print:1", "rich:2"]
    (folder / "my.toml").write_text("modle = 1\n")
    assert main(["fit", "--config", "my.toml"]) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--model", "vgg"], 2, "'vgg' is not one of 'crnn', 'crnn_v2', 'crnn_res', 'crnn_lite'"),
        (["--corpus", "news"], 2, "--corpus: only with --live"),
        (
            ["--lr", "7", "--epochs", "0"],
            2,
            "epochs 0: give at least 1 and at most",
        ),
        (["--length", "0", "--live"], 2, "line length 0 to 0: give 1 <= shortest"),
        (["--resume", "--workers", "-1"], 2, "workers -1: give at least 0 and at most 1,024"),
        (["--config", "no.toml"], 1, "cannot read no.toml: No such file"),
        (["--config", "x" * 5000], 1, "File name too long"),
        (["--gpus", "99"], 1, "--gpus 99: "),
        (["--data", "nowhere"], 1, "nowhere holds no manifest.json"),
        (["--resume"], 1, "no run under runs/ has a state to resume from"),
        (["--init", "no.safetensors", *SMALL], 1, "there is no checkpoint no.safetensors"),
    ],
)
def test_bad_input_gets_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert main(["fit", *arguments]) == code
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_without_torch_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["fit"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("pip install 'ocrgen[train]'")


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_recipes_are_settings(recipe: Path) -> None:
    settings = from_mapping(FitSettings, read_toml(recipe), recipe.name)
    assert styles_of(settings.look)
    assert recipe.stem in str(next(p for p in fit_command.params if p.name == "config").help)


def test_help_shows_every_option_in_one_group(capsys: pytest.CaptureFixture[str]) -> None:
    names = [name for members in GROUPS.values() for name in members]
    parameters = [p.name for p in fit_command.params]
    assert sorted(names) == sorted(str(name) for name in parameters)
    assert main(["fit", "--help"]) == 0
    text = capsys.readouterr().out
    headings = [f"{heading} options:" for heading in GROUPS]
    assert [line for line in text.splitlines() if line in headings] == headings
    for parameter in fit_command.params:
        assert f"{parameter.opts[0]} " in text.replace("\n", " \n")


def test_a_run_too_short_to_read_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(accuracy: float) -> str:
        outcome = Outcome(Path("runs/a"), 10, accuracy, 160, 1234, "no progress")
        monkeypatch.setattr("training.fitting.launch.launch", lambda *_, **__: outcome)
        assert main(["fit"]) == 0
        return capsys.readouterr().out

    hint = (
        "Hardly a line is read right yet: 1,234 classes need about 60,000 lines before a line is"
        " right; this run saw 160. See pipelines/quickstart.sh"
    )
    assert hint in ended(0.004) and "Ended early: no progress.\n10 steps done" in ended(0.0)
    assert hint not in ended(0.5) and hint not in ended(-1.0)  # good; never validated
