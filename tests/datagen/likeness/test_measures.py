"""Measures of lines follow the settings that the lines were drawn with."""

from pathlib import Path

import numpy as np
import pytest

from datagen.drawing.style import Style, load_style, with_value
from datagen.images import encode_jpeg, try_decode
from datagen.likeness.drawn import draw_lines
from datagen.likeness.jpeg_trace import source_quality
from datagen.likeness.measures import measure
from datagen.likeness.recovery import HEIGHT, JPEG, MOVED, MeasuredSetting, recovery
from datagen.text.plan_settings import PlanSettings

TEXT = "春眠不觉晓处处闻啼鸟夜来风雨声花落知多少白日依山尽黄河入海流欲穷千里目更上一层楼"
LINES = 48
# What the rank correlation reaches in lines that differ by the one setting alone, and how far the
# setting read off the measure is wrong, in its unit.
KNOWN = {
    "height_px": (0.999, 1e-6),
    "text_height": (0.9, 2.0),
    "beside": (0.7, 14.0),
    "ground": (0.98, 3.0),
    "ink": (0.85, 20.0),
    "stroke": (0.6, 0.035),
    "blur_px": (0.92, 0.16),
    "noise": (0.97, 0.8),
    "shading": (0.85, 14.0),
    "slope_deg": (0.9, 0.5),
    "jpeg": (0.95, 4.0),
}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> PlanSettings:
    path = Path(tmp_path_factory.mktemp("text")) / "verse.txt"
    path.write_text("\n".join([TEXT] * 3), encoding="utf-8")
    return PlanSettings(corpora=(str(path),), min_per_class=0)


def _plain() -> Style:
    style = with_value(load_style("plain"), "frame.fit_width", True)
    style = with_value(style, "frame.width_px", (32, 1280))
    style = with_value(style, "gray.ground", (215.0, 215.0))  # that noise and JPEG do not clip
    return with_value(style, "gray.ink", (40.0, 40.0))


@pytest.mark.parametrize("setting", [HEIGHT, *MOVED, JPEG], ids=lambda s: s.measure)
def test_each_measure_follows_its_setting(setting: MeasuredSetting, plan: PlanSettings) -> None:
    jpeg = setting.measure == "jpeg"
    drawn = draw_lines(setting.spread_in(_plain()), plan, LINES, jpeg=jpeg)
    found = recovery(setting.strength(drawn.looks), getattr(drawn.measures, setting.measure))
    rank, error = KNOWN[setting.measure]
    assert found.rank_correlation > rank and found.error < error
    assert found.found > 0.9 and found.slope > 0.0


def test_light_ink_is_told_and_measured_in_the_negative(plan: PlanSettings) -> None:
    dark = draw_lines(_plain(), plan, 8).measures
    images = draw_lines(with_value(_plain(), "gray.inverted", 1.0), plan, 8).images
    light = measure(images)
    assert dark.inverted.tolist() == [0.0] * 8 and light.inverted.tolist() == [1.0] * 8
    np.testing.assert_allclose(light.ground, dark.ground, atol=1.0)
    np.testing.assert_allclose(light.stroke, dark.stroke, rtol=0.05)


def test_lines_that_never_were_jpeg_show_none(plan: PlanSettings) -> None:
    style = with_value(_plain(), "surface.noise_share", 1.0)
    assert np.isnan(draw_lines(style, plan, 12, jpeg=True).measures.jpeg).all()


def test_a_line_cut_anywhere_from_a_jpeg_shows_its_quality() -> None:
    page = np.full((96, 400), 220.0)
    rng = np.random.default_rng(0)
    for x, y in zip(rng.integers(0, 380, 60), rng.integers(0, 80, 60), strict=True):
        page[y : y + 3, x : x + 18] = 40.0
    page += rng.normal(0.0, 3.0, page.shape)
    decoded = try_decode(encode_jpeg(np.clip(page, 0, 255).astype(np.uint8), 60))
    assert decoded is not None
    assert source_quality(decoded[13:51, 21:333]) == 60.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (7, 7), (40, 3), (32, 280)])
def test_images_without_text_give_what_there_is(shape: tuple[int, int]) -> None:
    found = measure([np.full(shape, 200, np.uint8)], jpeg=True)
    assert found.height_px[0] == shape[0] and found.ground[0] == 200.0
    assert np.isnan([found.ink[0], found.stroke[0], found.jpeg[0]]).all()
