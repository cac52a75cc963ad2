"""Files and folders appear complete or not at all; a disk that refuses is one line."""

import errno
import fcntl
import os
import resource
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from ocrbase.errors import DiskError
from ocrbase.publishing import (
    leftovers,
    publish_bytes,
    publish_file,
    publish_folder,
    publish_text,
    replace_folder,
    restore_folder,
)

FOREVER = """
import sys, time
from pathlib import Path
from ocrbase.publishing import publish_folder
with publish_folder(Path(sys.argv[1])) as attempt:
    (attempt / "half").write_text("x")
    print("begun", flush=True)
    time.sleep(60)
"""


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_replaces_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.txt"
    publish_text(path, "中\r\n")
    publish_bytes(path, b"second")
    assert path.read_bytes() == b"second" and _names(path.parent) == ["x.txt"]


def test_files_of_libraries_get_the_usual_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with publish_file(tmp_path / "x") as attempt:
            attempt.touch(0o600)
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_a_block_that_raises_leaves_the_older_file(tmp_path: Path) -> None:
    publish_text(tmp_path / "x", "old")
    with pytest.raises(ZeroDivisionError), publish_file(tmp_path / "x") as attempt:
        attempt.write_text("half")
        raise ZeroDivisionError
    assert (tmp_path / "x").read_text() == "old" and _names(tmp_path) == ["x"]


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), publish_file(tmp_path / "x"):
        pass


def test_names_with_brackets_are_cleared_too(tmp_path: Path) -> None:
    final = tmp_path / "x[1]"
    (tmp_path / ".x[1].part-dead").touch()
    publish_text(final, "x")
    assert _names(tmp_path) == ["x[1]"]


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, r"^the disk is full at .*x; nothing .*, or look elsewhere, and run"),
        (errno.EDQUOT, "^the disk is full"),
        (errno.EACCES, "^no right to write .*x: Permission denied; look elsewhere$"),
        (errno.EROFS, "^no right to write"),
        (errno.EFBIG, "^cannot write .*x: File too large"),
    ],
)
def test_a_disk_that_refuses_is_one_line(tmp_path: Path, number: int, message: str) -> None:
    with pytest.raises(DiskError, match=message), publish_file(tmp_path / "x", "look elsewhere"):
        raise OSError(number, os.strerror(number))
    assert _names(tmp_path) == []


def test_a_full_disk_in_the_words_of_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch and safetensors raise errors of their own; the free space tells."""

    def fail() -> NoReturn:
        raise RuntimeError("file write failed")

    with pytest.raises(RuntimeError), publish_file(tmp_path / "x"):
        fail()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(10, 10, 0))
    with pytest.raises(DiskError, match="the disk is full"), publish_file(tmp_path / "x"):
        fail()


def test_a_file_past_the_limit_of_the_process_is_one_line(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DiskError, match="File too large"):
            publish_bytes(tmp_path / "x", b"x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert _names(tmp_path) == []


@pytest.mark.parametrize("place", ["file/x", "n" * 300])
def test_a_place_that_cannot_be_is_one_line(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    for publishing in (publish_file, publish_folder):
        with pytest.raises(DiskError, match=r"^cannot write"), publishing(tmp_path / place) as path:
            path.touch()
    assert _names(tmp_path) == ["file"]


def test_the_first_folder_wins(tmp_path: Path) -> None:
    final = tmp_path / "x"
    with publish_folder(final) as slow:
        (slow / "who").write_text("slow")
        with publish_folder(final) as fast:
            (fast / "who").write_text("fast")
        assert slow.exists()
    assert (final / "who").read_text() == "fast" and _names(tmp_path) == ["x"]


def test_a_folder_replaces_an_older_one(tmp_path: Path) -> None:
    final = tmp_path / "x"
    for word in ("old", "new"):
        with publish_folder(final, replace=True) as attempt:
            (attempt / word).touch()
    assert _names(final) == ["new"] and _names(tmp_path) == ["x"]
    with pytest.raises(ZeroDivisionError), publish_folder(final, replace=True) as attempt:
        raise ZeroDivisionError
    assert _names(final) == ["new"] and _names(tmp_path) == ["x"]


def test_a_folder_of_a_killed_process_is_removed_and_of_a_living_one_kept(tmp_path: Path) -> None:
    final = tmp_path / "x"
    command = [sys.executable, "-c", FOREVER, str(final)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"begun\n"
        with publish_folder(final):
            assert len(leftovers(final)) == 2
        process.kill()
    deadline = time.monotonic() + 10
    while leftovers(final) and time.monotonic() < deadline:
        with publish_folder(final):
            pass
    assert _names(tmp_path) == ["x"]


@pytest.mark.parametrize("when", ["before it is opened", "before it is locked"])
def test_a_folder_that_another_process_takes_for_abandoned_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Two processes build one cache: the second may clean up between two calls of the first."""
    taken: list[object] = []
    owner, name = (os, "open") if when == "before it is opened" else (fcntl, "flock")
    inner = getattr(owner, name)

    def after_the_other(*given: object, **more: object) -> object:
        if not taken:
            taken.append(given[0])
            for attempt in leftovers(tmp_path / "cache"):
                shutil.rmtree(attempt)
        return inner(*given, **more)

    monkeypatch.setattr(owner, name, after_the_other)
    with publish_folder(tmp_path / "cache") as attempt:
        (attempt / "whole").write_text("x")
    assert taken and (tmp_path / "cache" / "whole").read_text() == "x"
    assert not leftovers(tmp_path / "cache")


def test_a_replacement_killed_half_way_is_undone(tmp_path: Path) -> None:
    final, complete = tmp_path / "x", tmp_path / "complete"
    for folder, word in ((final, "old"), (complete, "new")):
        folder.mkdir()
        (folder / word).touch()
    final.rename(tmp_path / ".x.old")  # where a kill may strike
    restore_folder(final)
    assert _names(final) == ["old"]
    replace_folder(complete, final)
    restore_folder(final)
    assert _names(final) == ["new"] and _names(tmp_path) == ["x"]


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder"):
        with pytest.raises(DiskError, match=f"{name} is there already and no file: choose"):
            publish_bytes(tmp_path / name, b"x")
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / "link").symlink_to("kept")
    publish_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "kept").read_bytes() == b"kept"
    assert (tmp_path / "link").read_bytes() == b"new" and not (tmp_path / "link").is_symlink()
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)
