"""The real `ocrgen render`, in a process that tests interrupt, kill or wait for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.paths import ROOT

SECONDS = 90  # that anything may take at most, on a busy machine


class RenderCommand:
    """`ocrgen render` in a process group of its own, as a terminal starts it.

    Args:
        folder: where its text goes.
        out: folder or URL of the render.
        n: lines.
        shard_size: lines per shard.
        jobs: workers.
    """

    def __init__(self, folder: Path, out: Path | str, n: int, shard_size: int, jobs: int) -> None:
        lines = folder / "lines.txt"
        if not lines.exists():
            lines.write_text("山中何事？\n松花酿酒，春水煎茶，且听风吟。\n", encoding="utf-8")
        arguments = ["render", "--lines", lines, "--style", "plain", "--out", out]
        arguments += ["--n", n, "--shard-size", shard_size, "--jobs", jobs]
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from datagen.cli import run; run()", *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def end(self) -> tuple[int, str, str]:
        """Exit code, standard output and standard error, when it ends."""
        out, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, errors

    @contextmanager
    def running(self) -> Iterator[None]:
        """Whoever of its group is left when the block ends is killed."""
        try:
            yield
        finally:
            with suppress(ProcessLookupError), self.process:  # closes its pipes
                os.killpg(self.process.pid, signal.SIGKILL)


def wait_until(ready: Callable[[], bool]) -> None:
    """Look again and again; fails after SECONDS."""
    deadline = time.monotonic() + SECONDS
    while not ready():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)
