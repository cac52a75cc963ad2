"""When a run ends before its last step, and what it says of that."""

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from tests.support.bar_lines import ALPHABET
from tests.support.bar_runs import metrics, run
from training.fitting.batches import Batch
from training.fitting.fit import Outcome
from training.fitting.state_files import load_state, states
from training.fitting.train_state import TrainState


def test_early_stopping_says_that_and_why(tmp_path: Path) -> None:
    outcome = run(tmp_path, lr=1e-9, validate_every=1, patience=2, alignment_lines=0, ema_decay=0)
    assert outcome.step == 3
    assert outcome.ended_early.startswith(
        "no progress in the last 2 validations (--patience 2); the best was step 1, line accuracy"
    )
    finished = json.loads((tmp_path / "a" / "finished.json").read_text())
    assert finished["ended_early"] == outcome.ended_early
    assert load_state(states(tmp_path / "a")[-1]).stale == 2


def test_early_stopping_counts_from_ctc_on(tmp_path: Path) -> None:
    """The warm start takes 4 steps, in which nothing is read right however well it goes."""
    outcome = run(tmp_path, lr=1e-9, validate_every=1, patience=2, ema_decay=0)
    assert outcome.step == 6


def test_a_run_that_ends_with_its_last_step_has_not_ended_early(tmp_path: Path) -> None:
    outcome = run(tmp_path, lr=1e-9, validate_every=4, patience=2, alignment_lines=0, ema_decay=0)
    assert outcome == Outcome(tmp_path / "a", 12, outcome.line_accuracy, 192, len(ALPHABET))


def test_a_run_that_has_ended_early_takes_no_more_steps(tmp_path: Path) -> None:
    """Killed between its last state and the mark of its end, it is resumed."""
    changes = {"lr": 1e-9, "validate_every": 1, "patience": 2, "alignment_lines": 0, "ema_decay": 0}
    whole = run(tmp_path, **changes)
    (tmp_path / "a" / "finished.json").unlink()
    assert run(tmp_path, resume=True, **changes) == whole
    assert (tmp_path / "a" / "finished.json").exists()


def test_the_board_keeps_the_step_that_a_run_goes_on_from(tmp_path: Path) -> None:
    run(tmp_path, max_steps=12, checkpoint_every=4, log_every=1)
    for late in states(tmp_path / "a")[1:]:
        late.unlink()
    run(tmp_path, max_steps=12, checkpoint_every=4, log_every=1, resume=True)
    board = EventAccumulator(str(tmp_path / "a"), size_guidance={"scalars": 0}).Reload()
    assert [event.step for event in board.Scalars("train/loss")] == list(range(1, 13))


def test_joined_lines_weigh_as_much_as_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step's loss is the mean of its samples', however many lines were joined to them."""
    means = []
    inner = TrainState.line_losses

    def noted(self: TrainState, batch: Batch, **options: bool) -> Tensor:
        losses = inner(self, batch, **options)
        means.append(float(losses.detach().mean()))
        return losses

    monkeypatch.setattr(TrainState, "line_losses", noted)
    for joined in (0.0, 1.0):
        means.clear()
        run(tmp_path / str(joined), joined=joined, max_steps=3, log_every=1, alignment_lines=0)
        logged = [r["loss"] for r in metrics(tmp_path / str(joined)) if r["kind"] == "train"]
        assert logged == pytest.approx(means, rel=1e-4) and len(means) == 3
