"""Lines as networks take them: 32 px high, dark on light; those that are so already stay as is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from datagen.images import decode_each
from datagen.line_images import dark_on_light, is_light_on_dark, prepare, to_line_height
from datagen.render.line_renderer import open_renderer
from datagen.render.render_settings import LookSettings
from datagen.text.plan_settings import PlanSettings


def drawing(width: int = 200, height: int = 64, ink: int = 20, ground: int = 230) -> Image.Image:
    """Strokes of several widths on an even ground."""
    image = Image.new("L", (width, height), ground)
    draw = ImageDraw.Draw(image)
    for x in range(10, width // 2, 15):
        draw.rectangle((x, 8, x + x // 20, height - 9), fill=ink)
    draw.ellipse((width - 40, 8, width - 14, height - 9), outline=ink, width=3)
    return image


@given(st.integers(0, 100), st.integers(-60, 60))
def test_polarity_does_not_depend_on_shading(contrast: int, slope: int) -> None:
    gray = np.asarray(drawing(ink=90 - contrast // 4, ground=128 + contrast // 4)).astype(int)
    gray = gray + np.linspace(-slope, slope, gray.shape[1]).astype(int)
    gray = np.clip(gray, 0, 255).astype(np.uint8)
    assert not is_light_on_dark(gray)
    assert is_light_on_dark(255 - gray)


@given(st.integers(8, 300), st.integers(1, 3000))
def test_height_is_32_and_width_in_proportion(height: int, width: int) -> None:
    line = prepare(np.full((height, width), 200, dtype=np.uint8))
    assert line.pixels.shape[0] == 32
    assert abs(line.pixels.shape[1] - width * 32 / height) <= max(0.5, 1 - width * 32 / height)


def test_a_line_of_32_px_is_not_resampled() -> None:
    gray = np.asarray(drawing(height=32))
    assert np.array_equal(prepare(gray).pixels, gray)


def test_a_line_that_is_dark_on_light_is_the_same_array() -> None:
    gray = np.asarray(drawing(height=32))
    assert dark_on_light(gray) is gray and to_line_height(gray) is gray
    assert np.array_equal(dark_on_light(255 - gray), gray)


def test_small_lines_are_enlarged_smoothly() -> None:
    ramp = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (16, 1))
    steps = np.diff(to_line_height(ramp)[16].astype(int))
    assert len(steps) == 79 and steps[4:-4].min() >= 1  # by area, pixels would repeat


def test_rendered_lines_are_told_by_their_polarity() -> None:
    """Shading, paper and noise included: a line and its negative never get the same answer."""
    source = open_renderer(PlanSettings(seed=4), LookSettings(style="rich"))
    lines = decode_each(source.samples(np.arange(200)).images)
    light = np.array([is_light_on_dark(line) for line in lines])
    assert [is_light_on_dark(255 - line) for line in lines] == (~light).tolist()
    assert 0.2 < light.mean() < 0.4  # the style inverts 0.3
