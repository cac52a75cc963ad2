"""Distributions of measures of real and of rendered lines, on one axis each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from datagen.images import UintImages
from datagen.likeness.measures import MEASURES, LineMeasures, measure
from pipelines.studio.charts import chart

BINS = 16
MIN_SPAN = 1e-6  # under which all values are one, which stands in the middle
SHOWN = ("height_px", "text_height", "ink", "ground", "stroke", "blur_px", "noise", "slope_deg")


@dataclass(frozen=True)
class Likeness:
    """Measures of real lines and of rendered ones."""

    real: LineMeasures
    rendered: LineMeasures

    @staticmethod
    def of(real: Sequence[UintImages], rendered: Sequence[UintImages]) -> "Likeness":
        """Measure both."""
        return Likeness(measure(real), measure(rendered))

    def plots(self, real_name: str, rendered_name: str) -> list[dict[str, Any]]:
        """Settings of one chart per measure."""
        return [self._plot(name, real_name, rendered_name) for name in SHOWN]

    def _plot(self, name: str, real_name: str, rendered_name: str) -> dict[str, Any]:
        columns = [self.real.column(name), self.rendered.column(name)]
        values = np.concatenate(columns)
        low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
        if high - low < MIN_SPAN:
            low, high = low - 0.5, high + 0.5
        edges = np.linspace(low, high, BINS + 1)
        shares = [100.0 * np.histogram(c, edges)[0] / max(len(c), 1) for c in columns]
        about = MEASURES[name]
        return chart(
            f"{name}, {about.unit}" if about.unit else name,
            {
                "type": "category",
                "name": about.meaning,
                "data": [f"{edge:.3g}" for edge in (edges[:-1] + edges[1:]) / 2],
            },
            {"type": "value", "axisLabel": {"formatter": "{value} %"}},
            [
                {"name": label, "type": "bar", "data": share.round(2).tolist(), "barGap": "0%"}
                for label, share in zip((real_name, rendered_name), shares, strict=True)
            ],
        )
