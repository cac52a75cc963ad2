"""On a disk that is really full: caches, NumPy and maps; one line, nothing half left."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from datagen.cli import main
from ocrbase.errors import DiskError
from ocrbase.publishing import publish_file, publish_folder, reserve

LEFT_BYTES = 64 << 10


@pytest.fixture
def full_disk(small_disk: Path) -> Path:
    """A disk with 64 KiB left."""
    (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free - LEFT_BYTES))
    return small_disk


@pytest.mark.parametrize(
    "command", ["corpus stats big.txt -n 10", "fonts check --faces zcool-kuaile"]
)
def test_caches(
    full_disk: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setenv("OCRGEN_CACHE", str(full_disk / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("big.txt").write_text("今天的新闻说明天要下雨了，有人问为什么。\n" * 20_000, "utf-8")
    assert main(command.split(" ")) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("Error: the disk is full at ") and "OCRGEN_CACHE" in error
    assert [path.name for path in full_disk.rglob("*") if path.is_file()] == ["filler"]


def test_numpy_has_words_of_its_own(full_disk: Path) -> None:
    """It raises an error without a number when a file takes a part of an array."""
    with (
        pytest.raises(DiskError, match="the disk is full"),
        publish_file(full_disk / "x.npy") as attempt,
        attempt.open("wb") as file,
    ):
        np.save(file, np.zeros(LEFT_BYTES))
    assert [path.name for path in full_disk.iterdir()] == ["filler"]


def test_a_map_without_room_is_refused_before_it_kills(full_disk: Path) -> None:
    with (
        pytest.raises(DiskError, match="the disk is full"),
        publish_folder(full_disk / "x") as folder,
    ):
        values = np.lib.format.open_memmap(folder / "x.npy", mode="w+", shape=(LEFT_BYTES,))
        reserve(folder / "x.npy")
        values[:] = 1
    assert [path.name for path in full_disk.iterdir()] == ["filler"]
