"""State files: damage is told, and only the newest are kept."""

from pathlib import Path

import pytest

from tests.support.bar_runs import run
from training.errors import CheckpointError
from training.fitting.state_files import states


def test_a_damaged_state_is_named_and_the_one_before_offered(tmp_path: Path) -> None:
    run(tmp_path)
    newest = states(tmp_path / "a")[-1]
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"012\.pt is damaged.*state-000000010\.pt"):
        run(tmp_path, resume=True)
    newest.unlink()
    assert run(tmp_path, resume=True).step == 12


def test_old_states_are_pruned(tmp_path: Path) -> None:
    run(tmp_path, checkpoint_every=2, keep=2)
    assert [int(p.stem[6:]) for p in states(tmp_path / "a")] == [10, 12]
