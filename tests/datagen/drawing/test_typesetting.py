"""Where the characters of a line stand, and in which face, measured in tables and in pixels."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.alphabet import Alphabet, builtin
from datagen.drawing.engine import LineEngine
from datagen.drawing.glyphs import GlyphCache
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.style import Style, load_style, with_value
from datagen.drawing.typesetting import Typesetter, Typesetting, beside
from fonts import companions, select
from tests.support.drawn_lines import texts_of
from tests.support.measures import Drawn, drawn

SANS, SERIF, COMPANION = 0, 1, 2
FACES = select(("noto-sans-sc-regular", "noto-serif-sc-regular"))
COMPANIONS = select(("noto-serif-sc-bold",))  # any face that has Latin characters can be one
ALPHABET = builtin("general")
INKED = 60  # coverage, of 255, that a person sees
EM_PX = 24.0


def _style(**letters: float | tuple[float, float]) -> Style:
    style = load_style("plain")
    style = replace(style, letters=replace(style.letters, size_px=(EM_PX, EM_PX)))
    style = replace(style, frame=replace(style.frame, width_px=(480, 480), margin_px=0.5))
    for name, value in letters.items():
        style = with_value(style, f"letters.{name}", value)
    return style


def _draw(text: str, style: Style | None = None, count: int = 1, **looks: float) -> Drawn:
    style = style or _style()
    engine = LineEngine(
        style, FACES[:1], ALPHABET, 5, boxes=True, masks=True, companions=COMPANIONS
    )
    table = draw_looks(style, engine.seed, np.arange(count))
    for name, value in looks.items():
        table[:, Look[name]] = value
    texts = texts_of(*[text] * count, alphabet=ALPHABET)
    return drawn(engine.draw_with(table, texts, np.arange(count)))


def _set(text: str, alphabet: Alphabet = ALPHABET, **looks: float) -> Typesetting:
    """The layout of one line in the sans, at many draws of what is not given."""
    every = (*FACES, *COMPANIONS)
    setter = Typesetter(GlyphCache(every, alphabet), every, len(FACES), alphabet)
    table = draw_looks(_style(), 5, np.arange(64))
    for name, value in looks.items():
        table[:, Look[name]] = value
    texts = texts_of(*[text] * 64, alphabet=alphabet)
    ids = texts.class_ids.astype(np.int64)
    return setter.set(table, ids, texts.lengths, np.full(64, SANS))


def _ink(lines: Drawn, k: int) -> NDArray[np.int64]:
    """Left, top, right and bottom pixel of the ink in the box of the first line's character k."""
    assert lines.samples.quads is not None
    quad = lines.samples.quads[0, k]
    left, right = int(np.ceil(quad[:, 0].min())), int(quad[:, 0].max())
    inked = lines.masks[0][:, left:right] > INKED
    x, y = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
    return np.array([left + x[0], y[0], left + x[-1], y[-1]])


def _gap(lines: Drawn, k: int) -> int:
    """Pixels without ink between characters k and k + 1."""
    return int(_ink(lines, k + 1)[0] - _ink(lines, k)[2]) - 1


def test_each_character_comes_from_its_own_face() -> None:
    ids = np.array([builtin().encode("AgAg")], dtype=np.int64)
    level = np.zeros(1, dtype=np.int64)
    mixed = np.array([[SANS, SERIF, SERIF, SANS]])
    cache = GlyphCache(FACES, builtin())
    one, other = (np.full((1, 4), face) for face in (SANS, SERIF))
    slots = {name: cache.slots(f, level, ids)[0] for name, f in [("one", one), ("other", other)]}
    expected = np.where(mixed[0] == SANS, slots["one"], slots["other"])
    np.testing.assert_array_equal(cache.slots(mixed, level, ids)[0], expected)
    assert len(set(expected.tolist())) == 4
    wide, narrow = cache.advances(one, ids), cache.advances(other, ids)
    np.testing.assert_array_equal(cache.advances(mixed, ids), np.where(mixed == SANS, wide, narrow))
    assert (wide != narrow).all()


@pytest.mark.parametrize(("quotes", "face"), [(0.0, SANS), (1.0, COMPANION)])
def test_latin_characters_come_from_the_companion(quotes: float, face: int) -> None:
    setting = _set("第 3 章：“vim”！?", COMPANION=0.7, COMPANION_QUOTES=quotes)
    latin = [COMPANION if c in " 3vim?" else SANS for c in "第 3 章：“vim”！?"]
    latin[6] = latin[10] = face
    assert (setting.face == latin).all()
    assert (setting.factor[:, 0] == 1.0).all() and (setting.factor[:, 2] != 1.0).all()


