"""Read whole pages: find the lines, turn the page upright, cut, read, and put in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.errors import ImageError
from datagen.line_images import Gray
from training.inference.image_decoding import MIN_HEIGHT_PX
from training.inference.line_reader import LineReader, Reading
from training.pages.detection import LineDetector, Quads
from training.pages.geometry import along, cut, runs_vertically, turn_page, turn_quads, widened
from training.pages.page_images import PDF_DPI, PageImage, Rgb, open_pages
from training.pages.reading_order import reading_order

MARGIN = 0.05  # of a line's height around what the detector frames, which cuts into strokes


class Detector(Protocol):
    """What finds lines; `LineDetector`, or a test's own."""

    def quads(self, pixels: Rgb) -> Quads: ...

    def upside_down(self, crops: Sequence[Rgb]) -> bool: ...


@dataclass(frozen=True, slots=True)
class PageCharacter:
    """One character, its probability, and the middle of it on the upright page in px."""

    text: str
    confidence: float
    x_px: float
    y_px: float


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line of a page.

    Attributes:
        text: what it says.
        confidence: the least sure character's probability.
        quad: corners on the upright page, (4, 2), from the top left clockwise.
        characters: in order.
    """

    text: str
    confidence: float
    quad: NDArray[np.float32]
    characters: tuple[PageCharacter, ...]


@dataclass(frozen=True, slots=True)
class PageReading:
    """One page as read.

    Attributes:
        page: the page as it came.
        upright: its pixels (H, W, 3), turned so that the text runs from left to right.
        turned_deg: 0, 90, 180 or 270 counterclockwise, from the page as it came.
        lines: in reading order.
    """

    page: PageImage
    upright: Rgb
    turned_deg: int
    lines: tuple[PageLine, ...]

    @property
    def text(self) -> str:
        """All lines, one per row."""
        return "\n".join(line.text for line in self.lines)


class PageReader:
    """Reads pages with a line reader and a detector.

    Args:
        reader: reads the lines that are cut out.
        detector: finds them.
    """

    def __init__(self, reader: LineReader, detector: Detector | None = None) -> None:
        self.reader = reader
        self.detector = detector or LineDetector()

    def read(
        self, path: str | Path, dpi: int = PDF_DPI,
        skipped: Callable[[ImageError], None] | None = None,
    ) -> Iterator[PageReading]:  # fmt: skip
        """The pages of an image file or PDF, one by one.

        Args:
            path: the file.
            dpi: resolution at which pages of a PDF are drawn.
            skipped: takes the error of each page that cannot be read, and the others are read;
                without it the first is raised.

        Raises:
            ImageError: if the file cannot be read, or a page of it; without its name.
        """
        for page in open_pages(Path(path), dpi):
            try:
                if isinstance(page, ImageError):
                    raise page
                reading = self.read_page(page)
            except ImageError as error:
                if skipped is None:
                    raise
                skipped(error)
            else:
                yield reading

    def read_page(self, page: PageImage) -> PageReading:
        """Read one page."""
        upright, quads, quarters = self._upright(page.pixels)
        quads = widened(quads[reading_order(quads)], MARGIN)
        crops = [_gray(cut(upright, quad)) for quad in quads]
        tall = [i for i, crop in enumerate(crops) if crop.shape[0] >= MIN_HEIGHT_PX]
        readings = self.reader.read([crops[i] for i in tall])
        lines = [
            _line(quads[i], crops[i], reading)
            for i, reading in zip(tall, readings, strict=True)
            if reading.text
        ]
        return PageReading(page, upright, quarters * 90, tuple(lines))

    def _upright(self, pixels: Rgb) -> tuple[Rgb, Quads, int]:
        """The page, its lines' corners, and by how many quarters of a turn it was turned."""
        quads, quarters = self.detector.quads(pixels), 0
        if runs_vertically(quads):
            quads = turn_quads(quads, 1, *pixels.shape[:2])
            pixels, quarters = turn_page(pixels, 1), 1
        if len(quads) and self.detector.upside_down([cut(pixels, quad) for quad in quads]):
            quads = turn_quads(quads, 2, *pixels.shape[:2])
            pixels, quarters = turn_page(pixels, 2), quarters + 2
        return pixels, quads, quarters


def _gray(crop: Rgb) -> Gray:
    return cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.uint8)


def _line(quad: NDArray[np.float32], crop: Gray, reading: Reading) -> PageLine:
    characters = tuple(
        PageCharacter(c.text, c.confidence, *along(quad, c.x_px / crop.shape[1]))
        for c in reading.characters
    )
    return PageLine(reading.text, reading.confidence, quad, characters)
