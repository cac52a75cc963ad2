"""Loader processes: what they send, where nothing is shared, and when they say nothing."""

import os
import pickle
import subprocess
import sys
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
from training.fitting.data import step_loader

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
    with pytest.raises(FitError, match=r"^no loader's worker gave a batch within 8 s: look"):
        next(step_loader(source, source.order(20, 0), range(3), workers=1))