def test_a_companion_that_lacks_a_character_of_the_line_is_not_taken() -> None:
    lacking = select(("zcool-kuaile",))  # has no 0, O and o
    every = (*FACES, *lacking)
    setter = Typesetter(GlyphCache(every, ALPHABET), every, len(FACES), ALPHABET)
    table = draw_looks(_style(companion_share=1.0), 5, np.arange(2))
    texts = texts_of("国Zoo", "国Zap", alphabet=ALPHABET)
    face = setter.set(table, texts.class_ids.astype(np.int64), texts.lengths, np.zeros(2, int)).face
    assert face.tolist() == [[0, 0, 0, 0], [0, 2, 2, 2]]


@pytest.mark.parametrize("cap_em", [0.6, 0.75])
def test_a_companion_stands_on_the_line_and_is_as_high_as_asked(cap_em: float) -> None:
    own, other = _draw("国H国"), _draw("国H国", COMPANION=cap_em)
    assert abs(_ink(own, 1)[3] - _ink(other, 1)[3]) <= 1
    height = _ink(other, 1)[3] - _ink(other, 1)[1] + 1
    assert height == pytest.approx(cap_em * EM_PX, abs=1.5)
    np.testing.assert_array_equal(_ink(own, 0)[[1, 3]], _ink(other, 0)[[1, 3]])
    assert other.samples.meta["face"][0] == SANS and other.samples.texts == ["国H国"]


@pytest.mark.parametrize("space_em", [0.25, 0.5])
def test_a_space_is_a_width_without_ink(space_em: float) -> None:
    apart, close = _draw("国 国", SPACE=space_em), _draw("国国")
    assert apart.samples.quads is not None and apart.samples.texts == ["国 国"]
    left, right = apart.samples.quads[0, 1, 0, 0], apart.samples.quads[0, 1, 1, 0]
    assert right - left == pytest.approx(space_em * EM_PX, abs=0.01)
    assert apart.samples.centres[0, 1] == pytest.approx((left + right) / 2, abs=0.01)
    assert apart.masks[0][:, int(left) + 1 : int(right)].max() == 0
    spread = _ink(apart, 2)[0] - _ink(apart, 0)[2] - 1 - _gap(close, 0)
    assert spread == pytest.approx(space_em * EM_PX, abs=1.0)


def test_chinese_and_latin_stand_apart_without_a_space() -> None:
    gap = _set("国a1国 a国x", AUTOSPACE=0.2, SPACE=0.5).gap
    np.testing.assert_allclose(gap[0], [0.2, 0, 0.2, 0, 0, 0.2, 0.2, 0], atol=1e-6)
    assert _gap(_draw("国H国", AUTOSPACE=0.2, SPACE=0.5), 0) == pytest.approx(
        _gap(_draw("国H国"), 0) + 0.2 * EM_PX, abs=1.0
    )


@pytest.mark.parametrize("space_em", [0.0, 0.25])
def test_that_gap_is_narrower_than_any_space_of_the_line(space_em: float) -> None:
    setting = _set("国a b", AUTOSPACE=0.25, SPACE=space_em)
    assert (setting.gap[:, 0] <= 0.6 * setting.advance[:, 2] + 1e-6).all()
    assert (setting.gap[:, 0] > 0.05).all()


def test_of_two_marks_one_is_squeezed() -> None:
    text = "（《国》（“国”，。）"
    advance = _set(text, SQUEEZE=1).advance[0]
    halved = np.flatnonzero(advance < 0.75)
    assert halved.tolist() == [0, 1, 3, 5, 7, 8, 9, 10]
    assert _set(text, SQUEEZE=0).advance.min() == 1.0


@pytest.mark.parametrize(("kind", "narrow"), [(1, 0), (2, 2), (3, 4)])
def test_marks_between_characters_are_squeezed_where_all_are(kind: int, narrow: int) -> None:
    advance = _set("国，国。国：国！国", SQUEEZE=kind).advance[0]
    assert (advance < 0.75).sum() == narrow


