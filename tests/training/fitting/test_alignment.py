"""The warm start on character centres, and the schedules."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from training.fitting.alignment import BLANK, CHARACTER, IGNORED, alignment_loss, frame_targets
from training.fitting.ctc import line_scores
from training.fitting.schedule import Schedule, alignment_steps, ema_decay_at, scaled_rate
from training.model.networks import build

torch.set_num_threads(1)
NETWORK = build("crnn", 9, hidden=4, width_multiplier=0.125)
NAN = float("nan")


def test_frames_over_centres_hold_characters_and_their_neighbours_are_ignored() -> None:
    targets = torch.tensor([[5, 6, 7], [8, 0, 0]])
    centres = torch.tensor([[0.0, 17.0, 39.9], [8.0, NAN, NAN]])  # frames 0, 4, 10; 2
    classes, weights = frame_targets(NETWORK, targets, centres, 11)
    assert classes.T.tolist() == [[5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 7], [0, 0, 8, *[0] * 8]]
    c, b, i = CHARACTER, BLANK, IGNORED
    assert weights.T.tolist() == [[c, i, b, i, c, i, b, b, b, i, c], [b, i, c, i, *[b] * 7]]


def test_neighbouring_characters_keep_their_weight() -> None:
    classes, weights = frame_targets(
        NETWORK, torch.tensor([[3, 4]]), torch.tensor([[8.0, 12.0]]), 6
    )
    assert classes.T.tolist() == [[0, 0, 3, 4, 0, 0]]
    assert weights.T.tolist() == [[BLANK, IGNORED, CHARACTER, CHARACTER, IGNORED, BLANK]]


def test_the_loss_is_a_weighted_cross_entropy() -> None:
    torch.manual_seed(0)
    logits = torch.randn(12, 2, 9, requires_grad=True)
    targets = torch.tensor([[5, 6], [7, 0]])
    centres = torch.tensor([[9.0, 30.0], [20.0, NAN]])
    classes, weights = frame_targets(NETWORK, targets, centres, 12)
    wide = F.cross_entropy(logits.permute(1, 2, 0), classes.T, reduction="none")  # (N, T)
    expected = (wide * weights.T).sum(1)
    lines = line_scores(logits, targets, torch.tensor([2, 1]))
    loss = alignment_loss(NETWORK, lines, centres)
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss.sum(), logits, retain_graph=True)
    (expected_gradient,) = torch.autograd.grad(expected.sum(), logits)
    torch.testing.assert_close(gradient, expected_gradient)


@pytest.mark.parametrize("kind", ["one-cycle", "cosine"])
def test_the_learning_rate_rises_to_its_peak_and_falls(kind: str) -> None:
    rates = [Schedule(kind, 100, 10, peak=1e-3).rate(step) for step in range(100)]
    assert max(rates) == rates[9] == pytest.approx(1e-3)
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0 < rates[0] < 2.1e-4 and rates[-1] < 2e-5
    assert Schedule(kind, 10, 0, peak=1e-3).rate(0) == pytest.approx(1e-3)


def test_wsd_stays_at_its_peak_however_long_the_run_is() -> None:
    short, long = (Schedule("wsd", steps, 10, 20, 1e-3) for steps in (100, 5_000))
    assert [short.rate(step) for step in range(80)] == [long.rate(step) for step in range(80)]
    assert {short.rate(step) for step in range(9, 81)} == {1e-3}
    falling = [short.rate(step) for step in range(80, 100)]
    assert falling == sorted(falling, reverse=True) and 0 < falling[-1] < 3e-5
    assert falling[5] == pytest.approx(0.5e-3)  # 1 - sqrt(5 / 20)
    assert long.decay_from == 4_980
    assert Schedule("wsd", 100, 10, 0, 1e-3).rate(99) == 1e-3


def test_scales() -> None:
    assert scaled_rate(64) == pytest.approx(1.2e-3)
    assert scaled_rate(256) == pytest.approx(2.4e-3)
    assert scaled_rate(64, 0.5) == pytest.approx(2.4e-3)
    assert scaled_rate(10**6) == 4e-3
    assert ema_decay_at(0, 0.999) == 0.1 and ema_decay_at(10**6, 0.999) == 0.999
    assert ema_decay_at(5, 0.0) == 0.0


@pytest.mark.parametrize("total", [1_250, 3_000, 6_000])
def test_the_warm_start_of_short_runs_at_64_lines_is_counted_in_lines(total: int) -> None:
    rates = Schedule("one-cycle", total, total // 10)
    assert alignment_steps(40_000, 64, rates) == 625
    half = Schedule("one-cycle", 1_000, 100)
    assert alignment_steps(40_000, 64, half) == 500  # half of the run
    slow = Schedule("one-cycle", 4 * total, total // 3)
    assert alignment_steps(40_000, 16, slow) == min(2_500, 2 * total)
    assert alignment_steps(0, 64, rates) == 0


def test_the_warm_start_of_a_run_that_may_be_lengthened_is_not_cut() -> None:
    short, long = (Schedule("wsd", steps, 100, steps // 5) for steps in (200, 10_000))
    assert alignment_steps(40_000, 64, short) == alignment_steps(40_000, 64, long) == 625


@pytest.mark.parametrize("kind", ["one-cycle", "cosine"])
@pytest.mark.parametrize(("batch_size", "total"), [(64, 562_500), (512, 69_609), (8192, 4_350)])
def test_the_warm_start_moves_the_weights_as_far_at_any_batch(
    kind: str, batch_size: int, total: int
) -> None:
    """Ten epochs of 3.6 million lines: 79 steps at the foot of the ramp moved next to nothing."""
    warmup = total // 10
    rates = Schedule(kind, total, warmup)
    steps = alignment_steps(40_000, batch_size, rates)
    moved = sum(map(rates.rate, range(steps)))
    assert steps >= 625 and moved >= 312
    assert steps == 625 or moved < 314  # and no longer than that
    assert steps < 0.15 * total
