"""Pages of image files and PDFs as RGB arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from datagen.errors import ImageError
from datagen.gray_levels import to_gray
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


def open_pages(path: Path, dpi: int = PDF_DPI) -> Iterator[PageImage | ImageError]:
    """The pages of an image file (every frame of a TIFF, the first of others) or of a PDF.

    Args:
        path: the file.
        dpi: resolution at which pages of a PDF are drawn.

    Yields:
        Each page, or in its place the ImageError that says why it cannot be read.

    Raises:
        ImageError: if it is neither, damaged or encrypted; without the file's name.
        ReadError: for a PDF, if the extra `page` is not installed.
    """
    with open_source(path) as file:
        if b"%PDF-" in file.read(1024):
            yield from _pdf_pages(path, file, dpi)
            return
        file.seek(0)
        yield from _frames(path, file)


def _frames(path: Path, file: BinaryIO) -> Iterator[PageImage | ImageError]:
    with image_errors():
        image = open_image(file)
        # Further frames of other kinds are no pages: previews of telephones, animations.
        count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    for index in range(count):
        try:
            with image_errors():
                image.seek(index)
                _check_size(*image.size)
                dots = float(image.info.get("dpi", (0, 0))[0])
                pixels = np.asarray(on_white(ImageOps.exif_transpose(image)))
        except ImageError as error:
            yield _of_page(error, index, count)
        else:
            yield PageImage(path, index + 1, pixels, dots if dots > 1 else None)


def _of_page(error: ImageError, index: int, count: int) -> ImageError:
    """The error with the page that it is of, where there are several."""
    return ImageError(f"page {index + 1} of {count}: {error}") if count > 1 else error


def on_white(image: Image.Image) -> Image.Image:
    """RGB, with what is transparent laid on white paper."""
    if image.mode.startswith(("I", "F")):  # more than 8 bits, which Pillow would cut off
        return Image.fromarray(to_gray(image)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(paper, layer).convert("RGB")


def _pdf_pages(path: Path, file: BinaryIO, dpi: int) -> Iterator[PageImage | ImageError]:
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
                yield _of_page(ImageError(f"damaged: {error}"), index, len(document))
            except ImageError as error:
                yield _of_page(error, index, len(document))
            else:
                yield PageImage(path, index + 1, np.asarray(picture), float(dpi))


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"a page of {width} x {height} px is over the limit of {MAX_PIXELS:,} pixels: scale it"
            " down, or lower --dpi"
        )
