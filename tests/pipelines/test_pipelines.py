"""The recipes, from end to end at the smallest size, and going on where they stopped."""

import json
from pathlib import Path

import pytest

from pipelines import full, quickstart
from pipelines.steps import Step, StepError, call, run_steps
from pipelines.weather import sentences

pytest.importorskip("torch")


def test_the_full_recipe_goes_on_where_it_stopped(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Three hundred lines, two steps; then more lines: the split and the run are kept."""
    small = ["--folder", str(tmp_path), "--gpus", "0", "--model", "crnn_v2", "--max-steps", "2"]
    assert full.main(["--n", "300", *small, "--no-fetch"]) == 0
    manifest = json.loads((tmp_path / "data/lmdb/manifest.json").read_text(encoding="utf-8"))
    assert sum(manifest["samples"].values()) == 300
    assert (tmp_path / "runs/full/best.safetensors").exists()
    capfd.readouterr()
    assert full.main(["--n", "300", *small]) == 0
    output = capfd.readouterr().out
    assert "ocrtrain fit --run full --resume --gpus 0\n" in output
    fetch = "ocrgen corpus download news --source wikinews   # done before"
    assert fetch in output, "the text of a render stays as it is"
    assert "ocrgen pack --split 0.99 --overwrite   # done before" in output
    assert "real_lines/labels.tsv: 218 lines" in output


def test_without_a_network_the_full_recipe_says_what_it_uses(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCRGEN_MIRROR", "http://127.0.0.1:9")
    seconds = run_steps(full.fetch_steps(tmp_path), tmp_path)
    told = capfd.readouterr()
    assert "wikinews could not be fetched: news goes without it\n" in told.out
    assert "chinese-poetry could not be fetched: classical goes without it\n" in told.out
    assert told.err.count("Error: cannot fetch ") == 3 and set(seconds) == {"ocrgen corpus"}
    assert full.text_in_words().startswith("the text: news (")


@pytest.mark.parametrize(("word", "code"), [("--n=0", 2), ("--model=none", 2), ("--help", 0)])
def test_the_full_recipe_refuses_bad_options(
    word: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert full.main([word]) == code
    assert "python -m pipelines.full" in "".join(capsys.readouterr())


def test_the_full_recipe_leaves_the_network_to_the_device(tmp_path: Path) -> None:
    def fit(options: full.Options) -> tuple[str, ...]:
        return next(s.command for s in full.steps(options) if s.command[1] == "fit")

    assert fit(full.Options(tmp_path)) == ("ocrtrain", "fit", "--run", "full")
    assert fit(full.Options(tmp_path, model="crnn"))[-2:] == ("--model", "crnn")


def test_a_failing_step_ends_the_recipe(tmp_path: Path) -> None:
    steps = [Step(("ocrgen", "render", "--n", "0")), Step(("ocrgen", "fonts", "list"))]
    with pytest.raises(StepError, match="exit code 2"):
        run_steps(steps, tmp_path)


def test_a_step_that_is_done_is_not_run(tmp_path: Path) -> None:
    steps = [Step(("ocrgen", "nonsense"), done=lambda: True)]
    assert run_steps(steps, tmp_path) == {}


def test_commands_run_in_their_folder(tmp_path: Path) -> None:
    call(("ocrgen", "preview", "--n", "3", "--style", "plain", "--out", "x.png"), tmp_path)
    assert (tmp_path / "x.png").exists()


def test_the_quickstart_learns_a_hundred_classes() -> None:
    """Its text has at least 100 characters, most of them hanzi, and no sentence twice."""
    text = list(sentences(quickstart.SENTENCES))
    characters = set("".join(text))
    hanzi = {c for c in characters if "\u4e00" <= c <= "\u9fff"}
    assert len(set(text)) == len(text)
    assert len(characters) >= 100 and len(hanzi) > 0.7 * len(characters)
    assert text[:50] == list(sentences(50))  # a function of its seed
