"""Lines drawn in a style as they were captured, measured, and with the settings of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.engine import BATCH, LineEngine
from datagen.drawing.style import Style
from datagen.images import UintImages
from datagen.likeness.measures import LineMeasures, measure
from datagen.render.line_renderer import renderer_in
from datagen.text.plan_settings import PlanSettings

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class DrawnLines:
    """Lines of one style.

    Attributes:
        images: at the heights that they were captured at, (H, W) each.
        looks: what they were drawn with, (N, len(Look)).
        measures: of these images.
    """

    images: list[UintImages]
    looks: FloatArray
    measures: LineMeasures


def draw_lines(
    style: Style, plan: PlanSettings, count: int, *, start: int = 0, jpeg: bool = False
) -> DrawnLines:
    """Draw and measure the lines from `start` on; those that cannot be drawn are left out.

    Args:
        style: what they look like.
        plan: what they say; its seed fixes all draws.
        count: lines.
        start: index of the first.
        jpeg: find their JPEG qualities too.

    Raises:
        UserError: whatever is wrong with the text.
    """
    renderer = renderer_in(style, plan)
    engine = renderer.engine
    assert isinstance(engine, LineEngine)  # nobody else keeps native heights
    images: list[UintImages] = []
    looks = []
    for first in range(start, start + count, BATCH):
        indices = np.arange(first, min(first + BATCH, start + count))
        some, drawn = engine.captured(renderer.plan.texts(indices), indices)
        images += some
        looks.append(drawn)
    return DrawnLines(images, np.concatenate(looks), measure(images, jpeg=jpeg))
