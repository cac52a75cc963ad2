"""Metrics: the edit distance against its definition, the ratios, and the normalised form."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.metrics import edit_distance, line_errors, normalise_text

SHORT = st.text(alphabet="的一，a", max_size=6)


def by_definition(a: str, b: str) -> int:
    """Try each edit at each place: the definition, exponential without its cache."""

    @cache
    def least(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        same = 0 if a[i - 1] == b[j - 1] else 1
        return min(least(i - 1, j) + 1, least(i, j - 1) + 1, least(i - 1, j - 1) + same)

    return least(len(a), len(b))


@given(SHORT, SHORT)
def test_edit_distance_is_the_fewest_edits(a: str, b: str) -> None:
    assert edit_distance(a, b) == by_definition(a, b)


@given(SHORT, SHORT, SHORT)
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert (edit_distance(a, b) == 0) == (a == b)


def test_figures_of_three_lines() -> None:
    errors = line_errors(["中文", "中文字", ""], ["中文", "中国字", "行"])
    assert errors.edits.tolist() == [0, 1, 1]
    assert errors.line_accuracy == pytest.approx(1 / 3)
    assert errors.cer == pytest.approx(2 / 6)
    assert errors.one_minus_ned == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_cer_counts_characters_of_all_lines_together_and_may_exceed_one() -> None:
    assert line_errors(["一二三四", "五"], ["一", "五"]).cer == pytest.approx(3 / 2)


def test_two_empty_texts_are_the_same_and_no_lines_are_nan() -> None:
    assert line_errors([""], [""]).one_minus_ned == 1.0
    assert line_errors([""], [""]).line_accuracy == 1.0
    nothing = line_errors([], [])
    assert math.isnan(nothing.cer) and math.isnan(nothing.line_accuracy)


def test_unequal_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="2 predictions for 1 targets"):
        line_errors(["一", "二"], ["一"])


def test_take_keeps_the_chosen_lines() -> None:
    errors = line_errors(["一", "二", "三"], ["一", "一", "三"])
    assert errors.take(np.array([False, True, True])).line_accuracy == 0.5


def test_normalising_folds_width_and_drops_spaces_only() -> None:
    assert normalise_text("Ａ１，　ｂ ２\tｶ￥") == "A1,b2カ¥"
    assert normalise_text("…℃№、。") == "…℃№、。"


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise_text(text)
    assert normalise_text(once) == once
