"""One writer of a folder: real processes, one of them killed."""

import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ocrbase.errors import DiskError
from ocrbase.locks import LockError, lock_path, owned
from tests.support.paths import ROOT

HOLDER = """
import sys, time
from pathlib import Path
from ocrbase.locks import owned
with owned(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """A process that owns the folder `data`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "data")],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_process_gets_one_line_that_names_the_first(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    message = rf"data is being written by process {holder.pid}: wait until it ends, or end it$"
    with pytest.raises(LockError, match=message), owned(tmp_path / "data"):
        pass
    assert lock_path(tmp_path / "data").exists()


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_owner_holds_nobody_back(
    tmp_path: Path, holder: subprocess.Popen[str], kind: signal.Signals
) -> None:
    holder.send_signal(kind)
    holder.wait()
    with owned(tmp_path / "data"):
        assert str(os.getpid()) in lock_path(tmp_path / "data").read_text()
    assert not lock_path(tmp_path / "data").exists()


def test_an_error_in_the_block_releases_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), owned(tmp_path / "data"):
        raise ValueError("inside")
    with owned(tmp_path / "data"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_two_threads_exclude_each_other_and_two_folders_do_not(tmp_path: Path) -> None:
    refused = []

    def second() -> None:
        with pytest.raises(LockError), owned(tmp_path / "data"):
            pass
        refused.append(True)

    with owned(tmp_path / "data"), owned(tmp_path / "other"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert refused == [True]


def test_the_folder_may_be_replaced_while_it_is_owned(tmp_path: Path) -> None:
    with owned(tmp_path / "data"):
        (tmp_path / "aside").mkdir()
        (tmp_path / "aside").rename(tmp_path / "data")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_file_that_names_another_machine_is_believed(tmp_path: Path) -> None:
    lock_path(tmp_path / "data").write_text("77 elsewhere\n")
    message = r"by process 77 on elsewhere.*delete .*\.data\.lock"
    with pytest.raises(LockError, match=message), owned(tmp_path / "data"):
        pass


@pytest.mark.parametrize("content", ["", "nonsense", f"99999999 {platform.node()}"])
def test_a_file_of_nobody_is_taken_over(tmp_path: Path, content: str) -> None:
    lock_path(tmp_path / "data").write_text(content)
    with owned(tmp_path / "data"):
        pass


def test_on_a_drive_without_locks_the_named_process_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder: subprocess.Popen[str]
) -> None:
    def without(descriptor: int, how: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("ocrbase.locks.fcntl.flock", without)
    with pytest.raises(LockError, match=f"by process {holder.pid}"), owned(tmp_path / "data"):
        pass
    holder.kill()
    holder.wait()
    with owned(tmp_path / "data"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_place_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError, match="no right to write"), owned(tmp_path / "data"):
        pass
    tmp_path.chmod(0o700)


def test_a_link_in_place_of_the_lock_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("text")
    lock_path(tmp_path / "data").symlink_to(tmp_path / "precious")
    with pytest.raises((OSError, DiskError), match="symbolic link"), owned(tmp_path / "data"):
        pass
    assert (tmp_path / "precious").read_text() == "text"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (os.mkfifo, "is a device or pipe where a lock file goes: remove it"),
        (os.mkdir, "Is a directory"),
        (lambda path: path.symlink_to("nowhere"), "symbolic links"),
    ],
)
def test_what_is_no_file_is_no_lock(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    make(lock_path(tmp_path / "data"))
    with pytest.raises(DiskError, match=message), owned(tmp_path / "data"):
        pass
    assert os.path.lexists(lock_path(tmp_path / "data"))
