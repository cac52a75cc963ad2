"""Ticks are round and lie within their axis; values stand where their axis says."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.reports.axes import Axes, number, ticks

finite = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 54, [0, 10, 20, 30, 40, 50]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.0523, 0.27, [0.1, 0.15, 0.2, 0.25]),
        (-1.06, 0.9, [-1, -0.5, 0, 0.5]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


@given(finite, st.floats(1e-3, 1e6))
def test_there_are_a_few_ticks_within_the_ends_at_equal_steps(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 7
    assert low - 1e-6 * span <= found[0] and found[-1] <= low + span * (1 + 1e-6) + 1e-9
    steps = [b - a for a, b in pairwise(found)]
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


def test_counts_have_whole_ticks() -> None:
    assert ticks(0, 2, whole=True) == [0, 1, 2]


def test_a_value_stands_in_proportion_also_on_logarithmic_axes() -> None:
    plain, logarithmic = Axes((0, 10), (0, 1)), Axes((0, 3), (0, 2), logarithmic=True)
    assert plain.x_of(5) == (plain.x_of(0) + plain.x_of(10)) / 2
    assert plain.y_of(1) < plain.y_of(0)
    assert logarithmic.x_of(10) - logarithmic.x_of(1) == pytest.approx(
        logarithmic.x_of(1000) - logarithmic.x_of(100)
    )


def test_a_plot_names_both_axes_and_labels_their_ticks() -> None:
    drawn = Axes((0, 40), (0, 0.5)).plot([], "width, px", "share of lines", percent=True)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    assert texts == [
        "0 %", "10 %", "20 %", "30 %", "40 %", "50 %", "0", "10", "20", "30", "40",
        "share of lines", "width, px",
    ]  # fmt: skip
    assert 'aria-label="share of lines against width, px"' in drawn


def test_numbers_are_short_and_have_a_true_minus() -> None:
    assert [number(v) for v in (0.25, -0.5, 12000, 40)] == ["0.25", "−0.5", "12,000", "40"]
