"""Whole pages as a user reads them: every form, turned and crooked pages, PDFs, bad files.

The pages were set by a browser and by an office program in a face that the project does not hold
(see make.py).
"""

import json
import os
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pypdfium2
import pytest
from PIL import Image
from rapidfuzz.distance import Levenshtein
from reportlab.lib.pagesizes import A0, A4
from reportlab.pdfgen.canvas import Canvas

from datagen.errors import ImageError
from tests.support.bars import ocrtrain
from training.inference.line_reader import LineReader
from training.pages.detection import LineDetector, _wide_enough
from training.pages.geometry import cut, turn_page
from training.pages.page_images import PageImage, Rgb, open_pages
from training.pages.page_reader import PageReader

DOCUMENTS = Path(__file__).with_name("documents")
COLUMNS = DOCUMENTS / "two_columns.png"
LETTER = DOCUMENTS / "letter.pdf"
TEXT = (DOCUMENTS / "text.txt").read_text(encoding="utf-8").replace("\n", "")

MAX_CER = 0.02  # order included: a column read before its time costs far more


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\n", "").replace(" ", "")


def cer(text: str) -> float:
    return Levenshtein.distance(folded(text), folded(TEXT)) / len(folded(TEXT))


@pytest.fixture(scope="module")
def reader() -> PageReader:
    return PageReader(LineReader.open("crnn_v2"))


def pixels() -> Rgb:
    (page,) = open_pages(COLUMNS)
    assert isinstance(page, PageImage)
    return page.pixels


def crooked(page: Rgb, degrees: float) -> Rgb:
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(
        page, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255)
    ).astype(np.uint8)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_turned_pages_are_read_upright(reader: PageReader, quarters: int) -> None:
    page = PageImage(Path("page.png"), 1, turn_page(pixels(), quarters), None)
    reading = reader.read_page(page)
    assert reading.turned_deg == (360 - 90 * quarters) % 360
    assert cer(reading.text) <= MAX_CER


def test_crooked_pages_are_read_in_order(reader: PageReader) -> None:
    page = PageImage(Path("page.png"), 1, crooked(pixels(), 4), None)
    assert cer(reader.read_page(page).text) <= MAX_CER


def test_our_reader_beside_the_detectors_own(reader: PageReader) -> None:
    """On the same lines, cut alike; both must read them, or the lines are cut badly."""
    from rapidocr import RapidOCR

    theirs = RapidOCR(params={"Global.log_level": "critical"})
    reading = reader.read_page(next(open_pages(COLUMNS)))
    texts = [
        theirs(cut(reading.upright, line.quad)[:, :, ::-1], use_det=False, use_cls=False).txts[0]
        for line in reading.lines
    ]
    assert cer("".join(texts)) <= MAX_CER
    assert cer(reading.text) <= MAX_CER


def call(*arguments: str | Path, page: bool = True) -> tuple[int, str, str]:
    """Run `predict --page`: exit code, standard output, standard error."""
    return ocrtrain("predict", *["--page"][: int(page)], *arguments, "--checkpoint", "crnn_v2")


def test_a_pdf_is_read_as_plain_text() -> None:
    code, shown, _ = call(LETTER)
    assert code == 0
    assert cer(shown) <= MAX_CER


def test_json_says_where_everything_stands(tmp_path: Path) -> None:
    turned = tmp_path / "turned.png"
    Image.fromarray(turn_page(pixels(), 3)).save(turned)
    page = json.loads(call(turned, "--format", "json")[1])
    assert (page["width"], page["height"], page["turned_deg"]) == (640, 1000, 90)
    assert cer("".join(line["text"] for line in page["lines"])) <= MAX_CER
    image = np.asarray(Image.open(turned))
    for line in page["lines"]:
        corners = np.array(line["polygon"], np.float32)
        assert (cut(image, corners) < 128).mean() > 0.03, "ink stands inside of the polygon"
        left, right = corners[:, 1].min(), corners[:, 1].max()  # lines run down this page
        assert all(left <= c["y"] <= right for c in line["characters"])
        assert "".join(c["text"] for c in line["characters"]) == line["text"]


