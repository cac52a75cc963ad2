"""Processes that are started, watched and ended together, whatever becomes of one of them."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from tqdm import tqdm

from datagen.errors import ShardError
from tests.support.bar_lines import BarSource
from tests.support.blocking import block_in_c
from tests.support.paths import ROOT
from training.errors import FitError
from training.fitting.fit_settings import FitSettings
from training.fitting.launch import launch
from training.fitting.processes import AGAIN_S, LEAVE_S, run_processes
from training.fitting.sources import Sources
from training.fitting.state_files import load_state, states

SETTINGS = FitSettings(
    run="two", model="crnn_v2", hidden=8, width_multiplier=0.125, batch_size=15, max_steps=2,
    epochs=99, alignment_lines=0, gpus=0, processes=2, threads=1, validation_lines=8,
    precision="float32", lr=1e-3,
)  # fmt: skip
SOON_S = 12.0  # on a busy machine; a process that hangs was killed after 30
FOR_EVER_S = 600.0
IN_NAMESPACE = ("unshare", "--map-root-user", "--net", "--uts")


def run(script: str, *arguments: object, prefix: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """A script with the packages at hand, in a process group of its own."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", script, *(str(argument) for argument in arguments)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_for(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def rank_and_sum() -> tuple[int, float]:
    dist.init_process_group("gloo")
    total = torch.ones(1)
    dist.all_reduce(total)
    dist.barrier()
    dist.destroy_process_group()
    return int(os.environ["RANK"]), float(total)


def test_the_first_process_gives_the_result() -> None:
    assert run_processes(rank_and_sum, 2, ()) == (0, 2.0)


def done_late_on_rank_1(folder: Path) -> str:
    if os.environ["RANK"] == "1":
        time.sleep(LEAVE_S + 2)
        (folder / "done").touch()
    return "first"


def test_one_that_is_done_leaves_the_others_their_time(tmp_path: Path) -> None:
    assert run_processes(done_late_on_rank_1, 2, (tmp_path,)) == "first"
    assert (tmp_path / "done").exists()


def killed_on_rank_1() -> None:
    if os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    block_in_c(FOR_EVER_S)


def test_a_process_that_is_killed_is_named_and_ends_the_other() -> None:
    started = time.monotonic()
    with pytest.raises(FitError, match=r"^process 1 was killed by SIGKILL: memory may have run"):
        run_processes(killed_on_rank_1, 2, ())
    assert time.monotonic() - started < 2 * SOON_S


def fails_on_both(folder: Path) -> None:
    if os.environ["RANK"] == "0":
        wait_for((folder / "failing").exists)
        time.sleep(1.0)
    (folder / "failing").touch()
    raise ValueError(f"rank {os.environ['RANK']}")


def test_the_first_to_fail_is_named_and_its_traceback_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FitError, match=r"^process 1 ended \(ValueError: rank 1\); the last state"):
        run_processes(fails_on_both, 2, (tmp_path,))
    assert "in fails_on_both" in capsys.readouterr().err


def shows_a_bar() -> None:
    for _ in tqdm(range(2), file=sys.stdout):
        pass


def test_a_progress_bar_leaves_nothing_that_python_complains_about() -> None:
    script = (
        "from tests.training.fitting.test_processes import shows_a_bar;"
        "from training.fitting.processes import run_processes;"
        "run_processes(shows_a_bar, 2, ())"
    )
    _, errors = run(script).communicate()
    assert errors == ""


class BarsThatBlock(BarSource):
    """Rank 0 reads no third step: it blocks in C, as it would in a collective without rank 1."""

    reads = 0

    def batch(self, indices: Any) -> Any:
        BarsThatBlock.reads += 1
        if BarsThatBlock.reads > 3:  # the probe for character centres is one
            if os.environ["RANK"] == "1":
                raise ShardError("a shard is damaged")
            block_in_c(FOR_EVER_S)
        return super().batch(indices)


def open_blocking(settings: FitSettings) -> Sources:
    return Sources(BarsThatBlock(100), BarSource(40, seed=9))


