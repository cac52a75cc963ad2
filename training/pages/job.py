"""The job behind `ocrtrain predict --page`: files → pages as read → one document, overlays."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count
from pathlib import Path

from datagen.errors import ImageError
from ocrbase.errors import one_line
from ocrbase.outputs import check_output
from ocrbase.pictures import publish_picture
from ocrbase.publishing import publish_file, publish_text
from training.pages.outputs.markup import to_alto, to_hocr
from training.pages.outputs.overlay import draw_overlay
from training.pages.outputs.pdf import write_pdf
from training.pages.outputs.plain import to_json, to_text, to_tsv
from training.pages.page_reader import PageReader, PageReading

BY_PAGE: dict[str, Callable[[PageReading], str]] = {
    "plain": to_text,
    "tsv": to_tsv,
    "json": to_json,
}
WHOLE: dict[str, Callable[[Iterable[PageReading]], str]] = {"hocr": to_hocr, "alto": to_alto}
PDF = "pdf"


def read_files(
    reader: PageReader, files: Iterable[Path], dpi: int, tell: Callable[[str], None]
) -> Iterator[PageReading]:
    """The pages of all files; a file or page that cannot be read is reported and left out.

    Args:
        reader: reads pages.
        files: images and PDFs.
        dpi: resolution at which PDFs are drawn.
        tell: takes one line per file or page that cannot be read.
    """
    for file in files:

        def skipped(error: ImageError, file: Path = file) -> None:
            tell(f"{one_line(str(file))}: {error}; skipped")

        try:
            yield from reader.read(file, dpi, skipped)
        except ImageError as error:
            skipped(error)


def with_overlays(readings: Iterable[PageReading], folder: Path) -> Iterator[PageReading]:
    """The same pages; on the way an overlay of each is written to a folder as a PNG.

    It is called as the file is, with the page's number where that is not 1; of several of one
    name, all but the first are counted: `a.png`, `a-2.png` for page 2, `a_2.png` for another `a`.

    Raises:
        DiskError: if a picture would replace a file that this command did not write.
    """
    names: set[str] = set()
    for reading in readings:
        number = "" if reading.page.number == 1 else f"-{reading.page.number}"
        name = _free(f"{reading.page.source.stem}{number}", names)
        names.add(name)
        target = folder / f"{name}.png"
        check_output(target, inputs=[reading.page.source])
        publish_picture(draw_overlay(reading), target)
        yield reading


def _free(name: str, taken: set[str]) -> str:
    """A name that is not taken: itself, or with a number behind it."""
    return next(n for n in chain([name], (f"{name}_{i}" for i in count(2))) if n not in taken)


def write_document(
    readings: Iterable[PageReading],
    form: str,
    out: Path | None,
    show: Callable[[str], None],
    heading: str = "",
) -> None:
    """Write pages in a form, to a file or, of text, to `show`.

    Args:
        readings: pages in order.
        form: a key of BY_PAGE or WHOLE, or PDF.
        out: the file; None shows text.
        show: takes text that goes to no file: page by page where the form allows it.
        heading: a first line, of the forms that go page by page.

    Raises:
        DiskError: if the file cannot be written.
    """
    if form == PDF:
        assert out is not None, "a PDF goes to a file"
        with publish_file(out) as path:
            write_pdf(readings, path)
    elif form in BY_PAGE:
        pages: Iterator[str] = map(BY_PAGE[form], readings)
        if form == "tsv":
            pages = filter(None, pages)  # a page without lines has no rows
        texts = chain([heading] if heading else [], pages)
        if out is None:
            for text in texts:
                show(text)
        else:
            publish_text(out, "".join(f"{text}\n" for text in texts))
    elif out is None:
        show(WHOLE[form](readings))
    else:
        publish_text(out, WHOLE[form](readings))
