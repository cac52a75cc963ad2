"""Which lines are trained on, of those that are read."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.bar_lines import BarSource
from tests.support.bar_runs import run
from training.fitting.batches import make_batches
from training.fitting.loop import Loop
from training.fitting.selection import select_rows

INDICES = np.arange(40)


def test_lines_are_drawn_as_unsurely_as_they_are_read() -> None:
    """Four lines are misread half of the time, the others are read with certainty."""
    losses = torch.zeros(40)
    losses[[3, 8, 21, 30]] = math.log(2)
    drawn = [select_rows(losses, 10, INDICES, step, seed=1) for step in range(400)]
    assert all(len(set(rows.tolist())) == 10 for rows in drawn)
    assert all(rows.tolist() == sorted(rows.tolist()) for rows in drawn)
    counts = np.bincount(torch.cat(drawn).numpy(), minlength=40) / 400
    unsure = counts[[3, 8, 21, 30]]
    sure = np.delete(counts, [3, 8, 21, 30])
    assert unsure.min() > 0.9  # weight 0.5, that of all the others together 0.72
    assert sure.min() > 0.1 and sure.max() < 0.26  # (10 - 3.9) / 36, however sure


def test_a_draw_depends_on_step_and_index_alone() -> None:
    losses = torch.rand(40)
    first = select_rows(losses, 10, INDICES, 7, seed=1)
    assert first.tolist() == select_rows(losses, 10, INDICES, 7, seed=1).tolist()
    assert first.tolist() != select_rows(losses, 10, INDICES, 8, seed=1).tolist()
    assert first.tolist() != select_rows(losses, 10, INDICES, 7, seed=2).tolist()
    order = torch.randperm(40)
    mixed = select_rows(losses[order], 10, INDICES[order.numpy()], 7, seed=1)
    assert sorted(order[mixed].tolist()) == first.tolist()


@pytest.mark.parametrize(("needed", "read_by"), [(0.0, 11), (1.1, 0)])
def test_a_step_trains_on_as_many_lines_as_without_selection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed: float, read_by: int
) -> None:
    """The network reads only from the first validation on, and if enough was right in it."""
    trained, steps = [], []
    monkeypatch.setattr("training.fitting.loop.MIN_ACCURACY", needed)
    selected, least_sure = Loop._selected, Loop._least_sure

    def noted(self: Loop, batches: list[object]) -> list[object]:
        chosen = selected(self, batches)  # type: ignore[arg-type]
        trained.append((sum(map(len, batches)), sum(map(len, chosen))))  # type: ignore[arg-type]
        return chosen  # type: ignore[return-value]

    monkeypatch.setattr(Loop, "_selected", noted)
    monkeypatch.setattr(
        Loop, "_least_sure", lambda *all_of_it: steps.append(1) or least_sure(*all_of_it)
    )
    outcome = run(tmp_path, select_from=3, validate_every=1, max_steps=12)
    assert trained == [(48, 16)] * 12 and len(steps) == read_by
    assert outcome.lines == 12 * 16


def test_rows_of_a_batch() -> None:
    lines = BarSource(20)
    (batch,) = make_batches(lines.batch(np.arange(20)), np.arange(20))
    some = batch.rows(torch.tensor([2, 5, 19]))
    assert some.indices.tolist() == [2, 5, 19] and len(some) == 3
    assert torch.equal(some.images, batch.images[[2, 5, 19]])
    assert torch.equal(some.targets, batch.targets[[2, 5, 19]])


def test_before_lines_are_read_right_those_of_all_widths_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines come sorted by width, so the first of them would be the narrowest."""
    taken = []
    selected = Loop._selected
    monkeypatch.setattr("training.fitting.loop.MIN_ACCURACY", 1.1)
    monkeypatch.setattr(
        Loop, "_selected", lambda *both: taken.append((both[1], selected(*both))) or taken[-1][1]
    )
    run(tmp_path, select_from=3, max_steps=1)
    ((read, chosen),) = taken
    for one, other in zip(read, chosen, strict=True):
        assert other.indices.tolist() == one.indices.tolist()[::3]