@pytest.mark.parametrize(
    ("form", "row", "text"),
    [
        ("hocr", ".//*[@class='ocr_line']", lambda row: "".join(row.itertext())),
        ("alto", ".//{*}TextLine", lambda row: row.find("{*}String").get("CONTENT")),
    ],
)
def test_markup_holds_the_lines_of_all_pages(tmp_path: Path, form: str, row: str, text) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "pages.xml"
    assert call(COLUMNS, LETTER, "--format", form, "--out", out)[0] == 0
    root = ElementTree.fromstring(out.read_text(encoding="utf-8").removeprefix("<!DOCTYPE html>"))
    rows = root.findall(row)
    assert len(rows) > 15
    words = "".join(text(found) for found in rows)
    half = len(words) // 2
    assert cer(words[: half + 20]) < 0.2 and cer(words[half - 20 :]) < 0.2
    pages = ".//*[@class='ocr_page']" if form == "hocr" else ".//{*}Page"
    assert len(root.findall(pages)) == 2


def test_a_searchable_pdf_holds_picture_and_text(tmp_path: Path) -> None:
    out = tmp_path / "searchable.pdf"
    assert call(COLUMNS, "--format", "pdf", "--out", out)[0] == 0
    with pypdfium2.PdfDocument(out) as document:
        page = document[0]
        words = page.get_textpage()
        assert cer(words.get_text_bounded().replace("\r", "")) <= MAX_CER
        search = words.search("木栈道")
        index, count = search.get_next()
        left, bottom, right, top = words.get_charbox(index)
        shown = np.asarray(page.render(scale=200 / 72).to_pil().convert("L"))
        width, height = page.get_size()
        assert count == 3 and 0 < left < right < width and 0 < bottom < top < height
        expected = pixels().mean()
        assert abs(shown.mean() - expected) < 3, "the invisible text is not drawn"


def test_an_overlay_is_drawn_beside(tmp_path: Path) -> None:
    assert call(COLUMNS, "--overlay", tmp_path / "overlays")[0] == 0
    picture = Image.open(tmp_path / "overlays" / "two_columns.png")
    assert picture.size == (2000, 640)
    right = np.asarray(picture)[:, 1000:]
    assert (right.min(axis=2) < 200).mean() > 0.01, "the text stands on the right half"


def test_pages_of_one_name_have_overlays_of_their_own(tmp_path: Path) -> None:
    pages = [tmp_path / folder / "scan.png" for folder in ("a", "b")]
    for page, turned in zip(pages, (0, 1), strict=True):
        page.parent.mkdir()
        Image.fromarray(turn_page(pixels(), turned)[:200, :200]).save(page)
    pages.append(tmp_path / "scan_2.png")
    pages[2].write_bytes(pages[0].read_bytes())
    assert call(*pages, "--overlay", tmp_path / "overlays")[0] == 0
    names = ["scan.png", "scan_2.png", "scan_2_2.png"]
    assert sorted(path.name for path in (tmp_path / "overlays").iterdir()) == names
    first, second, third = ((tmp_path / "overlays" / name).read_bytes() for name in names)
    assert first == third != second


