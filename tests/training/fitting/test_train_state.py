"""A state is restored onto the network and the data that it was taken of, and no other."""

from pathlib import Path

import msgspec
import pytest
import torch

from tests.support.bar_lines import BarSource
from tests.support.bar_runs import RANK, SETTINGS, SOURCES, run
from training.errors import CheckpointError
from training.fitting.run_settings import resolve
from training.fitting.state_files import load_state, save_state, states
from training.fitting.train_state import TrainState
from training.model.networks import build


def test_another_data_set_refuses_the_resume(tmp_path: Path) -> None:
    run(tmp_path, max_steps=5)
    with pytest.raises(CheckpointError, match="the data set changed since step 5"):
        run(tmp_path, resume=True, train=BarSource(101), max_steps=5)


def test_a_state_of_another_network_is_named(tmp_path: Path) -> None:
    run(tmp_path)
    (newest,) = states(tmp_path / "a")[-1:]
    state = load_state(newest)
    weight = next(iter(state.network))
    moments = {**state.optimizer, "state": {**state.optimizer["state"], 0: {}}}
    for wrong in (
        msgspec.structs.replace(state, network={**state.network, weight: torch.zeros(1)}),
        msgspec.structs.replace(state, network={**state.network, weight: "heavy"}),
        msgspec.structs.replace(state, average={}),
        msgspec.structs.replace(state, optimizer=moments),
        msgspec.structs.replace(state, optimizer={}),
    ):
        save_state(tmp_path / "a", wrong, keep=9)
        with pytest.raises(CheckpointError, match="after step 12 does not fit the network of this"):
            run(tmp_path, resume=True)
    save_state(tmp_path / "a", state, keep=9)
    assert run(tmp_path, resume=True).step == 12


def test_the_best_has_most_lines_right_and_of_those_the_lowest_cer() -> None:
    rank_settings = resolve(SETTINGS, SOURCES, SOURCES.train.facts(), RANK)[0]
    network = build("crnn_v2", 7, hidden=8, width_multiplier=0.125)
    state = TrainState(network, rank_settings, RANK)
    state.step = 5
    seen = [(0.0, 0.9), (0.0, 0.8), (0.0, 0.8), (0.1, 0.95), (0.1, 0.97), (0.0, 0.1), (0.1, 0.9)]
    assert [state.note_validation(*pair) for pair in seen] == [
        *(True, True, False, True, False, False, True)
    ]
    assert (state.best, state.best_cer, state.stale) == (0.1, 0.9, 0)
