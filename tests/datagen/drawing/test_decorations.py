"""Rules, dots, boxes, bars and shadows in the pixels: where they belong, and characters legible."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.alphabet import builtin
from datagen.drawing.decorations import DASHED, DOTTED, DOUBLE, SOLID, WAVY
from datagen.drawing.engine import LineEngine
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.placing import ASCENT
from datagen.drawing.style import Style, load_style, with_value
from fonts import select
from tests.support.drawn_lines import many_texts, texts_of
from tests.support.measures import Drawn, drawn

FACES = select(("noto-sans-sc-bold", "noto-serif-sc-regular"))
ALPHABET = builtin("general")
EM_PX = 18.0
INKED = 60  # coverage, of 255, that a person sees
INK, GROUND = 30.0, 220.0
FloatArray = NDArray[np.float64]


def _style() -> Style:
    style = load_style("plain")
    style = replace(
        style,
        letters=replace(style.letters, size_px=(EM_PX, EM_PX)),
        gray=replace(style.gray, ink=(INK, INK), ground=(GROUND, GROUND)),
        jpeg=replace(style.jpeg, quality=(100, 100)),
    )
    return style


def _draw(text: str, style: Style | None = None, **looks: float) -> Drawn:
    style = style or _style()
    engine = LineEngine(style, FACES[:1], ALPHABET, 5, boxes=True, masks=True)
    table = draw_looks(style, engine.seed, np.arange(1))
    table[:, [Look.RULE_WEIGHT, Look.THICKNESS, Look.PARTIAL]] = 1.0, 0.08, 0.0
    for name, value in looks.items():
        table[:, Look[name]] = value
    return drawn(engine.draw_with(table, texts_of(text, alphabet=ALPHABET), np.arange(1)))


def _quads(lines: Drawn) -> FloatArray:
    assert lines.samples.quads is not None
    quads: FloatArray = lines.samples.quads[0, : len(lines.samples.texts[0])].astype(np.float64)
    return quads


def _baseline(lines: Drawn) -> float:
    return float(_quads(lines)[0, 2, 1]) - (1.0 - ASCENT) * EM_PX


def _gap(lines: Drawn, k: int = 0) -> FloatArray:
    """Coverage between characters k and k + 1, where rules alone have ink."""
    quads = _quads(lines)
    left, right = np.ceil(quads[k, 1, 0]) + 1, np.floor(quads[k + 1, 0, 0]) - 1
    return lines.masks[0][:, int(left) : int(right)] / 255.0


def _runs(flags: NDArray[np.bool_]) -> int:
    return int((np.diff(np.concatenate([[0], flags.astype(int)])) == 1).sum())


@pytest.mark.parametrize("distance", [0.12, 0.28])
@pytest.mark.parametrize("thickness", [0.04, 0.1])
def test_an_underline_has_its_place_and_thickness(distance: float, thickness: float) -> None:
    lines = _draw("国国", SPACING=2.0, UNDERLINE=distance, THICKNESS=thickness)
    rows = _gap(lines).mean(axis=1)
    assert rows.sum() == pytest.approx(thickness * EM_PX, abs=0.03)
    middle = (rows * (np.arange(32) + 0.5)).sum() / rows.sum()
    expected = _baseline(lines) + (distance + thickness / 2) * EM_PX
    assert middle == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize("kind", [SOLID, DOUBLE, DASHED, DOTTED, WAVY])
def test_kinds_of_underlines_differ_as_their_names_say(kind: int) -> None:
    gap = _gap(_draw("国国", SPACING=3.0, UNDERLINE=0.2, UNDERLINE_KIND=kind))
    columns, rows = gap.sum(axis=0), gap.mean(axis=1)
    assert _runs(rows > 0.45 * rows.max()) == (2 if kind == DOUBLE else 1)
    breaks = {DASHED: (5, 12), DOTTED: (14, 24)}.get(kind, (1, 1))
    assert breaks[0] <= _runs(columns > 0.5) <= breaks[1]
    heights = (gap * (np.arange(32) + 0.5)[:, None]).sum(axis=0)[columns > 0.5]
    assert (np.ptp(heights / columns[columns > 0.5]) > 1.0) == (kind == WAVY)


def test_a_partial_underline_takes_its_span_alone() -> None:
    lines = _draw("国国国国", SPACING=1.0, UNDERLINE=0.2, PARTIAL=1.0, SPAN_START=0.8, SPAN_END=0.6)
    inked = [_gap(lines, k).max() > 0.5 for k in range(3)]
    assert inked == [False, False, True]


def test_dots_stand_under_characters_and_under_no_mark() -> None:
    lines = _draw("国，a 国", EMPHASIS=0.2)
    bottom = _baseline(lines) + 0.2 * EM_PX
    below = lines.masks[0][int(np.ceil(bottom)) :] > INKED
    centres = lines.samples.centres[0, :5]
    for k, dotted in enumerate([True, False, True, False, True]):
        x = int(centres[k])
        assert below[:, max(x - 2, 0) : x + 3].any() == dotted
        if dotted:
            columns = np.flatnonzero(below[:, x - 4 : x + 5].any(axis=0)) - 4
            assert abs(columns.mean() + 0.5 - (centres[k] - x)) <= 1.0
            assert 2 <= len(columns) <= 4


def test_a_strike_out_is_thin_and_hides_no_dash() -> None:
    lines = _draw("国国", SPACING=2.0, STRIKE=1.0, THICKNESS=0.15)
    rows = _gap(lines).mean(axis=1)
    assert rows.sum() == pytest.approx(0.05 * EM_PX, abs=0.03)
    middle = (rows * (np.arange(32) + 0.5)).sum() / rows.sum()
    quads = _quads(lines)[0]
    assert abs(middle - quads[:, 1].mean()) < 0.1 * EM_PX
    for text in ("国一", "国—", "1-2"):
        struck, plain = _draw(text, STRIKE=1.0), _draw(text)
        np.testing.assert_array_equal(struck.images[0], plain.images[0])


def test_no_underline_hides_a_low_line() -> None:
    np.testing.assert_array_equal(_draw("a_b", UNDERLINE=0.2).images[0], _draw("a_b").images[0])


@pytest.mark.parametrize(("kind", "first", "last"), [(1, 0, 3), (2, 2, 3)])
def test_a_box_closes_around_its_characters(kind: int, first: int, last: int) -> None:
    lines = _draw("国国国国", BOX=kind, SPAN_START=0.8, SPAN_END=0.5)
    mask, quads = lines.masks[0] > INKED, _quads(lines)
    x0, x1 = quads[first, 0, 0] - 0.06 * EM_PX, quads[last, 1, 0] + 0.06 * EM_PX
    y0, y1 = quads[first, 0, 1] - 0.06 * EM_PX, quads[first, 2, 1] + 0.06 * EM_PX
    rows, columns = slice(round(y0), round(y1)), slice(round(x0), round(x1))
    for y in (y0, y1):
        assert mask[int(y - 1) : int(y + 2), columns].any(axis=0).all()
    for x in (x0, x1):
        assert mask[rows, int(x - 1) : int(x + 2)].any(axis=1).all()
    outside = mask.copy()
    outside[:, int(x0 - 1) : int(x1 + 2)] = False
    assert outside.any() == (kind == 2)


def test_a_box_around_oblique_characters_stands_upright() -> None:
    lines = _draw("国国", BOX=1.0, SLANT=0.25)
    rows = np.flatnonzero((lines.masks[0] > INKED).any(axis=1))
    sides = [np.flatnonzero(lines.masks[0][y] > INKED)[0] for y in (rows[1], rows[-2])]
    assert abs(int(sides[0]) - int(sides[1])) <= 1


def test_a_box_around_characters_has_room_between_them() -> None:
    boxed, plain = (_draw("国国国国", BOX=b, SPAN_START=0.65, SPAN_END=0.4) for b in (2.0, 0.0))
    distances = np.diff(_quads(boxed)[:, 0, 0]) - np.diff(_quads(plain)[:, 0, 0])
    assert (distances[[0, 2]] > 0.1 * EM_PX).all() and abs(distances[1]) < 0.01
    bracket = _draw("国（国国", BOX=2.0, SPAN_START=0.65, SPAN_END=0.4)
    np.testing.assert_array_equal(bracket.images[0], _draw("国（国国").images[0])


def test_no_box_makes_another_character_of_one() -> None:
    """木 in a box would be read as 困."""
    for text, kind in (("木", 1.0), ("木木木", 2.0)):
        boxed = _draw(text, BOX=kind, SPAN_START=0.7, SPAN_END=0.0)
        np.testing.assert_array_equal(boxed.images[0], _draw(text).images[0])
    digit = _draw("木4木", BOX=2.0, SPAN_START=0.7, SPAN_END=0.0)
    assert (digit.images[0] != _draw("木4木").images[0]).any()


@pytest.mark.parametrize("text", ["一", "二一", "一 一", "-", "..."])
def test_no_stroke_is_added_to_level_strokes(text: str) -> None:
    """一 over a rule would be read as 二."""
    strokes = {"UNDERLINE": 0.2, "NEIGHBOUR": 6.0, "NEIGHBOUR_SIDE": 3.0, "EDGE": 3.0, "RULE": 1.0}
    np.testing.assert_array_equal(_draw(text, **strokes).images[0], _draw(text).images[0])
    assert (_draw(text + "木", **strokes).images[0] != _draw(text + "木").images[0]).any()


def test_a_bar_follows_perspective() -> None:
    """Its light text would stand on the light page at the near end."""
    style = _style()
    for keystone in (-0.4, 0.4):
        lines = _draw("国国国国国国国国", style, BAR=0.05, BAR_PAGE=GROUND, KEYSTONE=keystone,
                      INK=GROUND, GROUND=INK)  # fmt: skip
        for quad in _quads(lines):
            x, middle = round(quad[:, 0].mean()), quad[:, 1].mean()
            half = 0.5 * (quad[2, 1] - quad[0, 1])
            column = lines.images[0][:, x]
            for y in (middle - 0.98 * half, middle + 0.98 * half):
                assert column[int(y)] < 0.6 * GROUND


def test_a_highlight_darkens_the_ground_of_its_span() -> None:
    lines = _draw(
        "国国国国", SPACING=1.0, HIGHLIGHT=30.0, PARTIAL=1.0, SPAN_START=0.0, SPAN_END=0.4
    )
    quads = _quads(lines)
    y = int(quads[0, :, 1].mean())
    between = [lines.images[0][y, int(quads[k, 1, 0]) + 5] for k in range(3)]
    assert between[0] == pytest.approx(GROUND - 30.0, abs=2.0)
    assert between[1] == pytest.approx(GROUND, abs=2.0) == between[2]


@pytest.mark.parametrize("across", [0.0, 1.0])
def test_light_text_stands_on_a_dark_bar_on_a_light_page(across: float) -> None:
    style = with_value(_style(), "decorations.bar_share", 1.0)
    style = with_value(style, "frame.vertical", 0.0)
    lines = _draw("国国", style, BAR=0.1, BAR_ACROSS=across, BAR_PAGE=240.0, SPACING=1.0)
    image, mask, quads = lines.images[0], lines.masks[0], _quads(lines)
    assert image[mask > 240].mean() == pytest.approx(255 - INK, abs=12.0)
    y = int(quads[0, :, 1].mean())
    assert image[y, int(quads[0, 1, 0]) + 6] == pytest.approx(255 - GROUND, abs=3.0)
    far = 255 - GROUND if across else 240.0
    assert image[y, 3] == pytest.approx(far, abs=3.0) == image[y, -3]
    assert image[1, 140] == pytest.approx(240.0, abs=3.0)


def test_outlined_characters_are_hollow_where_that_can_be_seen() -> None:
    style = with_value(_style(), "letters.size_px", (28.0, 28.0))
    plain, hollow = _draw("国", style), _draw("国", style, OUTLINE=0.04)
    sizes = [np.ptp(np.argwhere(lines.masks[0] > INKED), axis=0) for lines in (plain, hollow)]
    assert (sizes[1] - sizes[0] >= 1).all()
    y = int(_quads(hollow)[0, :, 1].mean()) - 4
    row = hollow.masks[0][y]
    left = np.flatnonzero(row > INKED)[0]
    stroke = row[left : left + 6]  # the outer stroke of 国: edge, inside, edge
    dark = np.flatnonzero(stroke > 120)
    assert _runs(stroke > 60) == 2 and stroke[dark[0] : dark[-1]].min() < 30
    small = with_value(_style(), "letters.size_px", (14.0, 14.0))
    full = _draw("国", small).masks[0].sum()
    assert _draw("国", small, OUTLINE=0.04).masks[0].sum() == pytest.approx(full, rel=0.02)
    soft = [_draw("国", style, GAUSS=1.0, OUTLINE=o).masks[0].sum() for o in (0.0, 0.04)]
    assert soft[1] == pytest.approx(soft[0], rel=0.03)


def test_a_drop_shadow_lies_below_and_to_the_right() -> None:
    plain, dropped = _draw("国"), _draw("国", DROP=0.15, DROP_WEIGHT=0.4)
    strong = [np.argwhere(lines.masks[0] > 150) for lines in (plain, dropped)]
    pale = np.argwhere((dropped.masks[0] > 40) & (dropped.masks[0] < 140))
    assert np.abs(np.ptp(strong[0], axis=0) - np.ptp(strong[1], axis=0)).max() <= 1
    assert (pale.max(axis=0) - strong[1].max(axis=0) >= 2).all()
    assert (pale.min(axis=0) >= strong[1].min(axis=0) - 1).all()


@pytest.mark.parametrize("preset", ["print", "rich"])
def test_with_all_of_it_no_ink_is_cut_and_contrast_holds(preset: str) -> None:
    style = load_style(preset)
    for name in ("underline", "strike", "emphasis", "box", "highlight", "outline", "drop"):
        style = with_value(style, f"decorations.{name}_share", 0.4)
    style = with_value(style, "surface.rule_share", 0.0)
    engine = LineEngine(style, FACES, builtin(), 3, boxes=True, masks=True)
    made = drawn(engine.draw(many_texts(120), np.arange(120)))
    assert len(made.images) >= 108
    assert made.samples.quads is not None
    apart = []
    for row, (image, mask) in enumerate(zip(made.images, made.masks, strict=True)):
        edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
        assert max(edge.max() for edge in edges) <= 70
        centres = made.samples.centres[row, : len(made.samples.texts[row])]
        assert (np.diff(centres) > 0.0).all()
        for x in np.clip(centres.astype(int), 9, mask.shape[1] - 10):
            near = mask[:, x - 9 : x + 10]
            ink, bare = near >= 0.9 * near.max(), near <= 5
            if bare.any():
                part = image[:, x - 9 : x + 10]
                apart.append(abs(part[ink].mean() - np.median(part[bare])))
    assert len(apart) > 1000 and np.quantile(apart, 0.03) > 15.0
