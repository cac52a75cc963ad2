"""Pages of image files and PDFs as RGB arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from datagen.errors import ImageError
from datagen.line_geometry import MAX_PIXELS
from training.inference.image_decoding import (
    image_errors,
    open_image,
    open_source,
)
from training.require import require

Rgb = NDArray[np.uint8]

PDF_DPI = 200  # 10 pt text is 28 px high, which both the detector and the reader are content with


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page.

    Attributes:
        source: the file.
        number: of the page in its file, from 1.
        pixels: (H, W, 3) RGB uint8, after EXIF rotation.
        dpi: dots per inch, where the file says so.
    """

    source: Path
    number: int
    pixels: Rgb
    dpi: float | None

    @property
    def name(self) -> str:
        """The file's name, with the number of each page after the first."""
        return self.source.name if self.number == 1 else f"{self.source.name}#{self.number}"


def open_pages(path: Path, dpi: int = PDF_DPI) -> Iterator[PageImage]:
    """The pages of an image file (every frame of a TIFF) or of a PDF.

    Args:
        path: the file.
        dpi: resolution at which pages of a PDF are drawn.

    Raises:
        ImageError: if it is neither, damaged, encrypted or too large; without the file's name.
        ReadError: for a PDF, if the extra `page` is not installed.
    """
    with open_source(path) as file:
        if b"%PDF-" in file.read(1024):
            yield from _pdf_pages(path, file, dpi)
            return
        file.seek(0)
        yield from _frames(path, file)


def _frames(path: Path, file: BinaryIO) -> Iterator[PageImage]:
    with image_errors():
        image = open_image(file)
        count = getattr(image, "n_frames", 1)
    for index in range(count):
        with image_errors():
            image.seek(index)
            _check_size(*image.size)
            dots = float(image.info.get("dpi", (0, 0))[0])
            pixels = np.asarray(_on_white(ImageOps.exif_transpose(image)))
        yield PageImage(path, index + 1, pixels, dots if dots > 1 else None)


def _on_white(image: Image.Image) -> Image.Image:
    """RGB, with what is transparent laid on white paper."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(paper, layer).convert("RGB")


def _pdf_pages(path: Path, file: BinaryIO, dpi: int) -> Iterator[PageImage]:
    require("pypdfium2", extra="page")
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        raise ImageError(f"no PDF that can be opened (damaged or encrypted): {error}") from error
    with document:
        for index in range(len(document)):
            try:
                page = document[index]
                _check_size(*(round(points / 72 * dpi) for points in page.get_size()))
                picture = page.render(scale=dpi / 72).to_pil().convert("RGB")
            except pypdfium2.PdfiumError as error:
                raise ImageError(f"page {index + 1} of the PDF is damaged: {error}") from error
            yield PageImage(path, index + 1, np.asarray(picture), float(dpi))


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"a page of {width} x {height} px is over the limit of {MAX_PIXELS:,} pixels: scale it"
            " down, or lower --dpi"
        )
