"""What an image likely holds: one line, two, or vertical text."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from datagen.line_images import Gray, prepare
from training.inference.image_decoding import read_line
from training.inference.layout import layout_of

REAL_LINES = Path(__file__).resolve().parents[3] / "pipelines" / "real_lines"


@pytest.fixture(scope="module")
def lines() -> list[Gray]:
    return [read_line(path).pixels for path in sorted(REAL_LINES.glob("*/*.png"))]


def stacked(upper: Gray, lower: Gray, gap_px: int) -> Gray:
    """Two lines in one image, the shorter one filled up with its ground."""
    width = max(upper.shape[1], lower.shape[1])
    gap = np.full((gap_px, width), 255, dtype=np.uint8)
    wide = [
        np.pad(line, ((0, 0), (0, width - line.shape[1])), constant_values=int(np.median(line)))
        for line in (upper, lower)
    ]
    return prepare(np.concatenate([wide[0], gap, wide[1]])).pixels


def test_real_lines_are_one_line_each(lines: list[Gray]) -> None:
    assert len(lines) == 218
    assert {layout_of(line) for line in lines} == {"one line"}


@pytest.mark.parametrize("gap_px", [0, 4, 12])
def test_two_real_lines_on_one_image_are_two_lines(lines: list[Gray], gap_px: int) -> None:
    pairs = list(pairwise(lines))
    found = [layout_of(stacked(*pair, gap_px)) for pair in pairs]
    assert found.count("two lines") >= 0.98 * len(pairs)


def test_what_is_much_taller_than_wide_is_vertical_text(lines: list[Gray]) -> None:
    assert {layout_of(prepare(np.rot90(line)).pixels) for line in lines} == {"vertical text"}


def test_an_empty_image_is_one_line() -> None:
    assert layout_of(np.full((32, 200), 255, dtype=np.uint8)) == "one line"
