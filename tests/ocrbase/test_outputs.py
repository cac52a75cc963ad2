"""What a command may write over: its own files; never inputs, devices or others' files."""

import os
import re
from pathlib import Path

import pytest

from datagen.cli import main
from ocrbase.errors import DiskError, SettingsError
from ocrbase.outputs import MARK, PAGES, carries_mark, check_output, holds


def test_new_names_and_own_files_may_be_written(tmp_path: Path) -> None:
    check_output(tmp_path / "new")
    (tmp_path / "own.html").write_text(f"<!-- {MARK} -->")
    (tmp_path / "link.html").symlink_to("own.html")
    check_output(tmp_path / "own.html", inputs=[tmp_path / "other", tmp_path / "gone"])
    check_output(tmp_path / "link.html")


def test_an_input_is_no_output_under_any_name(tmp_path: Path) -> None:
    image = tmp_path / "x.png"
    image.write_bytes(b"png")
    (tmp_path / "soft").symlink_to(image)
    os.link(image, tmp_path / "hard")
    for name in ("x.png", "soft", "hard", "../" + tmp_path.name + "/x.png"):
        with pytest.raises(DiskError, match="is an input of this command"):
            check_output(tmp_path / name, inputs=[image], overwrite=True)
    assert image.read_bytes() == b"png"


def test_devices_pipes_and_folders_are_refused_even_when_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for out in (Path("/dev/null"), tmp_path / "fifo", tmp_path):
        with pytest.raises(DiskError, match=r"is a (device or pipe|folder)"):
            check_output(out, overwrite=True)


def test_a_link_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.html").symlink_to(tmp_path / "precious")
    with pytest.raises(DiskError, match=r"is a link out of its folder, to .*precious"):
        check_output(tmp_path / "a" / "x.html", overwrite=True)


def test_the_file_of_another_is_kept_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "thesis.html"
    path.write_text("years of work")
    assert not carries_mark(path)
    with pytest.raises(DiskError, match="does not say that this command made it"):
        check_output(path)
    check_output(path, overwrite=True)
    check_output(path, is_ours=lambda file: file == path)


def test_a_page_is_named_as_one(tmp_path: Path) -> None:
    check_output(tmp_path / "X.HTML", endings=PAGES)
    for name in ("x.png", "x", "html"):
        with pytest.raises(SettingsError, match=r"give a name that ends with \.html or \.htm"):
            check_output(tmp_path / name, endings=PAGES)


@pytest.mark.parametrize(
    "command",
    [
        ("stats", "nowhere", "--html", "x.png"),
        ("style", "fit", "nowhere", "-o", "x.toml", "--html", "x.pdf"),
        ("corpus", "stats", "fields", "--plot", "x.html"),
        ("fonts", "specimen", "-o", "x.gif"),
    ],
)
def test_commands_refuse_names_of_other_kinds_before_any_work(
    tmp_path: Path,
    command: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(list(command)) == 1
    assert re.match(r"Error: cannot write x\.\w+: give a name that", capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


def test_files_may_hold_their_mark_at_either_end(tmp_path: Path) -> None:
    for content, is_ours in (
        (b"ours" + bytes(10**6), True),
        (bytes(10**6) + b"ours", True),
        (bytes(10**6) + b"ours" + bytes(10**6), False),
        (b"", False),
    ):
        (tmp_path / "model").write_bytes(content)
        assert holds("ours")(tmp_path / "model") == is_ours
    assert not holds("ours")(tmp_path / "gone")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "file/x"])
def test_impossible_names_are_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="cannot write") as raised:
        check_output(tmp_path / name)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    "command",
    [
        ("fonts", "specimen", "--faces", "micro-hei", "--out", "x.png"),
        ("corpus", "stats", "fields", "-n", "10", "--plot", "x.png"),
        ("preview", "-n", "2", "--style", "plain", "--out", "x.png"),
        ("preview", "-n", "2", "--style", "plain", "--out", "x.jpg"),
    ],
)
def test_pictures_replace_pictures_of_ours_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(list(command)) == 0
    for path in sorted(tmp_path.iterdir()):  # a page lies beside a preview
        written = path.read_bytes()
        path.write_bytes(b"the work of another")
        assert main(list(command)) == 1
        assert path.read_bytes() == b"the work of another"
        path.write_bytes(written)
