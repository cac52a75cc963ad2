"""Commands on a disk that is really full, a small one in memory: one line, nothing half left."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from datagen.cli import main
from ocrbase.errors import DiskError
from ocrbase.publishing import publish_file, publish_folder, reserve
from tests.support.fonts import make_font, save

SIZE = 1 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB with 64 KiB left."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("only root may mount a file system")
    (folder / "fill").write_bytes(bytes(SIZE - (64 << 10)))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _big_text(folder: Path) -> Path:
    path = folder / "big.txt"
    path.write_text("今天的新闻说明天要下雨了，有人问为什么。\n" * 20_000, encoding="utf-8")
    return path


def _is_refused(capsys: pytest.CaptureFixture[str], small: Path, *words: object) -> None:
    capsys.readouterr()
    assert main([str(word) for word in words]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("Error: the disk is full at ") and "run the same command" in error
    assert [path.name for path in small.rglob("*") if path.is_file()] == ["fill"]


def test_text_and_fonts_of_the_user(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, font = _big_text(tmp_path), tmp_path / "big.ttf"
    save(make_font("Big Hei", text="".join(map(chr, range(0x4E00, 0x6000)))), font)
    _is_refused(capsys, small, "corpus", "add", "own", text, "--home", small)
    _is_refused(capsys, small, "fonts", "add", font, "--home", small)


def test_caches(
    small: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OCRGEN_CACHE", str(small / "cache"))
    _is_refused(capsys, small, "corpus", "stats", _big_text(tmp_path), "-n", 10)
    _is_refused(capsys, small, "fonts", "check", "--faces", "zcool-kuaile")


def test_numpy_on_a_full_disk_is_one_line_too(small: Path) -> None:
    """It raises an error without a number when a file takes a part of an array."""
    with (
        pytest.raises(DiskError, match="the disk is full"),
        publish_file(small / "x.npy") as attempt,
        attempt.open("wb") as file,
    ):
        np.save(file, np.zeros(1 << 18))
    assert os.listdir(small) == ["fill"]  # noqa: PTH208 - hidden files too


def test_a_map_without_room_is_refused_before_it_kills(small: Path) -> None:
    with pytest.raises(DiskError, match="the disk is full"), publish_folder(small / "x") as folder:
        values = np.lib.format.open_memmap(folder / "x.npy", mode="w+", shape=(1 << 18,))
        reserve(folder / "x.npy")
        values[:] = 1
    assert [path.name for path in small.iterdir()] == ["fill"]
