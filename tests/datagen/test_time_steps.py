"""The time steps that verification counts with are those of the networks themselves."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datagen.time_steps import TIME_STEPS, scaled_widths, steps_needed
from training.model.model_settings import MODELS
from training.model.networks import output_length


def test_the_formulas_agree_with_the_networks() -> None:
    assert sorted(TIME_STEPS) == sorted(MODELS)
    widths = np.arange(8, 900)
    for name, steps in TIME_STEPS.items():
        assert steps(widths).tolist() == [output_length(name, int(width)) for width in widths]


def test_the_usual_line_fits_with_room() -> None:
    assert {name: int(steps(np.array([280]))[0]) for name, steps in TIME_STEPS.items()} == {
        "crnn": 71,
        "crnn_v2": 72,
        "crnn_res": 70,
        "crnn_lite": 70,
    }
    assert steps_needed(["一" * 10]).tolist() == [19]


def test_widths_follow_the_height() -> None:
    heights, widths = np.array([32, 64, 16, 32]), np.array([280, 280, 10, 0])
    assert scaled_widths(heights, widths).tolist() == [280, 140, 20, 1]


@given(st.lists(st.text(alphabet="甲乙😀", max_size=6), max_size=6))
def test_steps_are_counted_within_each_label(texts: list[str]) -> None:
    slow = [len(text) + sum(a == b for a, b in pairwise(text)) for text in texts]
    assert steps_needed(texts).tolist() == slow
