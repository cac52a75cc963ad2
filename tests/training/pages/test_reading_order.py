"""Reading order: pieces of a row, columns, headings across them, on crooked pages too."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.pages.reading_order import reading_order

Quads = NDArray[np.float32]


def quad(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def two_columns() -> Quads:
    """A heading, two columns of four lines, a heading across, two columns of two lines."""
    rows = [quad(100, 0, 500, 30)]
    rows += [quad(0, 50 + 30 * i, 290, 75 + 30 * i) for i in range(4)]
    rows += [quad(320, 55 + 30 * i, 600, 80 + 30 * i) for i in range(4)]
    rows += [quad(0, 200, 600, 230)]
    rows += [quad(0, 250 + 30 * i, 290, 275 + 30 * i) for i in range(2)]
    rows += [quad(320, 245 + 30 * i, 600, 270 + 30 * i) for i in range(2)]
    return np.array(rows, np.float32)


def turned(quads: Quads, degrees: float) -> Quads:
    a = np.radians(degrees)
    matrix = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return (quads @ matrix).astype(np.float32)


@given(st.permutations(range(14)), st.floats(-8, 8))
def test_columns_are_read_one_after_the_other(order: list[int], degrees: float) -> None:
    found = reading_order(turned(two_columns()[order], degrees))
    assert [order[i] for i in found] == list(range(14))


def test_pieces_of_a_row_follow_each_other() -> None:
    rows = [quad(0, 0, 100, 20), quad(110, 2, 200, 21), quad(0, 30, 200, 50), quad(0, 60, 90, 80)]
    shuffled = [3, 1, 2, 0]
    found = reading_order(np.array([rows[i] for i in shuffled], np.float32))
    assert [shuffled[i] for i in found] == [0, 1, 2, 3]


def test_a_page_of_one_line_and_of_none() -> None:
    assert reading_order(np.zeros((0, 4, 2), np.float32)).tolist() == []
    assert reading_order(np.array([quad(0, 0, 9, 9)], np.float32)).tolist() == [0]


@given(st.integers(2, 12), st.randoms(use_true_random=False))
def test_every_line_comes_once_whatever_the_layout(n: int, random: object) -> None:
    corners = [
        quad(x := random.uniform(0, 900), y := random.uniform(0, 900), x + 80, y + 20)  # type: ignore[attr-defined]
        for _ in range(n)
    ]
    assert sorted(reading_order(np.array(corners, np.float32)).tolist()) == list(range(n))
