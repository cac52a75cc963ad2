"""Margins, places, widths, boxes and masks: what the options promise, measured in the pixels."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.alphabet import builtin
from datagen.drawing.engine import LineEngine
from datagen.drawing.style import Style, load_style, with_value
from fonts import select
from tests.support import measures
from tests.support.drawn_lines import gray, many_texts, texts_of
from tests.support.measures import Drawn, drawn

FACES = select(("noto-sans-sc-regular", "arphic-song-gb"))
INKED = 60  # coverage, of 255, that a person sees


def _engine(style: Style) -> LineEngine:
    return LineEngine(style, FACES, builtin(), seed=5, boxes=True, masks=True)


def _draw(style: Style, count: int = 24) -> Drawn:
    return drawn(_engine(style).draw(many_texts(count), np.arange(count)))


def _free(mask: NDArray[np.float64]) -> tuple[int, int, int, int]:
    """Pixels free of ink: left, right, above, below."""
    x, y = (np.flatnonzero((mask > INKED).any(axis=axis)) for axis in (0, 1))
    height, width = mask.shape
    return int(x[0]), int(width - 1 - x[-1]), int(y[0]), int(height - 1 - y[-1])


@pytest.mark.parametrize("preset", ["plain", "rich"])
@pytest.mark.parametrize("margin", [1.0, 4.0, 6.0])
def test_ink_keeps_the_margin(preset: str, margin: float) -> None:
    style = with_value(load_style(preset), "frame.margin_px", margin)
    style = with_value(style, "surface.rule_share", 0.0)
    lines = _draw(style, 60)
    assert len(lines.masks) > 40
    assert min(min(_free(mask)) for mask in lines.masks) >= margin - 1.0


@pytest.mark.parametrize(("share", "low", "high"), [(1.0, 0, 12), (0.0, 20, 280)])
def test_lines_begin_near_the_left_edge_or_anywhere(share: float, low: int, high: int) -> None:
    style = with_value(load_style("plain"), "frame.left", share)
    engine = _engine(style)
    lines = drawn(engine.draw(texts_of(*["国家"] * 40), np.arange(40)))
    lefts = [_free(mask)[0] for mask in lines.masks]
    assert low <= np.median(lefts) <= high
    assert (max(lefts) > 150) == (share == 0.0)


@pytest.mark.parametrize(("vertical", "spread"), [(0.0, (0.0, 0.6)), (1.0, (2.5, 4.5))])
def test_lines_stray_from_the_middle_as_asked(vertical: float, spread: tuple[float, float]) -> None:
    style = with_value(load_style("plain"), "frame.vertical", vertical)
    style = with_value(style, "letters.size_px", (20.0, 20.0))
    lines = drawn(_engine(style).draw(texts_of(*["国" * 8] * 40), np.arange(40)))
    above, below = np.array([_free(mask)[2:] for mask in lines.masks]).T
    assert spread[0] <= ((above - below) / 2).std() <= spread[1]
    assert abs((above - below).mean()) < 1.5


def test_widths_come_in_steps_of_four_over_the_whole_range() -> None:
    style = with_value(load_style("plain"), "frame.width_px", (300, 330))
    widths = {image.shape[1] for image in _draw(style, 100).images}
    assert widths == set(range(300, 330, 4))


def test_a_fitted_frame_follows_the_text() -> None:
    frame = replace(load_style("plain").frame, width_px=(32, 400), fit_width=True)
    engine = _engine(replace(load_style("plain"), frame=frame))
    texts = texts_of(*("国" * length for length in (1, 3, 6, 12, 20)))
    lines = drawn(engine.draw(texts, np.arange(5)))
    widths = [image.shape[1] for image in lines.images]
    assert widths == engine.widths(texts, np.arange(5)).tolist()
    assert widths == sorted(widths) and len(set(widths)) == 5 and widths[-1] == 400
    for mask in lines.masks:
        left, right, _, _ = _free(mask)
        assert left <= 14 and right <= 14 and min(left, right) >= 1
    assert lines.samples.meta["effects"][4, 0] < 21 < lines.samples.meta["effects"][3, 0]


def test_the_edge_of_a_shadow_falls_into_a_fitted_frame() -> None:
    style = with_value(load_style("plain"), "surface.shadow_share", 1.0)
    style = with_value(style, "surface.shadow", (60.0, 60.0))
    style = replace(style, gray=replace(style.gray, ground=(220.0, 220.0)))
    style = replace(style, frame=replace(style.frame, width_px=(32, 4000), fit_width=True))
    lines = _draw(style, 40)
    drifts = [measures.ground_drift(i, m) for i, m in zip(lines.images, lines.masks, strict=True)]
    assert np.median(drifts) > 40


@pytest.mark.parametrize("preset", ["plain", "rich"])
def test_boxes_hold_the_ink(preset: str) -> None:
    """Nearly all ink lies in the hull of some character's box; each box has ink of its own."""
    style = with_value(load_style(preset), "surface.rule_share", 0.0)
    style = with_value(style, "blur.gauss_share", 0.0)
    lines = _draw(style, 40)
    assert lines.samples.quads is not None
    texts = lines.samples.texts
    for mask, quads, text in zip(lines.masks, lines.samples.quads, texts, strict=True):
        inside = np.zeros(mask.shape, dtype=bool)
        for quad in quads[: len(text)]:
            (x0, y0), (x1, y1) = quad.min(axis=0) - 1.5, quad.max(axis=0) + 1.5
            box = np.s_[max(0, int(y0)) : int(y1) + 1, max(0, int(x0)) : int(x1) + 1]
            inside[box] = True
            assert mask[box].max() > INKED
        assert mask[inside].sum() > 0.97 * mask.sum()
        assert np.isnan(quads[len(text) :]).all()


def test_a_mask_is_the_ink_that_the_image_shows() -> None:
    style = load_style("plain")
    style = replace(style, jpeg=replace(style.jpeg, quality=(100, 100)))
    style = replace(style, gray=replace(style.gray, ink=(50.0, 50.0), ground=(220.0, 220.0)))
    lines = _draw(style)
    for image, mask in zip(lines.images, lines.masks, strict=True):
        assert np.abs(image - (220.0 - 170.0 * mask / 255.0)).max() < 8.0


def test_boxes_and_masks_change_no_image() -> None:
    plain = LineEngine(load_style("rich"), FACES, builtin(), seed=5)
    texts, indices = many_texts(12), np.arange(12)
    samples = plain.draw(texts, indices)
    assert samples.quads is None and samples.masks is None
    assert samples.images == _engine(load_style("rich")).draw(texts, indices).images
    assert gray(samples.images[0]).shape == (32, 280)
