"""Style files: presets, what a user's file overrides, and one line for what is wrong in it."""

from pathlib import Path

import pytest

from datagen.drawing.style import Style, check, load_style, preset_names
from ocrbase.errors import SettingsError, UserError


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_within_their_limits(name: str) -> None:
    check(load_style(name), name)


def test_a_style_file_starts_from_its_preset(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('preset = "rich"\n[blur]\ngauss_px = [0.1, 0.2]\n', encoding="utf-8")
    style = load_style(str(path))
    assert style.blur.gauss_px == (0.1, 0.2)
    assert style.surface == load_style("rich").surface


def test_a_style_out_of_range_names_value_and_limit(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[letters]\nsize_px = [40, 2]\n[jpeg]\nquality=[0,95]\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"size_px = 40 is outside 8 to 30.*quality = 0"):
        load_style(str(path))


def test_an_unknown_style_lists_the_presets() -> None:
    with pytest.raises(SettingsError, match="document, photo, plain, print, rich, scan, screen"):
        load_style("glossy")


def test_the_default_style_is_the_default_preset() -> None:
    assert load_style("print") == Style()


def test_keys_of_the_first_release_are_still_read(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    path.write_text("[gray]\nleast_contrast = 50.0\n[blur]\nmost_em = 0.02\n", encoding="utf-8")
    style = load_style(str(path))
    assert (style.gray.min_contrast, style.blur.max_em) == (50.0, 0.02)


def test_files_may_start_from_files_but_not_from_themselves(tmp_path: Path) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text('preset = "rich"\n[jpeg]\nquality = [50, 60]\n', encoding="utf-8")
    second.write_text(f"preset = {str(first)!r}\n[frame]\nleft = 0.0\n", encoding="utf-8")
    style = load_style(str(second))
    assert style.jpeg.quality == (50, 60) and style.frame.left == 0.0
    first.write_text(f"preset = {str(second)!r}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"second.toml starts from itself"):
        load_style(str(second))


@pytest.mark.parametrize(
    "text",
    [
        "preset = 5", "preset = ['rich']", 'preset = "a\\u0000b"', "gray = 3", "[gray]\nink = 3",
        "[letters]\nsize_px = [nan, 20]", "[surface]\nbackgrounds = 7", "[nonsense]", "[frame",
        "[frame]\nwidth_px = [1.5, 300.5]", "[gray]\nmin_contrast = inf",
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_one_line_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_style(str(path))
    message = str(caught.value)
    assert "\n" not in message and ("wrong.toml" in message or "preset" in message)


@pytest.mark.parametrize("name", ["a" * 5000, "\0", "../presets/print", "", "."])
def test_names_that_no_file_can_have_are_refused(name: str) -> None:
    with pytest.raises(UserError):
        load_style(name)
