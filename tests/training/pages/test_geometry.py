"""Corners of lines: turned with the page, widened, and cut out upright."""

import numpy as np
import pytest

from training.pages.geometry import (
    along,
    cut,
    runs_vertically,
    sizes,
    turn_page,
    turn_points,
    turn_quads,
    widened,
)

QUAD = np.array([[[10, 20], [60, 20], [60, 40], [10, 40]]], np.float32)


def page() -> np.ndarray:
    """An uneven page, 80 x 100 px, on which every pixel differs from its neighbours."""
    rows, columns = np.mgrid[:80, :100]
    gray = (rows * 3 + columns).astype(np.uint8)
    return np.stack([gray, gray + 1, gray + 2], axis=-1)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_corners_turn_with_the_page(quarters: int) -> None:
    before = cut(page(), QUAD[0])
    pixels = turn_page(page(), quarters)
    quads = turn_quads(QUAD, quarters, 80, 100)
    corner = quads[0, 0]
    assert (corner == quads[0].min(axis=0)).all(), "the first corner is the top left one"
    # Cut from the text's own first corner, the turned page shows the line as before.
    own = turn_points(QUAD[0], quarters, 80, 100)
    after = cut(pixels, own)
    inner = np.s_[2:-2, 2:-2]
    difference = np.abs(before[inner].astype(int) - after[inner].astype(int))
    assert before.shape == after.shape and difference.max() <= 4


def test_turning_four_times_changes_nothing() -> None:
    assert (turn_quads(QUAD, 4, 80, 100) == QUAD).all()
    there = turn_points(QUAD, 1, 80, 100)
    assert (turn_points(there, 3, 100, 80) == QUAD).all()


def test_lines_that_run_upwards_are_seen_by_their_length() -> None:
    tall = np.array([[[0, 0], [20, 0], [20, 300], [0, 300]]], np.float32)
    assert runs_vertically(tall) and not runs_vertically(QUAD)
    assert not runs_vertically(np.concatenate([QUAD * 10, tall]))
    assert not runs_vertically(np.zeros((0, 4, 2), np.float32))


def test_widening_is_by_the_height_on_every_side_of_a_crooked_line() -> None:
    width, height = sizes(widened(QUAD, 0.1))
    assert width == pytest.approx(54) and height == pytest.approx(24)
    a = np.radians(30)
    matrix = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]], np.float32)
    width, height = sizes(widened((QUAD @ matrix).astype(np.float32), 0.1))
    assert width == pytest.approx(54, abs=1e-3) and height == pytest.approx(24, abs=1e-3)


def test_a_share_of_a_line_is_a_point_on_its_middle() -> None:
    assert along(QUAD[0], 0.0) == (10, 30)
    assert along(QUAD[0], 0.5) == (35, 30)