@pytest.mark.parametrize("text", ["国」，“国", "国。）（国", "国“『国"])
def test_squeezed_marks_are_closer_and_keep_their_ink(text: str) -> None:
    wide, tight = _draw(text), _draw(text, SQUEEZE=1)
    halves = {"国」，“国": 2, "国。）（国": 2, "国“『国": 1}[text]
    saved = (_ink(wide, -1)[2] - _ink(wide, 0)[0]) - (_ink(tight, -1)[2] - _ink(tight, 0)[0])
    assert saved == pytest.approx(halves * 0.5 * EM_PX, abs=2.5)
    for k in range(1, len(text) - 1):
        before, after = _ink(wide, k), _ink(tight, k)
        assert np.abs((before - after)[[1, 3]]).max() <= 1
        assert abs((before[2] - before[0]) - (after[2] - after[0])) <= 1
        assert _gap(tight, k) >= 1
    assert tight.masks[0].sum() == pytest.approx(wide.masks[0].sum(), rel=0.01)


def test_centred_marks_stand_in_the_middle_of_their_squares_and_are_not_squeezed() -> None:
    text = "国，国：国）。"
    plain, centred = _set(text), _set(text, CENTRED=1.0, SQUEEZE=3)
    moved = np.flatnonzero(centred.shift[0] != plain.shift[0]).tolist()
    assert moved == [1, 3, 6] and (centred.advance == plain.advance).all()
    image = _draw(text, CENTRED=1.0)
    assert image.samples.quads is not None
    for k in moved:
        left, right = image.samples.quads[0, k, :2, 0]
        ink = _ink(image, k)
        assert ink[0] - left == pytest.approx(right - ink[2] - 1, abs=1.6)
    assert _ink(_draw(text), 1)[0] < _ink(image, 1)[0] - 0.15 * EM_PX


@pytest.mark.parametrize(
    ("text", "at"),
    [("1. 国", 1), ("2.13. 国", 4), ("(2) 国", 2), ("1.国", None), ("国1. 国", None),
     (". 国", None), ("12 国", None), ("1.", None)],
)  # fmt: skip
def test_white_follows_the_number_of_an_item(text: str, at: int | None) -> None:
    gap = _set(text, ITEM_GAP=0.7).gap[0]
    assert np.flatnonzero(gap > 0.5).tolist() == ([] if at is None else [at])
    gap = _set(text.replace(" ", ""), builtin(), ITEM_GAP=0.7).gap[0]
    expected = at if text != "1.国" else 1  # no space tells the gap from one
    assert np.flatnonzero(gap > 0.5).tolist() == ([] if expected is None else [expected])


def test_the_number_of_an_item_stands_apart() -> None:
    wide, close = (_draw("1. 国", ITEM_GAP=gap_em) for gap_em in (0.8, 0.0))
    assert wide.samples.texts == ["1. 国"]
    moved = _ink(wide, 3)[0] - _ink(wide, 1)[2] - (_ink(close, 3)[0] - _ink(close, 1)[2])
    assert moved == pytest.approx(0.8 * EM_PX, abs=1.1)


@pytest.mark.parametrize("gap_em", [0.2, 0.6])
def test_white_follows_half_width_marks_before_chinese(gap_em: float) -> None:
    gap = _set("国.国,a1.5国; 国?国", MARK_GAP=gap_em).gap
    wanted = np.isin(np.arange(gap.shape[1]), (1, 12)) * gap_em
    np.testing.assert_allclose(gap[0], wanted, atol=1e-6)
    wide, close = _draw("国.国", MARK_GAP=gap_em), _draw("国.国")
    assert _gap(wide, 1) == pytest.approx(_gap(close, 1) + gap_em * EM_PX, abs=1.0)
    assert _gap(wide, 0) == pytest.approx(_gap(close, 0), abs=1)


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("国1国", [1]), ("国12国", [1, 2]), ("国12国3国", [1, 2]), ("国a国3国", [3]),
        ("国123国", []), ("12国", []), ("国12", []), ("国1.2国", []), ("国1a国", []),
        ("国1, 国", []),
    ],
)  # fmt: skip
def test_the_first_short_number_between_chinese_is_raised(text: str, raised: list[int]) -> None:
    setting = _set(text, SUPERSCRIPT=0.6)
    assert np.flatnonzero(setting.rise[0]).tolist() == raised
    assert np.flatnonzero(setting.factor[0] != 1.0).tolist() == raised
    for look in ({"RASTER": 1.0}, {"NATIVE": 9.0}):
        assert not _set(text, SUPERSCRIPT=0.6, **look).rise.any()


