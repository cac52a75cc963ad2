"""Searchable PDF: the page as an image with its text, invisible, in the same places."""

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fonts import select
from ocrbase.outputs import MARK
from training.pages.page_reader import PageLine, PageReading
from training.require import require

WidthOf = Callable[[str, str, float], float]  # text, font, size: points

DEFAULT_DPI = 200.0  # of pages whose file does not say
JPEG_QUALITY = 85
FACE = "micro-hei"  # of the bundled faces; TrueType, of which only what is written is embedded


def write_pdf(readings: Iterable[PageReading], path: Path) -> None:
    """Write one PDF with a page per page.

    Raises:
        ReadError: if the extra `page` is not installed.
    """
    require("reportlab", extra="page")
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    (face,) = select([FACE])
    pdfmetrics.registerFont(TTFont(FACE, face.path, subfontIndex=face.index))
    with path.open("wb") as file:  # reportlab leaves its own open when the disk is full
        canvas = Canvas(file)
        canvas.setCreator(MARK)
        for reading in readings:
            _draw(canvas, reading, pdfmetrics.stringWidth)
        canvas.save()


def _draw(canvas: Any, reading: PageReading, width_of: WidthOf) -> None:
    from reportlab.lib.utils import ImageReader

    scale = 72 / (reading.page.dpi or DEFAULT_DPI)  # points per px
    height, width = (side * scale for side in reading.upright.shape[:2])
    canvas.setPageSize((width, height))
    jpeg = io.BytesIO()
    Image.fromarray(reading.upright).save(jpeg, "JPEG", quality=JPEG_QUALITY)
    canvas.drawImage(ImageReader(jpeg), 0, 0, width, height)
    for line in reading.lines:
        _write(canvas, line, scale, height, width_of)
    canvas.showPage()


def _write(canvas: Any, line: PageLine, scale: float, height: float, width_of: WidthOf) -> None:
    """Invisible text along the lower side of the line, stretched to its length."""
    start, end = line.quad[3] * scale, line.quad[2] * scale
    size = max(1.0, float(np.linalg.norm(line.quad[3] - line.quad[0])) * scale * 0.8)
    run = float(np.linalg.norm(end - start))
    natural = float(width_of(line.text, FACE, size)) or 1.0
    canvas.saveState()
    canvas.translate(float(start[0]), height - float(start[1]) + 0.2 * size)
    canvas.rotate(float(np.degrees(np.arctan2(start[1] - end[1], end[0] - start[0]))))
    text = canvas.beginText(0, 0)
    text.setFont(FACE, size)
    text.setTextRenderMode(3)
    text.setHorizScale(100 * run / natural)
    text.textOut(line.text)
    canvas.drawText(text)
    canvas.restoreState()
