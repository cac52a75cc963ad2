"""Contact sheets: what they show, under which names, and one line for what cannot be."""

import json
import os
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from datagen.cli import main
from datagen.drawing.effects import EFFECTS
from datagen.render import contact_sheet
from datagen.render.contact_sheet import Cell, Sheet, Strip, page_of, picture_of, write_sheet
from datagen.render.preview import CHARACTERS, STEPS, direction, effect_sheet, random_sheet
from datagen.render.render_settings import LookSettings
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import DiskError, SettingsError
from tests.support.browser import needs_browser, run_browser

PLAN = PlanSettings(length_min=6, length_max=6)
LOOK = LookSettings(faces=("noto-sans-sc-regular",))
# Those that the settings here lack something for: images, Latin faces, a second face, the space.
NOT_SHOWN = (
    "background", "companion", "companion quotes", "item gap", "lone italic", "second face",
    "space",
)  # fmt: skip


def test_the_random_sheet_holds_the_first_lines_of_a_render() -> None:
    sheet = random_sheet(PLAN, LOOK, 7, columns=3)
    strips = sheet.strips
    assert sheet.title == "The first 7 lines in style print"
    assert [len(strip.cells) for strip in strips] == [3, 3, 1]
    assert all(len(cell.caption) == 6 for strip in strips for cell in strip.cells)
    first = strips[0].cells[0]
    assert first.image.shape == (32, 280) and "noto-sans-sc-regular" in first.note


def test_every_effect_has_a_strip_over_its_range() -> None:
    strips = {strip.heading: strip for strip in effect_sheet(PLAN, LOOK, ()).strips}
    assert list(strips) == [effect.name for effect in EFFECTS if effect.name not in NOT_SHOWN]
    captions = [cell.caption for cell in strips["rotation"].cells]
    assert captions[0] == "-0.8 degrees" and captions[-1] == "0.8 degrees"
    assert len(captions) == STEPS
    assert [cell.caption for cell in strips["rule"].cells][1] == "underline"
    assert [cell.caption for cell in strips["inverted"].cells] == ["dark on light", "light on dark"]
    for strip in strips.values():
        lines = [cell.image for cell in strip.cells]
        assert all(len(cell.note.split("\n")[0]) == CHARACTERS for cell in strip.cells)
        assert any(not np.array_equal(lines[0], line) for line in lines[1:]), strip.heading


@pytest.mark.parametrize("style", ["document", "screen", "scan", "photo"])
def test_an_effect_is_shown_alone_whatever_frames_the_style_draws(style: str) -> None:
    """Tight frames, other lines and table rules of the style are in no strip but their own."""
    (strip,) = effect_sheet(PLAN, LookSettings(faces=LOOK.faces, style=style), ("size",)).strips
    heights = []
    for cell in strip.cells:
        rows = np.flatnonzero((cell.image < 120).any(axis=1))
        heights.append(int(rows[-1] - rows[0]))
        assert rows[0] > 0 and rows[-1] < 31
    assert heights == sorted(heights) and heights[-1] > heights[0] + 5


def test_single_effects_are_named_or_refused() -> None:
    assert [strip.heading for strip in effect_sheet(PLAN, LOOK, ("wave", "size")).strips] == [
        "wave",
        "size",
    ]
    with pytest.raises(SettingsError, match="no effect nonsense; there are size, tight, stretch"):
        effect_sheet(PLAN, LOOK, ("nonsense",))
    for name, need in {
        "background": "--backgrounds FOLDER",
        "companion": "a style with companion_share",
        "second face": "several --faces",
        "space": "an --alphabet with '国 Ag'",
        "item gap": "an --alphabet with '1. 国国'",
    }.items():
        with pytest.raises(SettingsError, match=f"{name} needs {need}"):
            effect_sheet(PLAN, LOOK, (name,))


def _sheet(heading: str = "<wave>") -> Sheet:
    image = np.tile(np.arange(0, 60, dtype=np.uint8), (32, 1))
    cells = (Cell(image, "<1>", "<face>", "a\nb"), Cell(image, "2", "face", "c"))
    return Sheet("<title>", (Strip(cells, heading, "weak → strong", "a remark"),))


def test_lines_under_headings_are_enlarged_and_labelled() -> None:
    picture = np.asarray(picture_of(_sheet()))
    image = _sheet().strips[0].cells[0].image
    enlarged = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)
    left = contact_sheet.HEADING_PX + contact_sheet.GAP_PX
    top = contact_sheet.GAP_PX + contact_sheet.TITLE_PX
    np.testing.assert_array_equal(picture[top : top + 64, left : left + 120], enlarged)
    assert picture[top + 64 :, left : left + 60].min() < 100  # the caption
    assert picture[top:, : contact_sheet.HEADING_PX].min() < 100  # the heading
    assert picture[: contact_sheet.TITLE_PX].min() < 100  # the title
    plain = np.asarray(picture_of(_sheet(heading="")))
    assert plain.shape == (32 + 2 * 6, 2 * 60 + 3 * 6)


