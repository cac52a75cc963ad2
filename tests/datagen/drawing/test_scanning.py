"""What scanners, cameras and codecs make of gray levels, measured in the pixels."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from datagen.alphabet import builtin
from datagen.drawing.blurring import defocus, sharpen
from datagen.drawing.capture import native_frames
from datagen.drawing.engine import LineEngine
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.placing import PAD
from datagen.drawing.style import Style, load_style, with_value
from datagen.sample import EFFECTS
from fonts import select
from tests.support import measures
from tests.support.drawn_lines import many_texts
from tests.support.measures import Drawn, FloatArray, drawn

FACES = select(("noto-sans-sc-regular", "arphic-song-gb", "noto-serif-sc-light"))
COUNT = 12


def _style(ink: float = 60.0, ground: float = 190.0) -> Style:
    plain = load_style("plain")
    gray = replace(plain.gray, ink=(ink, ink), ground=(ground, ground))
    return replace(plain, gray=gray, jpeg=replace(plain.jpeg, quality=(100, 100)))


def _draw(style: Style, **looks: float) -> Drawn:
    engine = LineEngine(style, FACES, builtin(), seed=5, boxes=True, masks=True)
    table = draw_looks(style, engine.seed, np.arange(COUNT))
    for name, value in looks.items():
        table[:, Look[name]] = value
    return drawn(engine.draw_with(table, many_texts(COUNT), np.arange(COUNT)))


@pytest.mark.parametrize("inverted", [False, True])
def test_black_and_white_keeps_every_stroke(inverted: bool) -> None:
    gray = _draw(_style())
    style = with_value(_style(), "gray.inverted", float(inverted))
    lines = _draw(style, BILEVEL=1.0, NOISE=4.0, SLOPE_X=40.0, PAPER=8.0)
    assert len(lines.images) == COUNT
    bilevel = 0
    for row, (image, mask) in enumerate(zip(lines.images, lines.masks, strict=True)):
        black = 255 - image if inverted else image
        if not np.isin(mask, (0, 255)).all():
            continue  # strokes would have suffered
        assert ((black < 8) | (black > 247)).mean() > 0.999
        bilevel += 1
        beside = cv2.dilate(mask, np.ones((3, 3)))
        for x in lines.samples.centres[row, : len(lines.samples.texts[row])].astype(int):
            near = slice(max(x - 13, 0), x + 14)
            ink = gray.masks[row][:, near]
            assert ink[beside[:, near] < 100].sum() <= 0.1 * ink.sum()  # no stroke is gone
    assert bilevel > 0.7 * COUNT


def test_black_and_white_keeps_pale_characters() -> None:
    """Their strokes are lighter than those of other lines all over, but no less of the label."""
    gray, lines = _draw(_style(), FADE=0.9), _draw(_style(), BILEVEL=1.0, FADE=0.9)
    bilevel = [row for row, mask in enumerate(lines.masks) if np.isin(mask, (0, 255)).all()]
    assert len(bilevel) >= 3
    for row in bilevel:
        before, mask = gray.masks[row], lines.masks[row]
        for x in lines.samples.centres[row, : len(lines.samples.texts[row])].astype(int):
            near = slice(max(x - 9, 0), x + 10)
            dark = before[:, near] >= 0.7 * before[:, near].max()
            assert (mask[:, near][dark] > 100).mean() > 0.1


def test_small_characters_stay_gray() -> None:
    for image in _draw(_style(), BILEVEL=1.0, NATIVE=14).images:
        assert ((image > 70) & (image < 180)).mean() > 0.02


def test_bilevel_lines_say_that_they_are_black_on_white() -> None:
    lines = _draw(_style(), BILEVEL=1.0)
    levels = lines.samples.meta["effects"][:, [EFFECTS.index("ink"), EFFECTS.index("ground")]]
    bilevel = [np.isin(mask, (0, 255)).all() for mask in lines.masks]
    assert (levels[bilevel] == (0, 255)).all()


def test_levels_stretch_ink_and_ground_to_black_and_white() -> None:
    lines = _draw(_style(), LEVELS=1.0)
    assert lines.mean(measures.ground_level) == pytest.approx(255, abs=1)
    assert lines.mean(measures.ink_level) < 25


@pytest.mark.parametrize("gamma", [0.4, 2.5])
@pytest.mark.parametrize(("ink", "ground"), [(20.0, 70.0), (190.0, 240.0), (60.0, 200.0)])
def test_no_tone_curve_takes_the_contrast(gamma: float, ink: float, ground: float) -> None:
    """Where a curve would, as in the dark with a gamma over 1, it is left out."""
    lines = _draw(_style(ink, ground), GAMMA=gamma)
    assert len(lines.images) == COUNT
    for image, mask in zip(lines.images, lines.masks, strict=True):
        full = image[mask >= 0.9 * mask.max()].mean()
        assert image[mask <= measures.BARE].mean() - full >= 36 - 3
    if (ink, ground) == (60.0, 200.0):
        expected = 255 * (200 / 255) ** gamma
        assert lines.mean(measures.ground_level) == pytest.approx(expected, abs=2)


def test_no_tone_curve_takes_the_contrast_of_a_highlight() -> None:
    """A black point at the ink is above the highlighted ground and what stands on it."""
    lines = _draw(_style(100, 130), HIGHLIGHT=40.0, LEVELS=1.0)
    for image, mask in zip(lines.images, lines.masks, strict=True):
        beside = (cv2.dilate(mask, np.ones((5, 5))) >= 100) & (mask <= measures.BARE)
        full = mask >= 0.9 * mask.max()
        assert np.median(image[beside]) - np.median(image[full]) >= 36 - 3


def test_codecs_leave_lines_in_their_place_wherever_their_blocks_begin() -> None:
    plain = _draw(_style(), NATIVE=20).images
    for blocks in (0.0, 0.4, 0.99):
        lines = _draw(_style(), NATIVE=20, NATIVE_JPEG=30, BLOCKS=blocks)
        for image, before in zip(lines.images, plain, strict=True):
            assert image.shape == before.shape and np.abs(image - before).max() > 8
            soft = [cv2.GaussianBlur(i, (0, 0), 2.0) for i in (before, image)]
            assert np.abs(cv2.phaseCorrelate(*soft)[0]).max() < 0.5
    starts = [_draw(_style(), NATIVE_JPEG=30, BLOCKS=b).images[0] for b in (0.0, 0.4)]
    assert np.abs(starts[0] - starts[1]).max() > 8


def test_codecs_keep_the_quality_that_small_characters_need() -> None:
    looks = draw_looks(load_style("scan"), 0, np.arange(4000))
    asked = looks[:, Look.NATIVE_JPEG].copy()
    frames = native_frames(looks)
    em = looks[:, Look.SIZE] * frames.height / 32
    got = looks[:, Look.NATIVE_JPEG]
    assert ((got > 0) == (asked > 0)).all() and (got >= asked).all()
    small = (em < 11) & (asked > 0)
    assert small.sum() > 200 and got[small].min() > 70 and asked[small].min() < 45
    assert (got[em > 22] == asked[em > 22]).all()
    looks[:, Look.SIZE], looks[:, Look.NATIVE], looks[:, Look.WEBP] = 1.0, 32.0, 50.0
    native_frames(looks)
    assert looks[:, [Look.NATIVE_JPEG, Look.WEBP]].max() == 100


def test_contrast_is_kept_where_a_line_is_captured_larger_than_it_ends() -> None:
    """Thin strokes lose half of their ink on the way from 64 px to 32."""
    style = with_value(_style(100, 130), "gray.min_contrast", 60.0)
    style = with_value(style, "letters.size_px", (12.0, 14.0))
    least = []
    for image, quads in _boxed(_draw(style, NATIVE=64.0, WEIGHT=-0.3)):
        bare = float(np.median(image))
        for quad in quads:
            (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
            least.append(bare - image[int(top) : int(bottom) + 1, int(left) : int(right) + 1].min())
    assert np.quantile(least, 0.05) > 0.95 * 60


def _boxed(lines: Drawn) -> list[tuple[FloatArray, FloatArray]]:
    """Images with the boxes of their characters."""
    assert lines.samples.quads is not None
    pairs = zip(lines.images, lines.samples.quads, lines.samples.texts, strict=True)
    return [(image, quads[: len(text)].astype(float)) for image, quads, text in pairs]


def test_ink_that_bleeds_stays_within_the_frame() -> None:
    style = with_value(_style(), "frame.margin_px", 0.5)
    style = with_value(style, "frame.vertical", 1.0)
    style = with_value(style, "letters.size_px", (29.0, 30.0))
    style = with_value(style, "surface.bleed_share", 1.0)
    style = with_value(style, "surface.bleed", (2.0, 2.0))
    for mask in _draw(style).masks:
        assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) <= 40


def test_the_small_end_of_a_line_in_perspective_is_no_smaller_than_the_style_says() -> None:
    style = with_value(load_style("photo"), "geometry.perspective_px", (9.0, 10.0))
    engine = LineEngine(style, FACES, builtin(), seed=5, boxes=True)
    table = draw_looks(style, engine.seed, np.arange(60))
    lines = engine.draw_with(table, many_texts(60), np.arange(60))
    assert lines.quads is not None and len(lines.images) == 60
    for row, text in enumerate(lines.texts):
        if lines.images[row]:
            quads = lines.quads[row, : len(text)].astype(float)
            heights = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
            native = table[row, Look.NATIVE] / 32
            assert (heights * native > style.capture.min_em_px - 0.3).all()


@pytest.mark.parametrize("radius", [1.0, 2.5, 4.0])
def test_a_point_out_of_focus_becomes_a_disc(radius: float) -> None:
    canvas = np.zeros((40 + 2 * PAD, 40 + 2 * PAD), dtype=np.float32)
    canvas[PAD + 20, PAD + 20] = 1.0
    defocus(canvas, np.zeros_like(canvas), radius)
    y, x = np.mgrid[: canvas.shape[0], : canvas.shape[1]] - PAD - 20.0
    assert canvas.sum() == pytest.approx(1.0, abs=1e-5)
    assert (canvas * x * x).sum() == pytest.approx(radius**2 / 4 + 1 / 12, rel=0.2)
    assert canvas[np.hypot(x, y) > radius + 0.8].max() == 0.0
    inside = canvas[np.hypot(x, y) < radius - 0.8]
    assert inside.size == 0 or np.ptp(inside) < 1e-6


def test_sharpening_adds_halos_and_moves_no_edge() -> None:
    canvas = np.zeros((32 + 2 * PAD, 60 + 2 * PAD), dtype=np.float32)
    canvas[:, PAD + 30 :] = 1.0
    soft = cv2.GaussianBlur(canvas, (0, 0), 1.0)
    sharp = soft.copy()
    sharpen(sharp, np.zeros_like(soft), np.zeros_like(soft), 1.0, 1.0)
    row, before = sharp[PAD + 16, PAD + 10 : -PAD - 10], soft[PAD + 16, PAD + 10 : -PAD - 10]
    assert np.abs(np.diff(row)).max() > 1.2 * np.abs(np.diff(before)).max()
    assert row.min() < -0.02 and row.max() > 1.02
    assert row.sum() == pytest.approx(before.sum(), abs=1e-3)
