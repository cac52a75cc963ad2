"""Intervals and paired tests: against simulation, exact values and symmetry."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation import intervals
from training.evaluation.intervals import compare, mcnemar, ratio


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        right = rng.random(150) < 0.8
        estimate = ratio(right, np.ones(150), seed)
        held += estimate.low <= 0.8 <= estimate.high
    assert 0.90 <= held / 200 <= 0.99


def test_lines_vary_together_not_characters() -> None:
    # All errors of a line come and go with it: ten lines of 100, not 1,000 characters.
    edits = np.array([100, 0] * 5)
    estimate = ratio(edits, np.full(10, 100))
    assert estimate.value == 0.5
    assert estimate.high - estimate.low > 0.4


@given(st.integers(1, 400))
def test_no_error_is_not_certainty(lines: int) -> None:
    perfect = ratio(np.ones(lines), np.ones(lines))
    assert perfect.value == perfect.high == 1.0
    assert perfect.low == pytest.approx(0.025 ** (1 / lines))
    never = ratio(np.zeros(lines), np.ones(lines))
    assert never.value == never.low == 0.0 and never.high == pytest.approx(1 - perfect.low)


def test_nothing_to_measure_is_nan() -> None:
    assert math.isnan(ratio(np.zeros(0), np.zeros(0)).value)


def test_the_same_data_give_the_same_interval() -> None:
    part = np.arange(50) % 3 == 0
    assert ratio(part, np.ones(50)) == ratio(part, np.ones(50))


def test_weights_drawn_in_parts_are_those_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    edits, lengths = np.arange(50) % 3, np.full(50, 10)
    whole = ratio(edits, lengths)
    monkeypatch.setattr(intervals, "_HELD", 120)
    parts = ratio(edits, lengths)
    assert (parts.low, parts.high) == pytest.approx((whole.low, whole.high), rel=1e-12)


def test_mcnemar_is_the_binomial_test() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(2, 8) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert mcnemar(8, 2) == pytest.approx(mcnemar(2, 8))
    assert 0 <= mcnemar(40_000, 41_000) < 1e-3


def test_paired_comparison_sees_what_two_separate_intervals_hide() -> None:
    rng = np.random.default_rng(0)
    lengths = np.full(300, 10)
    first = rng.integers(0, 4, 300)
    second = np.maximum(first - (np.arange(300) % 6 == 0), 0)
    result = compare(first, second, lengths)
    assert result.only_first == 0 and result.only_second > 5
    assert result.p_value < 0.05 and result.cer_change.high < 0
    apart = [ratio(edits, lengths) for edits in (first, second)]
    assert apart[0].low < apart[1].high


def test_a_model_compared_with_itself_does_not_differ() -> None:
    edits = np.array([0, 1, 2])
    result = compare(edits, edits, np.array([3, 3, 3]))
    assert (result.p_value, result.cer_change.low, result.cer_change.high) == (1.0, 0.0, 0.0)
