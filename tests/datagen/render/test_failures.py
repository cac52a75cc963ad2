"""The real command under a full disk, Ctrl-C and kills: one line, nothing lost, then it goes on."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from datagen.formats.tar.reader import RenderReader, finished_shards
from datagen.formats.tar.shard import TarShard
from ocrbase.publishing import is_attempt
from tests.support.paths import ROOT
from tests.support.process_groups import members
from tests.support.render_command import SECONDS, RenderCommand, wait_until


class Command(RenderCommand):
    """Renders into `out` below a folder."""

    def __init__(self, folder: Path, n: int, shard_size: int, jobs: int = 2) -> None:
        self.out = folder / "out"
        super().__init__(folder, self.out, n, shard_size, jobs)

    def shards(self) -> set[int]:
        return finished_shards(self.out)

    def told(self) -> tuple[int, str]:
        """Exit code and standard error without the progress bar, when it ends."""
        code, _, errors = self.end()
        lines = [line.rpartition("\r")[2] for line in errors.splitlines()]
        return code, "\n".join(lines)

    def workers(self) -> list[int]:
        """Live processes of the group that draw."""
        group = members(self.process.pid)
        return [process for process, words in group.items() if b"popen_loky_posix" in words]


@contextmanager
def _running(folder: Path, n: int, shard_size: int, jobs: int = 2) -> Iterator[Command]:
    command = Command(folder, n, shard_size, jobs)
    with command.running():
        yield command


def _attempts(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if ".part-" in path.name]


def _goes_on(folder: Path, kept: dict[str, int], n: int, shard_size: int) -> None:
    """The next call completes a render, keeps what there was, and leaves no temporary file."""
    with _running(folder, n, shard_size) as command:
        assert command.told()[0] == 0
    for name, changed_ns in kept.items():
        assert (command.out / name).stat().st_mtime_ns == changed_ns
    assert RenderReader(command.out).read(range(n)).meta["index"].tolist() == list(range(n))
    assert not _attempts(command.out)


def _published(folder: Path) -> dict[str, int]:
    """Tars under their final names with the time of their last change; each is whole."""
    tars = sorted(folder.glob("shard-*.tar"))
    for tar in tars:
        assert len(TarShard(tar.with_suffix("")))
    return {tar.name: tar.stat().st_mtime_ns for tar in tars}


def test_ctrl_c_is_one_line_and_leaves_no_worker(tmp_path: Path) -> None:
    with _running(tmp_path, n=2_000_000, shard_size=1000) as command:
        wait_until(lambda: len(command.shards()) >= 2)
        os.killpg(command.process.pid, signal.SIGINT)
        code, errors = command.told()
        assert code == 130
        assert "Interrupted. What was finished is kept." in errors
        assert "Traceback" not in errors and "KeyboardInterrupt" not in errors, errors
        wait_until(lambda: not command.workers())
    kept = _published(command.out)
    assert kept and not _attempts(command.out)
    n = (max(int(name[6:11]) for name in kept) + 3) * 1000
    # n cannot shrink in the manifest: what is missing of two million lines stays missing.
    with _running(tmp_path, n, 1000) as again:
        assert again.told()[0] == 0
    assert len(again.shards()) == n // 1000
    assert all((again.out / name).stat().st_mtime_ns == at for name, at in kept.items())
    assert not _attempts(again.out)


def test_a_killed_worker_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    with _running(tmp_path, n=40_000, shard_size=1000) as command:
        wait_until(lambda: len(command.shards()) >= 2 and len(command.workers()) >= 2)
        os.kill(command.workers()[0], signal.SIGKILL)
        code, errors = command.told()
        wait_until(lambda: not command.workers())
    assert code == 1 and "Error: a worker died" in errors and "Traceback" not in errors, errors
    kept = _published(command.out)
    assert 2 <= len(kept) < 40 and not _attempts(command.out)
    _goes_on(tmp_path, kept, 40_000, 1000)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path, how: signal.Signals) -> None:
    """They have no parent to tell them, and further shards wait for them."""
    with _running(tmp_path, n=2_000_000, shard_size=1000) as command:
        wait_until(lambda: len(command.shards()) >= 2 and len(command.workers()) >= 2)
        os.kill(command.process.pid, how)
        command.process.wait()
        killed = time.monotonic()
        wait_until(lambda: not command.workers())
        assert time.monotonic() - killed < 10
        assert _published(command.out)
        assert not _attempts(command.out)


def test_kill_9_of_everything(tmp_path: Path) -> None:
    """Files of the attempts that were cut off lie there until the next call."""
    with _running(tmp_path, n=20_000, shard_size=1000) as command:
        wait_until(lambda: len(command.shards()) >= 2 and bool(_attempts(command.out)))
        os.killpg(command.process.pid, signal.SIGKILL)
        command.process.communicate()
    kept = _published(command.out)
    assert 2 <= len(kept) < 20
    _goes_on(tmp_path, kept, 20_000, 1000)


def _render_of(text: Path, out: Path, cache: Path) -> tuple[int, str]:
    """Exit code and standard error of a small render of a corpus file."""
    words = ["render", "--corpus", text, "--n", 5, "--jobs", 1, "--out", out]
    done = subprocess.run(
        [sys.executable, "-c", "from datagen.cli import run; run()", *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"OCRGEN_CACHE": str(cache)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("sentences", [40_000, 90_000])
def test_a_full_disk_under_the_text_cache_is_one_line(
    small_disk: Path, tmp_path: Path, sentences: int
) -> None:
    """In whichever column the disk runs full."""
    text = tmp_path / "text.txt"
    text.write_text(
        "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。\n" * sentences, encoding="utf-8"
    )
    code, errors = _render_of(text, tmp_path / "out", small_disk)
    assert code == 1 and "Traceback" not in errors, errors
    assert re.search(r"^Error: the disk is full at .*OCRGEN_CACHE", errors, re.MULTILINE), errors
    assert not [path for path in small_disk.rglob("*") if is_attempt(path)]


def test_a_read_only_disk_is_one_line(small_disk: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("春眠不觉晓，处处闻啼鸟。\n", encoding="utf-8")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for out, cache, way_out in (
        (tmp_path / "out", small_disk / "cache", "OCRGEN_CACHE"),
        (small_disk / "out", tmp_path / "cache", "choose another folder"),
    ):
        code, errors = _render_of(text, out, cache)
        assert code == 1 and "Traceback" not in errors, errors
        assert re.search(rf"^Error: .*Read-only file system.*{way_out}", errors, re.M), errors


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_is_one_line_and_the_next_call_goes_on(small_disk: Path, jobs: int) -> None:
    with _running(small_disk, n=4000, shard_size=400, jobs=jobs) as command:
        code, errors = command.told()
    assert code == 1
    told = [line for line in errors.splitlines() if line.startswith("Error: ")]
    assert len(told) == 1 and "the disk is full at" in told[0] and "Traceback" not in errors, errors
    kept = _published(command.out)
    assert 1 <= len(kept) < 10
    assert not _attempts(command.out)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    _goes_on(small_disk, kept, 4000, 400)
