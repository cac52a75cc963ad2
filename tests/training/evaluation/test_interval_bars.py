"""Scales of interval bars: round ends that cover their values, and bars that stay within them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.interval_bars import Scale
from training.evaluation.intervals import Estimate

shares = st.floats(0, 1, allow_nan=False)


def test_a_small_error_rate_does_not_stand_on_a_scale_to_a_hundred() -> None:
    assert Scale.over([0.031, 0.047, 0.062], from_zero=True) == Scale(0.0, 0.08)
    scale = Scale.over([0.96, 0.99, 0.975])
    assert (scale.low, scale.high) == (pytest.approx(0.96), pytest.approx(0.99))


@given(st.lists(shares | st.just(math.nan)), st.booleans())
def test_scales_cover_their_values_and_stay_within_zero_and_one(
    values: list[float], from_zero: bool
) -> None:
    scale = Scale.over(values, from_zero=from_zero)
    assert 0.0 <= scale.low < scale.high <= 1.0
    assert all(scale.low - 1e-9 <= v <= scale.high + 1e-9 for v in values if not math.isnan(v))
    assert not from_zero or scale.low == 0.0


def test_a_bar_ends_with_its_scale_and_a_value_beyond_it_is_hollow() -> None:
    scale = Scale(0.0, 0.1)
    ends = [float(x) for x in re.findall(r' x[12]="([\d.]+)"', scale.bar(Estimate(0.3, 0.0, 0.9)))]
    assert ends == [12.0, 120.0, 12.0, 120.0]
    assert 'class="dot beyond" cx="120"' in scale.bar(Estimate(0.3, 0.0, 0.9))
    assert 'class="dot" cx="66"' in scale.bar(Estimate(0.05, 0.04, 0.06))
    assert scale.bar(Estimate(math.nan, math.nan, math.nan)) == ""


def test_the_ruler_names_both_ends() -> None:
    assert re.findall(r">([^<>]+)</text>", Scale(0.85, 1.0).ruler()) == ["85 %", "100 %"]
