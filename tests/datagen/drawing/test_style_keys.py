"""Every key of a style is told with its meaning, and what is shown is a style file itself."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from datagen.cli import MODULES, main
from datagen.drawing.effects import EFFECTS
from datagen.drawing.style import DEFAULT_PRESET, load_style, preset_names
from datagen.drawing.style_keys import keys_of


def _said(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0 and not result.return_value, result.output
    return result.output


@pytest.mark.parametrize("preset", preset_names())
def test_what_is_shown_of_a_style_is_that_style(preset: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(_said("style", "show", preset), encoding="utf-8")
    assert load_style(str(file)) == load_style(preset)


def test_every_key_has_a_meaning_and_every_number_its_limits() -> None:
    keys = {f"{key.section}.{key.name}": key for key in keys_of(load_style("print"))}
    assert {effect.range for effect in EFFECTS if effect.range} <= keys.keys()
    for key in keys.values():
        assert key.meaning
        assert (key.limits is None) == isinstance(key.value, bool | str)
    assert keys["letters.size_px"].unit == "px" and keys["letters.size_px"].limits == (8.0, 30.0)
    assert keys["letters.size_px"].meaning == "em size; smaller where the text would not fit"


def test_keys_presets_and_sources_are_listed_as_rows() -> None:
    rows = json.loads(_said("style", "show", "print", "--format", "json"))
    assert {"key": "frame.margin_px", "value": 1.0, "unit": "px"}.items() <= rows[2].items()
    presets = _said("style", "list", "--format", "tsv").splitlines()
    assert presets[0] == "style\tdefault\tabout" and len(presets) == 1 + len(preset_names())
    assert any(row.startswith(f"{DEFAULT_PRESET}\tdefault\t") for row in presets)
    sources = json.loads(_said("corpus", "list", "--format", "json"))
    assert {(row["source"], row["state"]) for row in sources} >= {
        ("starter technical", "there"),
        ("debian-faq", "to download"),
    }
    result = CliRunner().invoke(main, ["style", "show", "glossy"])
    assert result.return_value == 1 and "no style 'glossy'" in result.output


def test_help_lists_commands_in_the_order_of_work_with_whole_summaries() -> None:
    output = _said("--help")
    commands = output.partition("Commands:")[2]
    assert re.findall(r"^  (\w+)  ", commands, re.M) == [*MODULES]
    assert "..." not in commands and "_OCRGEN_COMPLETE=bash_source" in commands
