"""Loader processes: what they send, where nothing is shared, and when they say nothing."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.bar_lines import BarSource
from tests.support.blocking import block_in_c
from tests.support.paths import ROOT
from training.errors import FitError
from training.fitting import data
from training.fitting.batches import make_batches
from training.fitting.data import loader_errors, step_loader

LINES = 512  # per batch
LOAD = f"""
import sys
from tests.training.fitting.test_loader import wide_bars
from training.fitting.data import step_loader
if __name__ == "__main__":
    source = wide_bars()
    order = source.order({LINES}, 0)
    loader = step_loader(source, order, range(12), workers=2)
    print(sum(len(batch) for batches in loader for batch in batches))
"""
SMALL_SHM = "mount -t tmpfs -o size=8m tmpfs /dev/shm && exec"  # an eighth of a container's


def wide_bars() -> BarSource:
    """Batches of 4.6 MB, of which two workers hold eight in advance."""
    return BarSource(2000, widths=(280,))


def test_a_batch_is_sent_as_plain_arrays() -> None:
    source = wide_bars()
    indices = np.arange(20)
    (batch,) = make_batches(source.batch(indices), indices)
    sent = pickle.dumps(batch)
    assert b"torch._utils" not in sent and b"rebuild" not in sent
    received = pickle.loads(sent)
    for name, tensor in vars(batch).items():
        assert torch.equal(getattr(received, name).nan_to_num(-1), tensor.nan_to_num(-1))
        assert getattr(received, name).dtype == tensor.dtype
    received.images.zero_()  # its memory is its own


def test_workers_need_no_shared_memory() -> None:
    namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    allowed = [*namespace, f"{SMALL_SHM} true"]
    if sys.platform != "linux" or subprocess.run(allowed, check=False).returncode:
        pytest.skip("this system does not let tests mount a small /dev/shm")
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*namespace, f'{SMALL_SHM} "$0" "$@"', sys.executable, "-c", LOAD],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == str(12 * LINES), done.stderr


class SilentBars(BarSource):
    def batch(self, indices: Any) -> Any:
        block_in_c(60)
        return super().batch(indices)


def test_workers_that_give_nothing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "WAIT_S", 8.0)
    source = SilentBars(100)
    named = pytest.raises(FitError, match=r"^no loader's worker gave a batch within 8 s: look")
    with named, loader_errors():
        next(step_loader(source, source.order(20, 0), range(3), workers=1))


def test_a_worker_that_dies_during_a_step_is_named() -> None:
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals need the main thread")
    source = BarSource(100)
    before = multiprocessing.active_children()
    with pytest.raises(FitError, match=r"^a loader's worker died .*--resume"), loader_errors():
        loader = step_loader(source, source.order(20, 0), range(10**6), workers=1)
        next(loader)
        (worker,) = [child for child in multiprocessing.active_children() if child not in before]
        worker.kill()
        time.sleep(60)  # the step, which is not where the loader is asked


STOPPED = """
import time
import torch
from tests.support.bar_lines import BarSource
from training.fitting.data import loader_errors, step_loader
from training.fitting.hardware import Rank
from training.fitting.signals import Signals
if __name__ == "__main__":
    source = BarSource(100)
    with loader_errors(), Signals(Rank(0, 1, torch.device("cpu"), 1)) as signals:
        for batches in step_loader(source, source.order(20, 0), range(10**6), workers=2):
            print("step", flush=True)
            time.sleep(1)  # of work, in which the group is told to stop
            if signals.agreed():
                print("saved", flush=True)
                break
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_as_a_group_workers_let_the_step_end(tmp_path: Path, number: int) -> None:
    """As by `timeout`, systemd, Slurm, torchrun; and by a terminal."""
    script = tmp_path / "stopped.py"
    script.write_text(STOPPED)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "step\n"
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "saved\n"), err
    assert "Traceback" not in err
