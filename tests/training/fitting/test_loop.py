"""When a run ends before its last step, and what it says of that."""

import json
from pathlib import Path

from tests.support.bar_lines import ALPHABET
from tests.support.bar_runs import run
from training.fitting.fit import Outcome
from training.fitting.state_files import load_state, states


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