def test_no_page_is_written_over(tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    scan.write_bytes(COLUMNS.read_bytes())
    code, _, told = call(scan, "--format", "hocr", "--out", scan)
    assert code == 1 and "is an input of this command" in told
    code, _, told = call(scan, "--overlay", tmp_path)
    assert code == 1 and "is an input of this command" in told
    assert scan.read_bytes() == COLUMNS.read_bytes()
    for _ in range(2):  # its own picture is replaced
        assert call(scan, "--overlay", tmp_path / "overlays")[0] == 0


def test_bad_files_are_named_and_the_others_read(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.7 nothing")
    broken = tmp_path / "broken.png"
    broken.write_bytes(COLUMNS.read_bytes()[:500])
    code, shown, told = call(bad, broken, tmp_path / "none.png", COLUMNS)
    assert code == 1
    assert "3 files or pages could not be read, of 4 files" in told
    for name in ("bad.pdf", "broken.png", "none.png"):
        (line,) = [row for row in told.splitlines() if name in row]
        assert line.endswith("skipped")
    assert cer(shown) <= MAX_CER


def test_an_empty_page_has_no_lines(reader: PageReader) -> None:
    empty = PageImage(Path("page.png"), 1, np.full((400, 300, 3), 255, np.uint8), None)
    assert reader.read_page(empty).lines == ()


def test_all_pages_of_a_tiff_are_read(tmp_path: Path) -> None:
    frames = [Image.fromarray(pixels()) for _ in range(2)]
    frames[0].save(tmp_path / "two.tiff", save_all=True, append_images=frames[1:])
    assert [page.name for page in open_pages(tmp_path / "two.tiff")] == ["two.tiff", "two.tiff#2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "hocr"], "--format hocr: only with --page"),
        (["--overlay", "x", "--out", "y"], "--out, --overlay: only with --page"),
        (["--page", "--format", "pdf"], "name the file with --out"),
        (["--page", "--explain", "x.png"], "not with --page"),
        (["--page", "--out", "x.pdf"], ".pdf is the ending for --format pdf, and no other"),
        (["--page", "--format", "pdf", "--out", "x.txt"], ".pdf is the ending for"),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], message: str) -> None:
    code, _, told = call(COLUMNS, *arguments, page=False)
    assert code == 2
    assert message in told


def test_the_detector_finds_each_line_once() -> None:
    assert len(LineDetector().quads(pixels())) == 17


def test_lines_of_pages_as_a_table(tmp_path: Path) -> None:
    out = tmp_path / "pages.tsv"
    assert call(COLUMNS, "--format", "tsv", "--header", "--out", out)[0] == 0
    heading, *rows = [row.split("\t") for row in out.read_text(encoding="utf-8").splitlines()]
    assert heading == ["file", "page", "line", "confidence", "text"]
    assert [row[:3] for row in rows] == [[str(COLUMNS), "1", str(i + 1)] for i in range(len(rows))]


def test_pages_of_more_than_8_bits_are_read(tmp_path: Path) -> None:
    gray = np.asarray(Image.open(COLUMNS).convert("L")).astype(np.uint16) * 200 + 4000
    Image.fromarray(gray).save(tmp_path / "deep.png")
    (page,) = open_pages(tmp_path / "deep.png")
    assert isinstance(page, PageImage)
    assert page.pixels.min() < 60 and page.pixels.max() > 200


def test_further_frames_of_photographs_and_animations_are_no_pages(tmp_path: Path) -> None:
    frames = [Image.fromarray(pixels()) for _ in range(2)]
    for name in ("moving.gif", "telephone.mpo"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        assert len(list(open_pages(tmp_path / name))) == 1


def test_a_bad_page_among_others_is_named(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "plan.pdf"))
    for size in (A4, (2 * A0[0], A0[1]), A4):
        canvas.setPageSize(size)
        canvas.showPage()
    canvas.save()
    one, two, three = open_pages(tmp_path / "plan.pdf")
    assert isinstance(one, PageImage) and isinstance(three, PageImage) and three.number == 3
    assert isinstance(two, ImageError) and str(two).startswith("page 2 of 3: a page of ")
    code, _, told = call(tmp_path / "plan.pdf", COLUMNS)
    assert code == 1 and "plan.pdf: page 2 of 3: a page of" in told
    assert "1 files or pages could not be read, of 2 files" in told


@pytest.mark.parametrize("shape", [(8, 3000), (1500, 30), (300, 1)])
def test_strips_take_no_more_than_pages(shape: tuple[int, int]) -> None:
    """The detector would enlarge them to gigabytes, or refuse them."""
    strip = np.full((*shape, 3), 255, np.uint8)
    height, width = _wide_enough(strip).shape[:2]
    assert max(height / width / 8, width / height / 64) <= 1
    quads = LineDetector().quads(strip)
    assert (quads >= 0).all() and (quads <= shape[::-1]).all()


@pytest.mark.parametrize("form", ["hocr", "alto", "pdf", "plain"])
def test_a_document_is_written_again_where_it_says_whose_it_is(tmp_path: Path, form: str) -> None:
    small = tmp_path / "small.png"
    Image.fromarray(pixels()[:200, :300]).save(small)
    out = tmp_path / f"out.{form}"
    codes = [call(small, "--format", form, "--out", out)[0] for _ in range(2)]
    assert codes == [0, form == "plain"]


@pytest.mark.parametrize("name", [b"a\xff.png", b'a\x01\t".png'])
def test_names_of_any_bytes_are_written(tmp_path: Path, name: bytes) -> None:
    scan = tmp_path / os.fsdecode(name)
    Image.fromarray(pixels()[:200, :300]).save(scan, "PNG")
    for form in ("json", "tsv", "hocr", "alto"):
        assert call(scan, "--format", form, "--out", tmp_path / form)[0] == 0
    assert json.loads((tmp_path / "json").read_text("utf-8"))["file"] == str(scan)
    rows = (tmp_path / "tsv").read_text("utf-8").splitlines()
    assert {row.count("\t") for row in rows} == {4}
    ElementTree.fromstring((tmp_path / "hocr").read_text("utf-8").removeprefix("<!DOCTYPE html>"))