def test_an_error_on_one_rank_ends_one_that_is_blocked_in_c(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(FitError, match=r"^a shard is damaged$"):
        launch(replace(SETTINGS, max_steps=9), open_blocking, runs=tmp_path)
    assert time.monotonic() - started < 2 * SOON_S


class SlowBars(BarSource):
    """Ranks that spend their time in C: rank 1 reads, rank 0 waits for its gradients.

    Once `asked` exists, rank 1 blocks in what it begins, as it would in a collective of a GPU
    that the other rank does not join.
    """

    folder = Path()

    def batch(self, indices: Any) -> Any:
        rank = os.environ["RANK"]
        (self.folder / f"rank-{rank}").write_text(str(os.getpid()))
        if rank == "1":
            block_in_c(FOR_EVER_S if (self.folder / "asked").exists() else 0.7)
        return super().batch(indices)


def open_slow(settings: FitSettings) -> Sources:
    SlowBars.folder = Path(str(os.environ["SLOW_BARS"]))
    source = SlowBars(100)
    source.folder = SlowBars.folder
    return Sources(source, BarSource(40, seed=9))


SLOW = """
import os, sys
from dataclasses import replace
from pathlib import Path
from tests.training.fitting.test_processes import SETTINGS, open_slow
from training.fitting.launch import launch
os.environ["SLOW_BARS"] = sys.argv[1]
try:
    launch(replace(SETTINGS, max_steps=10**6, log_every=1), open_slow, runs=Path(sys.argv[1]))
except KeyboardInterrupt:
    print("interrupted")
"""


def trained_steps(folder: Path) -> int:
    path = folder / "two" / "metrics.jsonl"
    return path.read_text().count('"train"') if path.exists() else 0


@pytest.mark.parametrize("to_all", [True, False])  # a terminal's Ctrl-C; `kill`
def test_ctrl_c_ends_ranks_that_are_blocked_in_c_with_the_state_saved(
    tmp_path: Path, to_all: bool
) -> None:
    launcher = run(SLOW, tmp_path)
    wait_for(lambda: trained_steps(tmp_path) >= 2)
    (os.killpg if to_all else os.kill)(launcher.pid, signal.SIGINT if to_all else signal.SIGTERM)
    asked = time.monotonic()
    time.sleep(0.3)
    (tmp_path / "asked").touch()
    out, err = launcher.communicate(timeout=FOR_EVER_S)
    seconds = time.monotonic() - asked
    assert (launcher.returncode, out) == (0, "interrupted\n"), err
    assert "Traceback" not in err
    assert load_state(states(tmp_path / "two")[-1]).step == trained_steps(tmp_path)
    assert seconds < SOON_S


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    launcher = run(SLOW, tmp_path)
    wait_for(lambda: trained_steps(tmp_path) >= 1)
    (tmp_path / "asked").touch()
    time.sleep(2)  # rank 1 blocks for ever by now, and rank 0 waits for it
    for _ in range(2):
        os.killpg(launcher.pid, signal.SIGINT)
        time.sleep(AGAIN_S + 0.5)
    assert launcher.communicate(timeout=SOON_S)[0] == "interrupted\n"


def test_ranks_end_with_a_launcher_that_is_killed(tmp_path: Path) -> None:
    launcher = run(SLOW, tmp_path)
    wait_for(lambda: trained_steps(tmp_path) >= 1)
    ranks = [int((tmp_path / f"rank-{rank}").read_text()) for rank in (0, 1)]
    launcher.kill()
    launcher.communicate()
    wait_for(lambda: not any(Path(f"/proc/{rank}").exists() for rank in ranks), SOON_S)


WITHOUT_A_NAME = """
import fcntl, socket, struct, sys
from pathlib import Path
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:  # bring the loopback up
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))
socket.sethostname("a-name-that-does-not-resolve")
from tests.training.fitting.test_distributed import open_bars
from tests.training.fitting.test_processes import SETTINGS
from training.fitting.launch import launch
print("steps", launch(SETTINGS, open_bars, runs=Path(sys.argv[1])).step)
"""


def test_two_processes_train_on_a_host_whose_name_does_not_resolve(tmp_path: Path) -> None:
    if sys.platform != "linux" or subprocess.run([*IN_NAMESPACE, "true"], check=False).returncode:
        pytest.skip("this system does not let tests make network namespaces")
    process = run(WITHOUT_A_NAME, tmp_path, prefix=IN_NAMESPACE)
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert out == "steps 2\n", err
    assert "resolve" not in err
