"""Lines captured at heights of their own: finished lines agree with what was drawn there."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.alphabet import builtin
from datagen.drawing.capture import native_frames
from datagen.drawing.engine import LineEngine
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.style import Capture, Style, load_style, with_value
from fonts import select
from tests.support import measures
from tests.support.drawn_lines import many_texts, texts_of
from tests.support.measures import Drawn, drawn

FACES = select(("noto-sans-sc-regular", "arphic-song-gb"))


def _style(preset: str = "plain", **capture: object) -> Style:
    return replace(load_style(preset), capture=replace(Capture(native_share=1.0), **capture))  # type: ignore[arg-type]


def _at(height: int, preset: str = "plain") -> Style:
    return _style(preset, native_px=(height, height))


def _draw(style: Style, count: int = 12) -> Drawn:
    engine = LineEngine(style, FACES, builtin(), seed=5, boxes=True, masks=True)
    return drawn(engine.draw(many_texts(count), np.arange(count)))


@pytest.mark.parametrize("height", [12, 20, 32, 48, 64])
def test_every_finished_line_has_the_size_of_all_lines(height: int) -> None:
    style = with_value(_at(height), "frame.width_px", (300, 330))
    lines = _draw(style)
    widths = [image.shape for image in lines.images]
    assert widths == [(32, width) for width in lines.samples.meta["width"]]
    assert {width % 4 for _, width in widths} == {0}


@pytest.mark.parametrize("height", [12, 20, 48, 64])
def test_centres_boxes_and_masks_follow_the_resizing(height: int) -> None:
    """They lie where the same line has them when it is drawn at 32 px at once."""
    lines, direct = _draw(_at(height)), _draw(_at(32))
    assert len(lines.images) == len(direct.images) == 12
    assert lines.samples.quads is not None and direct.samples.quads is not None
    # The outlines of small glyphs are rounded to whole texels, and with them the line's height.
    np.testing.assert_allclose(lines.samples.centres, direct.samples.centres, atol=0.5)
    np.testing.assert_allclose(lines.samples.quads, direct.samples.quads, atol=1.5)
    for row, (image, mask) in enumerate(_pairs(lines)):
        assert np.abs(_shift(255 - mask, image)).max() < 0.25
        assert np.abs(_shift(direct.images[row], image)).max() < 0.8
        assert np.abs(255 - mask - image).max() < 30  # the final JPEG alone


def _pairs(lines: Drawn) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    return list(zip(lines.images, lines.masks, strict=True))


def _shift(before: NDArray[np.float64], after: NDArray[np.float64]) -> tuple[float, float]:
    """By how many px, right and down, an image lies off another, whatever their sharpness."""
    soft = [cv2.GaussianBlur(image, (0, 0), 3.0) for image in (before, after)]
    return cv2.phaseCorrelate(*soft)[0]


def test_small_originals_are_soft_and_large_ones_sharp() -> None:
    steps = [-_draw(_at(height)).mean(measures.image_softness) for height in (12, 16, 24, 32)]
    assert steps == sorted(steps)
    assert steps[0] < 0.7 * steps[-1]


def test_blur_counts_the_pixels_of_the_original() -> None:
    """One pixel of a small original is several of the finished line, of a large one a part."""
    blurred = [
        with_value(with_value(_at(n), "blur.gauss_share", 1.0), "blur.gauss_px", (1.0, 1.0))
        for n in (20, 32, 60)
    ]
    free = [with_value(style, "blur.max_em", 1.0) for style in blurred]
    steps = [-_draw(style).mean(measures.image_softness) for style in free]
    assert steps[0] < 0.8 * steps[1] < 0.64 * steps[2]


def test_noise_is_of_the_pixels_of_the_original() -> None:
    """Enlarged with them, it becomes coarse: neighbours vary together."""
    alike = []
    for height in (12, 32):
        style = with_value(
            with_value(_at(height), "surface.noise_share", 1.0), "surface.noise", (6.0, 6.0)
        )
        style = with_value(style, "gray.ground", (180.0, 180.0))
        image, mask = _pairs(_draw(style, 1))[0]
        bare = np.where(mask <= measures.BARE, image - 180.0, np.nan)
        alike.append(float(np.nanmean(bare[:, 1:] * bare[:, :-1]) / np.nanmean(bare**2)))
    assert alike[0] > 0.6 and abs(alike[1]) < 0.15


def test_heights_come_in_equal_ratios_on_their_share_of_lines() -> None:
    style = _style(native_px=(8, 63), native_share=0.75)
    heights = draw_looks(style, 0, np.arange(8000))[:, Look.NATIVE]
    drawn_there = heights[heights != 32]
    assert (drawn_there.min(), drawn_there.max()) == (8, 63)
    assert np.mean(heights == 32) == pytest.approx(0.25 + 0.75 * np.log2(33 / 32) / 3, abs=0.02)
    octaves = [np.mean((drawn_there >= low) & (drawn_there < 2 * low)) for low in (8, 16, 32)]
    assert octaves == pytest.approx([1 / 3] * 3, abs=0.03)


def test_characters_never_come_out_smaller_than_can_be_read() -> None:
    """The height is raised, but not beyond 32 px; what is small there is not drawn."""
    style = with_value(_style(native_px=(8, 40), min_em_px=12.0), "letters.size_px", (16.0, 30.0))
    looks = draw_looks(style, 0, np.arange(2000))
    before = looks[:, Look.NATIVE].copy()
    frames = native_frames(looks)
    ems = looks[:, Look.SIZE] * frames.height / 32
    assert ems.min() >= 12.0 and (frames.height >= before).all()
    assert (frames.height[before >= 32] == before[before >= 32]).all()
    small = with_value(style, "capture.min_em_px", 31.0)
    samples = LineEngine(small, FACES, builtin(), seed=5).draw(texts_of("国家"), np.array([0]))
    assert samples.images == [b""]


@pytest.mark.parametrize("preset", ["document", "screen", "scan", "photo"])
def test_bytes_depend_on_no_other_line_of_the_batch(preset: str) -> None:
    style = load_style(preset)
    engine = LineEngine(style, FACES, builtin(), seed=5, masks=True)
    whole = engine.draw(many_texts(12), np.arange(12))
    assert whole.masks is not None
    for i in (0, 4, 8):
        one = engine.draw(many_texts(1), np.array([i]))
        assert one.masks is not None
        assert (one.images[0], one.masks[0]) == (whole.images[i], whole.masks[i])
        np.testing.assert_array_equal(one.centres, whole.centres[i : i + 1, : one.centres.shape[1]])


def test_no_ink_touches_the_frame_at_any_height() -> None:
    style = with_value(_style("print", native_px=(9, 60)), "surface.rule_share", 0.0)
    lines = _draw(style, 120)
    assert len(lines.masks) > 100
    edges = [np.r_[m[0], m[-1], m[:, 0], m[:, -1]].max() for m in lines.masks]
    assert max(edges) <= 50
