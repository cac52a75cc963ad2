"""What a crop takes along and what it must not cut: other lines, table rules, tight frames."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.alphabet import builtin
from datagen.drawing.engine import LineEngine
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.neighbours import CLEAR_PX
from datagen.drawing.style import Style, load_style, with_value
from fonts import select
from tests.support.drawn_lines import many_texts, texts_of
from tests.support.measures import Drawn, drawn

FACES = select(("noto-sans-sc-regular", "arphic-song-gb"))
COUNT = 16
ABOVE, BELOW = 1, 2
INKED = 25  # coverage, of 255, that counts as ink


def _style(size_px: float = 18.0) -> Style:
    style = with_value(load_style("plain"), "letters.size_px", (size_px, size_px))
    style = with_value(style, "frame.left", 0.0)
    return with_value(style, "frame.vertical", 0.0)


def _draw(style: Style, **looks: float) -> Drawn:
    engine = LineEngine(style, FACES, builtin(), seed=5, boxes=True, masks=True)
    table = draw_looks(style, engine.seed, np.arange(COUNT))
    table[:, Look.PLACE_X] = 0.5
    for name, value in looks.items():
        table[:, Look[name]] = value
    return drawn(engine.draw_with(table, many_texts(COUNT), np.arange(COUNT)))


def _rows(mask: NDArray[np.float64]) -> tuple[int, int]:
    """First and last row of the ink."""
    rows = np.flatnonzero((mask > INKED).any(axis=1))
    return int(rows[0]), int(rows[-1])


@pytest.mark.parametrize("native_px", [16, 32, 48])
@pytest.mark.parametrize("side", [ABOVE, BELOW, ABOVE | BELOW])
def test_other_lines_reach_in_from_the_edge_clear_of_the_line(side: int, native_px: int) -> None:
    alone = _draw(_style(), NATIVE=native_px)
    among = _draw(_style(), NATIVE=native_px, NEIGHBOUR=4.0, NEIGHBOUR_SIDE=side)
    seen = np.zeros(2)
    for mask, bare in zip(among.masks, alone.masks, strict=True):
        top, bottom = _rows(bare)
        extra = mask > bare + INKED
        assert not extra[top - 1 : bottom + 2].any()
        seen += extra[0].sum(), extra[-1].sum()
        assert np.abs(mask - bare)[top : bottom + 1].max() <= 40  # resizing alone
    assert (seen > 20 * COUNT).tolist() == [bool(side & ABOVE), bool(side & BELOW)]
    np.testing.assert_array_equal(among.samples.centres, alone.samples.centres)
    assert among.samples.texts == alone.samples.texts


def test_other_lines_reach_in_as_far_as_asked_and_there_is_room() -> None:
    for asked in (2.0, 5.0, 12.0):
        lines = _draw(_style(), NEIGHBOUR=asked, NEIGHBOUR_SIDE=ABOVE)
        for mask, bare in zip(lines.masks, _draw(_style()).masks, strict=True):
            top, _ = _rows(bare)
            depth = np.flatnonzero((mask > bare + INKED).any(axis=1)).max() + 1
            assert depth == pytest.approx(min(asked, top - CLEAR_PX), abs=1.1)


def test_a_line_that_fills_its_frame_has_no_room_for_others() -> None:
    style = with_value(with_value(_style(), "frame.tight_share", 1.0), "frame.tight_px", (0.0, 0.5))
    style = with_value(style, "frame.width_px", (480, 480))
    lines = _draw(style, NEIGHBOUR=6.0, NEIGHBOUR_SIDE=ABOVE | BELOW)
    for mask, alone in zip(lines.masks, _draw(style).masks, strict=True):
        np.testing.assert_array_equal(mask, alone)


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5])
def test_rules_of_a_table_run_along_edges_clear_of_the_ink(kind: int) -> None:
    alone, ruled = _draw(_style()), _draw(_style(), EDGE=kind, EDGE_PLACE=1.0, EDGE_WEIGHT=1.0)
    for mask, bare in zip(ruled.masks, alone.masks, strict=True):
        extra = mask > bare + 200
        sides = (extra[1].mean(), extra[-2].mean(), extra[:, 1].mean(), extra[:, -2].mean())
        assert [share > 0.95 for share in sides] == [kind in (i, 5) for i in (1, 2, 3, 4)]
        ink = bare > INKED
        columns, (top, bottom) = np.flatnonzero(ink.any(axis=0)), _rows(bare)
        assert not extra[top : bottom + 1, columns[0] : columns[-1] + 1].any()


def test_a_rule_ends_where_the_ink_begins() -> None:
    """It is left out rather than drawn over characters that stand at the edge."""
    style = replace(_style(), frame=replace(_style().frame, tight_share=1.0, tight_px=(0.0, 0.0)))
    style = with_value(style, "frame.width_px", (480, 480))
    for mask, alone in zip(
        _draw(style, EDGE=1, EDGE_PLACE=0.0, EDGE_WEIGHT=2.0).masks, _draw(style).masks, strict=True
    ):
        assert np.abs(mask - alone).max() <= 2


def _tight(tight: float) -> Drawn:
    style = with_value(_style(), "frame.width_px", (480, 480))
    style = with_value(style, "frame.tight_share", 1.0)
    return _draw(with_value(style, "frame.tight_px", (tight, tight)))


@pytest.mark.parametrize("tight", [-0.5, 0.0, 1.0])
def test_a_tight_frame_is_filled(tight: float) -> None:
    for mask in _tight(tight).masks:
        top, bottom = _rows(mask)
        assert top <= tight + 1.5 and bottom >= 30 - tight - 1.5


def test_the_tightest_frame_cuts_edges_of_strokes_alone() -> None:
    cut, whole = _tight(-0.5), _tight(0.2)
    for row, (mask, reference) in enumerate(zip(cut.masks, whole.masks, strict=True)):
        sizes = [drawn.samples.meta["effects"][row, 0] for drawn in (cut, whole)]
        expected = reference.sum() * (sizes[0] / sizes[1]) ** 2
        assert 0.88 * expected < mask.sum() < 1.03 * expected


def test_short_and_long_lines_get_frames_that_follow() -> None:
    engine = LineEngine(load_style("document"), FACES, builtin(), seed=5, masks=True)
    lengths = [1, 2, 5, 12, 25, 40]
    texts = texts_of(*("国" * length for length in lengths))
    indices = np.arange(len(lengths))
    lines = drawn(engine.draw(texts, indices))
    assert [len(text) for text in lines.samples.texts] == lengths
    widths = [image.shape[1] for image in lines.images]
    assert widths == engine.widths(texts, indices).tolist()
    assert widths == sorted(widths) and widths[0] <= 64 and widths[-1] > 600
