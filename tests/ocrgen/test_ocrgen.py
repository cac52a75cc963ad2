"""The public entrance: what `import ocrgen` promises, its examples, its errors."""

import ast
import subprocess
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path

import pytest

import ocrgen
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from tests.support.paths import ROOT
from tests.support.samples import make_render
from training.fitting.fit import Outcome


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with packed data under its default name."""
    monkeypatch.chdir(tmp_path)
    make_render(tmp_path / "data/renders/news", 60)
    pack(PackSettings(split=0.7, jobs=1))
    return tmp_path


def _examples() -> str:
    """The indented blocks of the docstring, as one program."""
    blocks = [
        textwrap.dedent(part)
        for part in str(ocrgen.__doc__).split("\n\n")
        if all(line.startswith("    ") for line in part.splitlines())
    ]
    return "\n".join(blocks)


def test_every_name_is_there_and_listed() -> None:
    assert [name for name in ocrgen.__all__ if getattr(ocrgen, name, None) is None] == []
    assert dir(ocrgen) == sorted(ocrgen.__all__)
    assert ocrgen.__version__ == version("ocrgen")
    with pytest.raises(AttributeError, match="no attribute 'Rendrer'"):
        ocrgen.Rendrer  # noqa: B018


def test_names_for_type_checkers_are_those_that_are_loaded() -> None:
    tree = ast.parse((ROOT / "ocrgen/__init__.py").read_text(encoding="utf-8"))
    guarded = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module not in ("importlib", "typing")
        for alias in node.names
    }
    assert guarded == ocrgen._MODULES
    assert set(ocrgen.__all__) == {*guarded, "__version__"}


def test_importing_loads_nothing_but_itself() -> None:
    code = "import sys, ocrgen; print(sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(ast.literal_eval(done.stdout))
    assert "ocrgen" in loaded
    assert not loaded & {"numpy", "torch", "cv2", "PIL", "numba", "datagen", "training", "fonts"}


def test_the_examples_run(packed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = _examples()
    assert program.count("ocrgen.") >= 5
    exec(compile(program.replace("max_steps=100", "max_steps=2, batch_size=4"), "<doc>", "exec"))
    assert (packed / "line.png").exists()
    assert len(list((packed / "runs").glob("*/last.safetensors"))) == 1
    printed = capsys.readouterr().out.splitlines()
    assert float(printed[-1]) > 0  # the CER of an untrained network


def test_a_run_is_resumed_and_read_with(packed: Path) -> None:
    small = {"hidden": 8, "width_multiplier": 0.25, "batch_size": 8, "checkpoint_every": 1}
    first = ocrgen.fit([Path("data/lmdb")], run="small", max_steps=2, **small)
    assert first == Outcome(Path("runs/small"), 2, first.line_accuracy, 16, 41) if first else False
    with pytest.raises(ocrgen.UserError, match="was started with other settings"):
        ocrgen.fit(run="small", resume=True, hidden=16)
    again = ocrgen.fit(run="small", resume=True)
    assert again is not None and again.step == 2
    model = packed / "runs/small/last.safetensors"
    found = ocrgen.evaluate(model, "data/lmdb", split="train", limit=5)
    assert len(found) == 5 and found.data == "data/lmdb (train)"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"modle": "crnn"}, "unknown key modle"),
        ({"epochs": "ten"}, "epochs = 'ten' is not of type int"),
        ({"model": "vit"}, "model 'vit' is unknown"),
        ({"data": "nowhere"}, "nowhere"),
    ],
)
def test_wrong_settings_are_one_line(packed: Path, settings: dict[str, str], message: str) -> None:
    with pytest.raises(ocrgen.UserError, match=message) as caught:
        ocrgen.fit(**settings)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert not (packed / "runs").exists()


def test_wrong_evaluations_are_one_line(packed: Path) -> None:
    with pytest.raises(ocrgen.UserError, match="split 'test': give train or val"):
        ocrgen.evaluate(split="test")
    with pytest.raises(ocrgen.UserError, match="limit 0"):
        ocrgen.evaluate(limit=0)
