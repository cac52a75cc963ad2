"""What other processes and the disk do to a run: one line, and the last state stays."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocrbase.locks import LockError, owned
from tests.support.bar_runs import metrics, run, same
from tests.support.paths import ROOT
from training.fitting.run_folder import cut_metrics
from training.fitting.state_files import states

LIMITED = """
import resource
import sys
from pathlib import Path
from ocrbase.errors import UserError
from tests.support.bar_runs import run
from training.fitting import fit
from training.fitting.run_logger import RunLogger

class Limited(RunLogger):
    def __init__(self, *args, **values):
        super().__init__(*args, **values)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))

fit.RunLogger = Limited
try:
    run(Path(sys.argv[1]), resume=True, checkpoint_every=2, log_every=1)
except UserError as error:
    print(error)
    sys.exit(1)
"""


def limited(folder: Path, max_bytes: int) -> subprocess.CompletedProcess[str]:
    """Go on in a process whose files may not grow beyond a size, once its metrics are open."""
    script = folder / "limited.py"
    script.write_text(LIMITED)
    return subprocess.run(
        [sys.executable, str(script), str(folder), str(max_bytes)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("stopped", ["metrics", "board", "state"])
def test_a_disk_that_fills_up_keeps_the_last_state(tmp_path: Path, stopped: str) -> None:
    run(tmp_path / "whole", checkpoint_every=2)
    shutil.copytree(tmp_path / "whole" / "a", tmp_path / "a")
    for late in states(tmp_path / "a")[2:]:
        late.unlink()  # as if killed after step 4
    before = states(tmp_path / "a")
    cut_metrics(tmp_path / "a", 4)
    written = (tmp_path / "a" / "metrics.jsonl").stat().st_size
    state = before[0].stat().st_size
    room = {"metrics": written + 300, "board": written + 1000, "state": state - 1000}[stopped]
    ended = limited(tmp_path, room)
    assert ended.returncode == 1
    assert ended.stdout == (
        f"cannot write to {tmp_path / 'a'}: File too large; its last state is kept: free space"
        " there, then go on with --resume --run a\n"
    )
    assert "Traceback" not in ended.stderr
    assert set(before) <= set(states(tmp_path / "a"))
    assert not list((tmp_path / "a").glob(".*"))
    run(tmp_path, resume=True, checkpoint_every=2)
    same(states(tmp_path / "a")[-1], states(tmp_path / "whole" / "a")[-1])
    assert [r["step"] for r in metrics(tmp_path)][-2:] == [12, 12]


def test_a_run_that_is_going_on_belongs_to_its_process(tmp_path: Path) -> None:
    with owned(tmp_path / "a"):
        for resume in (False, True):
            with pytest.raises(LockError, match=rf"a is being written by process {os.getpid()}"):
                run(tmp_path, resume=resume)
    assert not (tmp_path / "a").exists()
    assert run(tmp_path, max_steps=1).step == 1


def test_the_clock_of_metrics_goes_on_over_a_resume(tmp_path: Path) -> None:
    def seconds() -> list[float]:
        lines = (tmp_path / "a" / "metrics.jsonl").read_text().splitlines()
        return [json.loads(line)["seconds"] for line in lines]

    run(tmp_path, log_every=1)
    states(tmp_path / "a")[-1].unlink()
    before = seconds()
    time.sleep(0.3)
    run(tmp_path, resume=True, log_every=1)
    after = seconds()
    assert len(after) == len(before) and after == sorted(after)
    assert after[-1] - after[-4] < 10 and after[:10] == before[:10]
