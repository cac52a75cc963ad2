"""A worker whose parent is killed: its task gives up what it writes, and nothing is printed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], sys.argv[2]])"
WORKER = """
import os, sys, time
from contextlib import nullcontext
from pathlib import Path
from datagen.worker_process import at_work, end_with
draft = Path(sys.argv[1])
end_with(os.getppid())
try:
    with at_work() if {at_work} else nullcontext():
        draft.write_text(str(os.getpid()))
        while True:
            time.sleep(0.05)
except KeyboardInterrupt:
    draft.unlink()
    os._exit(1)
"""


@pytest.mark.parametrize("at_work", [True, False])
def test_it_ends_with_its_parent_and_says_nothing(tmp_path: Path, at_work: bool) -> None:
    draft = tmp_path / "draft"
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, WORKER.format(at_work=at_work), str(draft)],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
    ) as parent:  # fmt: skip
        deadline = time.monotonic() + 60
        while not (draft.exists() and draft.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        parent.send_signal(signal.SIGKILL)
        assert parent.stderr is not None
        assert parent.stderr.read() == ""  # ends when the worker, which shares it, has ended
    assert draft.exists() == (not at_work)  # what no task writes is nobody's to remove


IDLE = """
from joblib.externals.loky.process_executor import _ExecutorManagerThread
from datagen.shards import run_shards
_ExecutorManagerThread.add_call_item_to_queue = lambda self: None  # no task ever arrives
list(run_shards(abs, range(4), jobs=2))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="children are read from /proc")
def test_a_worker_that_has_no_task_yet_ends_with_its_parent_too() -> None:
    """It waits for a task in a queue of which nobody will tell it that it is dead."""
    with subprocess.Popen(
        [sys.executable, "-c", IDLE], env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL, stdout=subprocess.PIPE,
    ) as parent:  # fmt: skip
        children, deadline = Path(f"/proc/{parent.pid}/task/{parent.pid}/children"), 60.0
        started = time.monotonic()
        while len(children.read_text().split()) < 4 and time.monotonic() - started < deadline:
            time.sleep(0.05)
        time.sleep(1.0)  # for the workers' imports
        parent.send_signal(signal.SIGKILL)
        # Workers share the pipe, which ends when the last of them does.
        parent.communicate(timeout=30)
