"""Pages as text, as tab-separated lines, and as JSON."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocrbase.errors import one_line
from training.pages.geometry import turn_points
from training.pages.page_reader import PageReading


def to_text(reading: PageReading) -> str:
    """One row per line, in reading order."""
    return reading.text


def to_tsv(reading: PageReading) -> str:
    """File, page, line, confidence, text; one row per line."""
    source = one_line(str(reading.page.source))
    rows = (
        f"{source}\t{reading.page.number}\t{i}\t{line.confidence:.4f}\t{line.text}"
        for i, line in enumerate(reading.lines, 1)
    )
    return "\n".join(rows)


def to_json(reading: PageReading) -> str:
    """One object per page.

    `polygon` is in px of the page as it came; `turned_deg` says by how much it was turned
    counterclockwise to be read; the characters' `x` and `y` are in px of the page as it came.
    """
    size = reading.upright.shape[:2]

    def original(points: NDArray[np.float32]) -> list[list[float]]:
        """Points (N, 2) on the page as it came."""
        turned = turn_points(points, -reading.turned_deg // 90, *size)
        return [[round(float(x), 1), round(float(y), 1)] for x, y in turned]

    lines = []
    for line in reading.lines:
        characters: list[dict[str, Any]] = []
        for c in line.characters:
            ((x, y),) = original(np.array([[c.x_px, c.y_px]], np.float32))
            characters.append(
                {"text": c.text, "confidence": round(c.confidence, 4), "x": x, "y": y}
            )
        lines.append(
            {
                "text": line.text,
                "confidence": round(line.confidence, 4),
                "polygon": original(line.quad),
                "characters": characters,
            }
        )
    page = {
        "file": str(reading.page.source),
        "page": reading.page.number,
        "width": reading.page.pixels.shape[1],
        "height": reading.page.pixels.shape[0],
        "turned_deg": reading.turned_deg,
        "lines": lines,
    }
    # Names need not be Unicode, and are escaped then.
    return json.dumps(page, ensure_ascii=not str(reading.page.source).isprintable())
