"""Settings from a file and from options: the same render, and options win."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from datagen.cli import main

CONFIG = """
n = 6
jobs = 1
backend = "sequential"
[plan]
corpora = ["news:3", "classical:1"]
length_min = 2
length_max = 5
min_per_class = 0
seed = 7
[look]
style = ["plain:2", "print:1"]
widths = [32, 200]
fit_width = true
boxes = true
"""
OPTIONS = (
    "--n 6 --jobs 1 --backend sequential --corpus news:3 --corpus classical:1 --length 2-5"
    " --min-per-class 0 --seed 7 --style plain:2 --style print:1 --width 32-200 --fit-width --boxes"
)


def rendered(out: Path, *words: object, stdin: bytes = b"") -> tuple[dict[str, Any], bytes]:
    """The settings that a render keeps of itself, and its lines."""
    arguments = ["render", *map(str, words), "--out", str(out)]
    result = CliRunner().invoke(main, arguments, input=stdin)
    assert result.exit_code == 0 and result.return_value in (0, None), result.output
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return manifest["settings"] | {"n": manifest["n"]}, (out / "shard-00000.tar").read_bytes()


def test_a_file_and_options_make_the_same_render(tmp_path: Path) -> None:
    file = tmp_path / "render.toml"
    file.write_text(CONFIG, encoding="utf-8")
    expected = rendered(tmp_path / "options", *OPTIONS.split())
    assert rendered(tmp_path / "file", "--config", file) == expected
    piped = rendered(tmp_path / "piped", "--config", "-", stdin=CONFIG.encode())
    assert piped == expected


def test_an_option_wins_over_the_file_and_leaves_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "render.toml"
    file.write_text(CONFIG, encoding="utf-8")
    said, _ = rendered(tmp_path / "out", "--config", file, "--n", 3, "--seed", 8, "--masks")
    assert said["n"] == 3
    assert (said["plan"]["seed"], said["plan"]["length_max"]) == (8, 5)
    assert said["look"]["masks"] and said["look"]["boxes"]
    assert said["look"]["style"] == ["plain:2", "print:1"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"lines = 3", "standard input: unknown key lines (there are backend, jobs, look, n, out,"),
        (b"[plan]\nlength_min = 20", "standard input: line length 20 to 10: give"),
        (b"[look]\nwidths = 'wide'", "standard input: look.widths = 'wide' is not of type"),
        (b"n = ", "standard input is no TOML: "),
        (b"n = 0", "standard input: n = 0: give 1 to"),
        (b"\xff", "standard input is not UTF-8: invalid start byte at byte 0"),
        (b"#" * 2_000_000, "standard input is over the limit of 1,048,576 bytes"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line(
    text: bytes, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["render", "--config", "-"], input=text)
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {says}")
    assert not (tmp_path / "data").exists()
