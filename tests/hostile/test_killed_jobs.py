"""Imports, exports and packs that are killed at random instants, and two jobs at once.

Whatever instant it was, the same command then gives the bytes of a run that nobody disturbed, and
leaves no process and no unfinished file behind.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.support.paths import ROOT
from tests.support.samples import make_render

LINES = 1500
GONE_S = 10.0
# The lock is taken a moment before it names its owner.
BUSY = re.compile(r"is being written by (process \d+|another process): wait until it ends")
ENDED_S = 300.0  # on a machine that has other work
JOBS = {
    "import": ("import", "webdataset", "../news", "--overwrite"),
    "export": ("export", "paddle", "../news", "--overwrite"),
    "pack": ("pack", "../news", "--overwrite", "--jobs", "2", "--shard-size", "300"),
}


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A render of some size, and two working folders: one where nobody disturbs."""
    make_render(tmp_path / "news", LINES, shard_size=300)
    (tmp_path / "quiet").mkdir()
    (tmp_path / "disturbed").mkdir()
    return tmp_path


@pytest.mark.parametrize("job", JOBS)
def test_killed_and_run_again(job: str, room: Path, kill_rounds: int) -> None:
    started = time.monotonic()
    assert _ended(_start(job, room / "quiet")) == (0, "")
    span, whole, rng = time.monotonic() - started, _files(room / "quiet"), Random(job)
    for number in range(kill_rounds):
        process = _start(job, room / "disturbed")
        time.sleep(rng.uniform(0.3, 1.0) * span)
        how = rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
        process.send_signal(how)
        code, errors = _ended(process)
        where = f"round {number}: {how.name}, {code}: {errors}"
        assert code in (0, 130, -how) and "Traceback" not in errors, where
        _wait_until_gone(process.pid)
        assert _ended(_start(job, room / "disturbed")) == (0, ""), where
        assert _files(room / "disturbed") == whole, where


@pytest.mark.parametrize("job", JOBS)
def test_two_at_once(job: str, room: Path) -> None:
    assert _ended(_start(job, room / "quiet")) == (0, "")
    processes = [_start(job, room / "disturbed") for _ in range(2)]
    outcomes = [_ended(process) for process in processes]
    assert any(code == 0 for code, _ in outcomes), outcomes
    for code, errors in outcomes:
        loser = code == 1 and BUSY.search(errors) and errors.count("\n") == 1
        assert (code, errors) == (0, "") or loser, outcomes
    assert _files(room / "disturbed") == _files(room / "quiet")


def _start(job: str, folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "datagen", *JOBS[job], "--out", "out"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def _ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit code, and stderr but for warnings."""
    _, errors = process.communicate(timeout=ENDED_S)
    lines = [line for line in errors.splitlines(keepends=True) if not line.startswith("warning:")]
    return process.returncode, "".join(lines)


def _wait_until_gone(group: int) -> None:
    """Until no process of a group is left, which is its workers."""
    until = time.monotonic() + GONE_S
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    raise AssertionError(f"workers are left after {GONE_S:g} s")


def _files(folder: Path) -> dict[str, bytes]:
    """All bytes below a folder, by name: the result, and whatever was left beside it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
