"""Two real gloo processes, and two "nodes" on loopback."""

import gc
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from datagen.errors import ShardError
from tests.support.bar_lines import BarSource
from tests.support.paths import ROOT
from training.errors import FitError
from training.fitting import loop
from training.fitting.batches import make_batches
from training.fitting.fit import fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.launch import OpenSources, launch
from training.fitting.loss_monitor import LossMonitor
from training.fitting.sources import Sources
from training.fitting.state_files import load_state, states
from training.fitting.train_state import TrainState
from training.model.checkpoint import load_model
from training.model.networks import build

SETTINGS = FitSettings(
    run="two", model="crnn_v2", hidden=8, width_multiplier=0.125, batch_size=15, max_steps=4,
    epochs=99, alignment_lines=30, gpus=0, processes=2, threads=1, validation_lines=31,
    checkpoint_every=2, log_every=1, precision="float32", lr=1e-3,
)  # fmt: skip


def open_bars(settings: FitSettings) -> Sources:
    """Named to each process, so it stands at the top of a module."""
    return Sources(BarSource(100), BarSource(40, seed=9))


def broken(settings: FitSettings) -> Sources:
    if os.environ["RANK"] == "1":
        raise ShardError("the second process has no data")
    return open_bars(settings)


def open_bars_to_select(settings: FitSettings) -> Sources:
    """As above; lines are selected from the first validation on, however few are right."""
    loop.MIN_ACCURACY = 0.0
    return open_bars(settings)


OPTIONS = replace(
    SETTINGS, select_from=2, validate_every=1, joined=0.5, alignment_weight=0.3, schedule="wsd"
)


@pytest.mark.parametrize(
    ("settings", "open_lines"), [(SETTINGS, open_bars), (OPTIONS, open_bars_to_select)]
)
def test_two_processes_train_validate_and_resume(
    tmp_path: Path, settings: FitSettings, open_lines: OpenSources
) -> None:
    outcome = launch(settings, open_lines, runs=tmp_path)
    assert outcome is not None and outcome.step == 4
    whole = load_state(states(tmp_path / "two")[-1])
    states(tmp_path / "two")[-1].unlink()
    again = launch(settings, open_lines, resume=True, runs=tmp_path)
    assert again == outcome
    resumed = load_state(states(tmp_path / "two")[-1])
    for name, tensor in whole.network.items():
        assert torch.equal(tensor, resumed.network[name]), name
    text = (tmp_path / "two" / "metrics.jsonl").read_text()
    assert '"validation_lines": 31' in text  # each line on one rank, none twice
    assert load_model(tmp_path / "two" / "last.safetensors").training["step"] == 4


def test_two_processes_see_the_lines_that_one_sees(tmp_path: Path) -> None:
    """The order is kept; weights differ by what batch normalisation sees."""
    two = launch(replace(SETTINGS, max_steps=1), open_bars, runs=tmp_path)
    rank = Rank(0, 1, torch.device("cpu"), 1)
    one = fit(replace(SETTINGS, run="one", max_steps=1), open_bars(SETTINGS), rank, runs=tmp_path)
    assert two is not None and two.step == one.step
    of_one, of_two = (load_state(states(tmp_path / run)[-1]).network for run in ("one", "two"))
    weight = "rnn.1.embedding.weight"
    torch.testing.assert_close(of_one[weight], of_two[weight], atol=2.1e-3, rtol=0)


def test_a_process_that_fails_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(FitError, match=r"^the second process has no data$"):
        launch(SETTINGS, broken, runs=tmp_path)


class FailingBars(BarSource):
    """The second process cannot read its third step."""

    reads = 0

    def batch(self, indices: Any) -> Any:
        FailingBars.reads += os.environ["RANK"] == "1"
        if FailingBars.reads > 3:  # the probe for centres is one
            raise ShardError("a shard is damaged")
        return super().batch(indices)


def open_failing(settings: FitSettings) -> Sources:
    return Sources(FailingBars(100), BarSource(40, seed=9))


def test_the_process_that_fails_in_mid_training_is_the_one_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(FitError, match=r"^a shard is damaged$"):
        launch(replace(SETTINGS, max_steps=9), open_failing, runs=tmp_path)


def open_mixed(settings: FitSettings) -> Sources:
    return Sources(BarSource(100, widths=(80, 150)), BarSource(40, seed=9))


def test_processes_may_have_batches_of_several_widths(tmp_path: Path) -> None:
    outcome = launch(replace(SETTINGS, batch_size=70, max_steps=3), open_mixed, runs=tmp_path)
    assert outcome is not None and outcome.step == 3


