"""A render killed at random instants, again and again: what it leaves behind, and what comes out.

Each round starts the command, and kills it or its whole group at a random instant of the time that
an undisturbed run takes. After every kill no process may be left, and every shard that has its
name must be whole. At last the command runs to its end: the bytes are those of a run that nobody
killed, and no temporary file is left.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.support.paths import ROOT
from tests.support.process_groups import wait_until_gone

LINES, SHARD_SIZE = 3000, 250
ENDED_S = 300.0  # on a machine that has other work
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    words = ["render", "--lines", folder.parent / "lines.txt", "--style", "plain", "--out", folder]
    words += ["--n", LINES, "--shard-size", SHARD_SIZE, "--jobs", 2]
    return subprocess.Popen(
        [sys.executable, "-c", "from datagen.cli import run; run()", *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("shard-*.tar"))}


def test_killed_again_and_again(tmp_path: Path, kill_rounds: int) -> None:
    (tmp_path / "lines.txt").write_text("山中何事？\n松花酿酒，春水煎茶。\n", encoding="utf-8")
    started = time.monotonic()
    assert _finish(_start(tmp_path / "whole"))[0] == 0
    span, whole = time.monotonic() - started, _shards(tmp_path / "whole")
    rng, folder = Random(0), tmp_path / "killed"
    for number in range(kill_rounds):
        process = _start(folder)
        time.sleep(rng.uniform(0, span))
        how, all_of_it = rng.choice(SIGNALS), rng.random() < 0.5
        with suppress(ProcessLookupError):
            (os.killpg if all_of_it else os.kill)(process.pid, how)
        code, errors = _finish(process)
        where = f"round {number}: {how.name} to {'all' if all_of_it else 'the parent'}, {code}"
        assert code in (0, 130, -how), f"{where}: {errors}"
        # Before the command's first line the interpreter answers Ctrl-C in its own way.
        assert "Traceback" not in errors or how == signal.SIGINT, f"{where}: {errors}"
        wait_until_gone(process.pid, 10)
        for name, data in _shards(folder).items():
            assert data == whole[name], f"{where}: {name}"
        if rng.random() < 0.2:
            assert _finish(_start(folder))[0] == 0, where
            assert _same(folder, tmp_path / "whole"), where
            for path in rng.sample(sorted(folder.glob("shard-*")), 12):
                path.unlink()
    assert _finish(_start(folder))[0] == 0
    assert _same(folder, tmp_path / "whole")


def _finish(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Exit code and stderr, which is read until nobody can write to it any more."""
    errors = process.communicate(timeout=ENDED_S)[1].decode()
    return process.returncode, errors


def _same(folder: Path, whole: Path) -> bool:
    """Whether two renders hold the same files with the same shards, and nothing else."""
    names = sorted(path.name for path in folder.iterdir())
    beside = [path.name for path in folder.parent.iterdir() if path.name.startswith(".")]
    return (
        not beside
        and names == sorted(path.name for path in whole.iterdir())
        and all(
            (folder / name).read_bytes() == (whole / name).read_bytes()
            for name in names
            if name.startswith("shard-")
        )
    )