@pytest.mark.parametrize("size_em", [0.55, 0.75])
def test_a_raised_number_is_small_and_reaches_the_height_of_chinese(size_em: float) -> None:
    plain, small = _draw("国8国"), _draw("国8国", SUPERSCRIPT=size_em)
    before, after = _ink(plain, 1), _ink(small, 1)
    height = before[3] - before[1] + 1
    assert after[3] - after[1] + 1 == pytest.approx(size_em * height, abs=1.5)
    chinese = _ink(small, 0)
    assert abs(after[1] - chinese[1]) <= 3 and after[3] < chinese[3] - 0.3 * EM_PX
    assert small.samples.quads is not None and small.samples.texts == ["国8国"]
    # Its box is the line's, as all boxes are.
    middle = small.samples.quads[0, :, :, 1].mean(axis=1)
    np.testing.assert_allclose(middle, middle[0], atol=0.01)


def test_single_letters_come_from_an_italic_companion_where_the_line_has_one() -> None:
    every = (*FACES, *companions(("latin-tinos", "latin-tinos-italic")))
    upright, italic = 2, 3
    setter = Typesetter(GlyphCache(every, ALPHABET), every, len(FACES), ALPHABET)
    texts = texts_of("国x轴ab与y1、Z。8", alphabet=ALPHABET)
    ids = texts.class_ids.astype(np.int64)

    def faces(**looks: float) -> list[int]:
        table = draw_looks(_style(), 5, np.arange(1))
        for name, value in looks.items():
            table[:, Look[name]] = value
        row: list[int] = setter.set(table, ids, texts.lengths, np.full(1, SANS)).face[0].tolist()
        return row

    found = faces(COMPANION=0.7, COMPANION_FACE=0.0, LONE_ITALIC=0.5)
    assert [k for k, face in enumerate(found) if face == italic] == [1, 9]
    assert [k for k, face in enumerate(found) if face == upright] == [3, 4, 6, 7, 11]
    assert italic not in faces(COMPANION=0.7, COMPANION_FACE=0.0)
    assert set(faces(LONE_ITALIC=0.5)) == {SANS}


@pytest.mark.parametrize(
    ("text", "sunk", "raised"),
    [
        ("国TEX国", [2], []), ("LATEX国", [3], [1]), ("XeTEX与pdfLATEX", [3, 12], [10]),
        ("TEXT国", [], []), ("CTEX国", [], []), ("PLATEX国", [], []), ("TeX国", [], []),
        ("LATEXTEX", [], []),
    ],
)  # fmt: skip
def test_logos_have_letters_sunk_and_raised(text: str, sunk: list[int], raised: list[int]) -> None:
    setting = _set(text, LOGO=1.0)
    assert np.flatnonzero(setting.rise[0] < 0.0).tolist() == sunk
    assert np.flatnonzero(setting.rise[0] > 0.0).tolist() == raised
    assert np.flatnonzero(setting.factor[0] != 1.0).tolist() == raised
    assert (setting.gap[0] < 0.0).sum() == 2 * len(sunk) + 2 * len(raised)
    for look in ({"RASTER": 1.0}, {"NATIVE": 9.0}):
        assert not _set(text, LOGO=1.0, **look).rise.any()


def test_a_logo_is_narrower_than_its_letters_and_its_e_below_the_line() -> None:
    text = "国LATEX"
    plain, logo = _draw(text), _draw(text, LOGO=1.0)
    assert logo.samples.quads is not None and logo.samples.texts == [text]
    spans = [np.ptp(lines.samples.centres[0, : len(text)]) for lines in (plain, logo)]
    saved = float(spans[0] - spans[1])
    # The four kerns, and three tenths of the A's own width.
    assert 0.8 * EM_PX < saved < 1.15 * EM_PX
    below = [_below(lines, "国LATEX".index("E")) for lines in (plain, logo)]
    assert below[1] - below[0] == pytest.approx(0.215 * EM_PX, abs=1.5)
    assert (np.diff(logo.samples.centres[0, : len(text)]) > 0.0).all()


def _below(lines: Drawn, k: int) -> int:
    """Lowest ink in the middle of character k, against that of the first character."""
    middle = round(float(lines.samples.centres[0, k]))
    rows = np.flatnonzero(lines.masks[0][:, middle - 1 : middle + 2].max(axis=1) > INKED)
    return int(rows[-1] - _ink(lines, 0)[3])