def shared(index: int, port: int, path: str) -> None:
    """What ranks add up and share: losses of a report, statistics of the average."""
    torch.distributed.init_process_group(
        "gloo", f"tcp://127.0.0.1:{port}", rank=index, world_size=2
    )
    rank = Rank(index, 2, torch.device("cpu"), 2)
    train_state = TrainState(build("crnn_v2", 7, hidden=8, width_multiplier=0.125), SETTINGS, rank)
    loss_monitor = LossMonitor(train_state, BarSource(100).order(15, 0), Path(path))
    for step in range(2):
        loss_monitor.note(torch.tensor(1.0 + 2 * index + step), torch.tensor(0.5))
    loss_monitor.zeroed = 3 + index
    metrics = vars(loss_monitor.metrics())
    for buffer in train_state.ema.network.buffers():
        buffer.fill_(index + 1)
    train_state.ema.share()
    statistics = [float(b.double().mean()) for b in train_state.ema.network.buffers()]
    if index == 1:
        torch.save({"metrics": metrics, "statistics": statistics}, path)
    # A process that leaves early can abort the other, and so can a DDP that outlives its group.
    del train_state, loss_monitor
    gc.collect()
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_reports_are_of_all_ranks_and_the_average_is_the_one_that_is_saved(tmp_path: Path) -> None:
    spawn(shared, free_port(), str(tmp_path / "seen"))
    seen = torch.load(tmp_path / "seen", weights_only=True)
    assert seen["metrics"] == {"loss": 2.5, "gradient_norm": 0.5, "zeroed_lines": 7}
    assert len(seen["statistics"]) > 20 and set(seen["statistics"]) == {1.0}


def spawn(target: Callable[..., None], *arguments: object) -> None:
    """Run two ranks of a function to their end."""
    context = torch.multiprocessing.get_context("spawn")
    ranks = [context.Process(target=target, args=(rank, *arguments)) for rank in (0, 1)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(120)
        assert process.exitcode == 0


def gradients(index: int, world_size: int, port: int, path: str) -> None:
    torch.set_num_threads(1)
    if world_size > 1:
        torch.distributed.init_process_group(
            "gloo", f"tcp://127.0.0.1:{port}", rank=index, world_size=world_size
        )
    torch.manual_seed(3)
    rank = Rank(index, world_size, torch.device("cpu"), world_size)
    settings = replace(SETTINGS, batch_size=64)
    network = build("crnn_v2", 7, hidden=8, width_multiplier=0.125).eval()  # statistics frozen
    train_state = TrainState(network, settings, rank)
    source = BarSource(100)
    indices = source.order(64, 0).batch_indices(0)[index::world_size]
    for batch in make_batches(source.batch(indices), indices):
        losses = train_state.line_losses(batch, by_alignment=False)
        (losses.sum() * world_size / 64).backward()  # type: ignore[no-untyped-call]
    if index == 0:
        torch.save({n: p.grad for n, p in network.named_parameters()}, path)
    if world_size > 1:
        del train_state
        gc.collect()
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def test_gradients_of_two_halves_equal_those_of_the_whole(tmp_path: Path) -> None:
    gradients(0, 1, 0, str(tmp_path / "whole"))
    spawn(gradients, 2, free_port(), str(tmp_path / "halves"))
    whole, halves = (torch.load(tmp_path / name, weights_only=True) for name in ("whole", "halves"))
    assert whole.keys() == halves.keys() and len(whole) > 30
    for name, gradient in whole.items():
        torch.testing.assert_close(halves[name], gradient, atol=1e-5, rtol=0)
    assert max(float(gradient.abs().max()) for gradient in whole.values()) > 1e-2


NODE = """
import sys
from pathlib import Path
from tests.training.fitting.test_distributed import SETTINGS, open_bars
from training.fitting.launch import OpenSources, launch
outcome = launch(SETTINGS, open_bars, runs=Path(sys.argv[1]))
print("outcome", outcome and outcome.step)
"""


def test_two_nodes_on_loopback(tmp_path: Path) -> None:
    script = tmp_path / "node.py"
    script.write_text(NODE)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    port = free_port()
    nodes = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "torch.distributed.run", "--nnodes", "2"),
                *("--node-rank", str(node), "--nproc-per-node", "1", "--master-addr", "127.0.0.1"),
                *("--master-port", str(port), str(script), str(tmp_path)),
            ],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for node in (0, 1)
    ]  # fmt: skip
    outputs = [node.communicate(timeout=180) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], outputs
    assert sorted(out.strip().splitlines()[-1] for out, _ in outputs) == [
        *("outcome 4", "outcome None")
    ]
    assert load_state(states(tmp_path / "two")[-1]).step == 4


def test_fewer_lines_than_processes() -> None:
    with pytest.raises(FitError, match="less than one line for 4 processes"):
        fit(
            replace(SETTINGS, batch_size=3), open_bars(SETTINGS), Rank(0, 4, torch.device("cpu"), 4)
        )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