def test_strips_say_what_changes_from_left_to_right() -> None:
    directions = {effect.name: direction(effect) for effect in EFFECTS}
    assert directions["noise"] == directions["resample"] == "weak → strong"
    assert directions["size"] == directions["jpeg"] == "low → high"  # a low quality is strong
    assert directions["rule"] == directions["inverted"] == ""


def test_strengths_of_equal_ratios_are_shown_at_equal_ratios() -> None:
    look = LookSettings(faces=LOOK.faces, style="scan")
    (strip,) = effect_sheet(PLAN, look, ("native",)).strips
    heights = [int(cell.caption.split()[0]) for cell in strip.cells]
    ratios = np.divide(heights[1:], heights[:-1])
    assert ratios.max() < 1.15 * ratios.min()


def test_the_page_escapes_and_tells_all_of_a_line() -> None:
    page = page_of(_sheet())
    assert "&lt;wave&gt;<small>a remark, weak → strong</small>" in page
    assert "<1>" not in page and len(re.findall("data:image/png", page)) == 2
    plain = page_of(_sheet(heading=""))
    assert "<summary>&lt;face&gt;</summary><pre>a\nb</pre>" in plain


@needs_browser
@pytest.mark.parametrize("heading", ["wave", ""])
def test_a_page_fits_a_phone_and_strips_scroll_there(tmp_path: Path, heading: str) -> None:
    cells = tuple(_sheet().strips[0].cells[:1] * 6)
    path = tmp_path / "page.html"
    text = page_of(Sheet("title", (Strip(cells, heading),)))
    probe = """<script>document.title = JSON.stringify({
      wide: document.documentElement.scrollWidth <= innerWidth,
      rows: new Set([...document.images].map(i => i.getBoundingClientRect().top)).size,
      width: document.images[0].getBoundingClientRect().width})</script></body>"""
    text = re.sub(r"<meta http-equiv[^>]*>", "", text)  # which forbids scripts
    path.write_text(text.replace("</body>", probe), encoding="utf-8")
    # Chromium's windows are 500 px wide at least.
    shown = run_browser(tmp_path, "--window-size=500,800", "--dump-dom", path.as_uri())
    title = re.search(r"<title>({.*?})</title>", shown)
    assert title is not None
    seen = json.loads(title[1])
    assert seen["wide"] and seen["rows"] == (1 if heading else 2)
    assert seen["width"] == (120 if heading else 60)


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.JPEG", "x"])
def test_the_picture_is_what_its_name_says(tmp_path: Path, name: str) -> None:
    picture, page = write_sheet(_sheet(), tmp_path / "new" / name)
    assert picture.name == (name if "." in name else "x.png") and page.name == "x.html"
    signature = b"\x89PNG" if picture.suffix == ".png" else b"\xff\xd8\xff"
    assert picture.read_bytes().startswith(signature)
    assert cv2.imread(str(picture)) is not None


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.tar.gz"])
def test_other_names_are_refused_before_anything_is_drawn(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", "--out", str(tmp_path / name)]) == 1
    assert (
        f"cannot write {tmp_path / name}: give a name that ends with .png or .jpg or .jpeg"
        in capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.png", "x.jpg"])
def test_a_sheet_replaces_a_sheet_and_nothing_else(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    write_sheet(_sheet(), out)
    write_sheet(_sheet(), out)
    for path in (out, tmp_path / "x.html"):
        kept = path.read_bytes()
        path.write_bytes(b"someone's photograph")
        with pytest.raises(DiskError, match=f"{path.name} exists and does not say that"):
            write_sheet(_sheet(), out)
        assert path.read_bytes() == b"someone's photograph"
        path.write_bytes(kept)


@pytest.mark.parametrize("place", ["fifo", "device", "link"])
def test_no_sheet_is_written_over_what_is_no_file(tmp_path: Path, place: str) -> None:
    out = tmp_path / "x.png"
    if place == "fifo":
        os.mkfifo(out)
    else:
        out.symlink_to("/dev/null" if place == "device" else tmp_path.parent / "elsewhere.png")
    with pytest.raises(DiskError, match=re.escape(str(out))):
        write_sheet(_sheet(), out)
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--width", "31"), "--width: frame.width_px = 31 is outside 32 to 4096"),
        (("--width", "300-100"), "runs backwards"),
        (("--backgrounds", "empty"), "no image"),
        (("--backgrounds", "broken"), "broken.png"),
        (("--style", "fifo"), "it is a fifo"),
        (("--style", "no-such"), "no style 'no-such'"),
        (("--effect", "no-such"), "no effect no-such"),
        (("--effect", "wave", "--engine", "trdg"), "--engine lines only"),
        (("--length", "60"), "could not be drawn"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    if "trdg" in arguments:
        pytest.importorskip("trdg")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    os.mkfifo(tmp_path / "fifo")
    assert main(["preview", "-n", "2", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Error: ") and message in line
    assert not (tmp_path / "preview.png").exists()


def test_a_full_disk_is_one_line(small_disk: Path) -> None:
    free = shutil.disk_usage(small_disk).free
    (small_disk / "filler").write_bytes(bytes(free))
    with pytest.raises(DiskError, match=f"the disk is full at {small_disk}"):
        write_sheet(_sheet(), small_disk / "x.png")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="file"):
        write_sheet(_sheet(), tmp_path / "file" / "x.png")
