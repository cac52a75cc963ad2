"""Loader processes: what they find wrong is one line, and they end with their run."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen.errors import ImageError
from tests.support.bar_lines import BarSource
from tests.support.bar_runs import run
from tests.support.paths import ROOT


class DamagedBars(BarSource):
    def batch(self, indices: Any) -> Any:
        raise ImageError("shard_00003: image-000000007 cannot be decoded")


def test_what_a_worker_finds_wrong_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        run(tmp_path, train=DamagedBars(100), workers=1)
    assert str(caught.value) == "shard_00003: image-000000007 cannot be decoded"


ENDLESS = """
import sys
from pathlib import Path
from tests.support.bar_runs import run

if __name__ == "__main__":
    run(Path(sys.argv[1]), workers=2, max_steps=10**6, epochs=10**6, log_every=1)
"""


def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    (tmp_path / "endless.py").write_text(ENDLESS)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "endless.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    metrics = tmp_path / "a" / "metrics.jsonl"
    wait_until(lambda: metrics.exists() and metrics.stat().st_size > 0)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    process.wait()
    wait_until(lambda: not any(worker.is_running() for worker in workers))


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.2)
