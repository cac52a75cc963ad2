"""The shell of reports: nothing that it is given becomes markup, and a browser shows the rest."""

import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from datagen.images import encode_png
from datagen.reports import page as report
from datagen.reports.markup import Html, join, tag
from tests.support.browser import needs_browser, run_browser

NASTY = "\"><script>alert('1')</script>&"


def _image(suffix: str) -> bytes:
    pixels = np.tile(np.arange(0, 200, 2, dtype=np.uint8), (32, 1))
    return bytes(cv2.imencode(suffix, pixels)[1])


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [value for _, value in attrs]


def test_no_string_becomes_markup_wherever_it_is_put() -> None:
    png = _image(".png")
    text = report.page(
        NASTY,
        NASTY,
        report.note(NASTY),
        report.section(NASTY, NASTY),
        report.table([(NASTY, NASTY)], (NASTY, NASTY)),
        report.cards([(NASTY, NASTY, NASTY)]),
        report.chips([NASTY]),
        report.figures([report.figure(png, NASTY, NASTY, report.details(NASTY, NASTY))]),
        tag("p", NASTY, title=NASTY),
        join(NASTY),
    )
    parser = _Tags()
    parser.feed(text)
    assert "script" not in parser.tags
    assert parser.values.count(NASTY) == 2  # alt and title come back as they were


def test_what_is_html_already_is_left_alone() -> None:
    assert tag("p", tag("b", "<"), " & ") == "<p><b>&lt;</b> &amp; </p>"
    assert tag("br") == "<br/>"
    assert isinstance(join("a", Html("<b>")), Html)


def test_attributes_lose_their_underscores_and_their_digits() -> None:
    assert tag("p", class_="soft", aria_label="x") == '<p class="soft" aria-label="x"></p>'
    assert tag("line", x1=1.0, x2=2.26) == '<line x1="1" x2="2.3"/>'
    assert tag("p", class_="") == "<p></p>"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp"])
def test_images_that_browsers_know_are_kept(suffix: str) -> None:
    assert f"data:image/{suffix[1:].replace('jpg', 'jpeg')};" in report.figure(_image(suffix), "")


def test_images_that_browsers_do_not_know_become_png_or_a_remark() -> None:
    (data,) = re.findall(r"base64,([^\"]*)", report.figure(_image(".tiff"), ""))
    assert data.startswith("iVBOR")  # the signature of PNG
    assert "no readable image" in report.figure(b"no image", "")


@needs_browser
def test_nothing_is_loaded_and_dark_mode_is_dark(tmp_path: Path) -> None:
    hostile = Html('<script>document.title = "ran"</script>')
    text = report.page("title", hostile, report.figure(encode_png(np.zeros((8, 8), np.uint8)), ""))
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    assert "<title>title</title>" in run_browser(tmp_path, "--dump-dom", path.as_uri())
    levels = []
    for mode in (
        "--blink-settings=preferredColorScheme=0",
        "--blink-settings=preferredColorScheme=1",
    ):
        shot = tmp_path / "shot.png"
        size = "--window-size=400,300"
        run_browser(tmp_path, mode, size, f"--screenshot={shot}", path.as_uri())
        pixels = cv2.imread(str(shot), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        levels.append(int(np.median(pixels)))
    assert min(levels) < 40 and max(levels) == 255