def test_a_second_face_takes_some_characters_and_words_whole() -> None:
    text = "第12章abc国家"
    faces = _set(text, SECOND=0.3).face
    assert set(np.unique(faces)) == {SANS, SERIF}
    assert (faces == SERIF).any(axis=1).sum() > 48  # of 64: a span inside of a word is none
    for row in faces:
        assert row[1] == row[2] and row[4] == row[5] == row[6]
        assert (np.diff(row) != 0).sum() <= 2
    assert 20 <= (faces[:, 0] == SERIF).sum() <= 60  # of 64 lines that it begins


def test_a_justified_line_fills_its_frame() -> None:
    narrow = with_value(_style(), "frame.width_px", (280, 280))
    filled, plain = _draw("国" * 9, narrow, JUSTIFIED=1.0), _draw("国" * 9, narrow)
    assert np.ptp(filled.samples.centres[0, :9]) > 250 > 200 > np.ptp(plain.samples.centres[0, :9])
    assert abs(np.ptp(_ink(filled, 0)[::2]) - np.ptp(_ink(plain, 0)[::2])) <= 1  # not larger
    wide = _draw("国国", JUSTIFIED=1.0)
    assert np.diff(wide.samples.centres[0, :2])[0] == pytest.approx(1.5 * EM_PX, abs=0.1)


ALL_ON = {
    "companion_share": 0.7, "second_share": 0.4, "space_share": 0.7, "autospace_share": 0.7,
    "squeeze_share": 0.8, "mark_gap_share": 0.5, "superscript_share": 0.5,
    "lone_italic_share": 0.5, "logo_share": 0.5, "centred_share": 0.3, "item_gap_share": 0.5,
    "justified_share": 0.3, "stretch": (0.7, 1.3), "stretch_share": 0.5,
    "slant": (-0.1, 0.25), "slant_share": 0.5, "spacing_share": 0.5,
}  # fmt: skip


@pytest.mark.parametrize("length", [1, 2, 3])
def test_with_all_of_it_lines_that_are_all_short_are_drawn(length: int) -> None:
    """Effects look for neighbours further away than such a batch is wide."""
    style = _style(**ALL_ON)
    engine = LineEngine(style, FACES, ALPHABET, 3, companions=COMPANIONS)
    lines = ["国TEX，"[start : start + length] for start in (0, 1, 2)] * 8
    samples = engine.draw(texts_of(*lines, alphabet=ALPHABET), np.arange(len(lines)))
    assert samples.texts == lines and sum(map(bool, samples.images)) > 0.9 * len(lines)


@pytest.mark.parametrize("step", [-4, -3, -1, 1, 2, 3, 4])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_what_is_beside_a_character_may_lie_beyond_the_line(width: int, step: int) -> None:
    which = np.arange(2 * width).reshape(2, width) % 3 == 0
    expected = [[0 <= k + step < width and row[k + step] for k in range(width)] for row in which]
    np.testing.assert_array_equal(beside(which, step), expected)


@pytest.mark.parametrize("fitted", [False, True])
def test_with_all_of_it_lines_of_any_length_stay_whole(fitted: bool) -> None:
    """Centres in order, in the frame and on their boxes; no ink at the edges; MIN_EM kept."""
    pattern = "第12章，“vim 8 与TEX”：（x）眠。LATEXq"
    lines = [(pattern * 3)[start : start + n].strip() for n in range(1, 41) for start in (0, 7)]
    style = _style(**ALL_ON)
    style = replace(style, frame=replace(style.frame, width_px=(32, 1280), fit_width=fitted))
    engine = LineEngine(style, FACES, ALPHABET, 3, boxes=True, masks=True, companions=COMPANIONS)
    made = drawn(engine.draw(texts_of(*lines, alphabet=ALPHABET), np.arange(len(lines))))
    assert len(made.images) > (0.97 if fitted else 0.7) * len(lines)
    assert made.samples.quads is not None
    for row, mask in enumerate(made.masks):
        centres = made.samples.centres[row, : len(made.samples.texts[row])]
        assert (np.diff(centres) > 0.0).all()
        assert centres[0] > 0.0 and centres[-1] < mask.shape[1]
        quads = made.samples.quads[row, : len(centres)]
        np.testing.assert_allclose(quads.mean(axis=1)[:, 0], centres, atol=0.6)
        assert (np.diff(quads[:, :, 0].mean(axis=1)) > 0.0).all()
        edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
        assert max(edge.max() for edge in edges) <= 60
    assert made.samples.meta["effects"][:, 0].min() >= 9.0
