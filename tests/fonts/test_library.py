"""The bundled faces: what they promise, what they draw, and how they are chosen and cached."""

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from datagen.alphabet import builtin
from fonts import Face, FontError, companions, coverage, select
from fonts.library import select_any
from fonts.manifest import LATIN_STYLES, PACKAGE, STYLES
from fonts.specimen import open_font

MANIFEST = json.loads((PACKAGE / "manifest.json").read_text(encoding="utf-8"))
LATIN = [entry for entry in MANIFEST["faces"] if entry["style"] in LATIN_STYLES]
HAN = [entry for entry in MANIFEST["faces"] if entry not in LATIN]
NAMES = [entry["name"] for entry in HAN]
LICENCES = {  # and what their texts say
    "OFL-1.1": "SIL OPEN FONT LICENSE",
    "Apache-2.0": "Apache License",
    "Arphic-1999": "ARPHIC PUBLIC LICENSE",
    "Bitstream-Vera": "Bitstream Vera Fonts Copyright",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_folders(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCRGEN_CACHE", str(cache))
    monkeypatch.setenv("OCRGEN_HOME", str(tmp_path / "home"))


def test_manifest_files_and_licences_match() -> None:
    for entry in MANIFEST["faces"]:
        data = (PACKAGE / entry["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"], entry["name"]
        assert entry["style"] in STYLES
        text = (PACKAGE / entry["licence_file"]).read_text(encoding="utf-8")
        assert LICENCES[entry["licence"]] in text
    listed = {PACKAGE / entry["file"] for entry in MANIFEST["faces"]}
    assert set((PACKAGE / "faces").iterdir()) == listed


def test_at_least_ten_faces_of_five_looks_under_25_megabytes() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 10
    assert {"song", "sans", "kai", "display"} <= {entry["style"] for entry in HAN}
    assert any(entry["weight"] >= 700 for entry in HAN)
    files = {PACKAGE / entry["file"] for entry in MANIFEST["faces"]}
    assert sum(file.stat().st_size for file in files) < 25e6


@pytest.mark.parametrize("alphabet", ["5990", "general"])
def test_every_class_is_in_at_least_five_faces(alphabet: str) -> None:
    points = [ord(character) for character in builtin(alphabet).characters]
    count: Counter[int] = Counter()
    for face, entry in zip(select(), HAN, strict=True):
        held = coverage(face).intersection(points)
        assert len(held) == entry["coverage"][f"alphabet_{alphabet}"], face.name
        count.update(held)
    assert [chr(point) for point in points if count[point] < 5] == []


@pytest.mark.parametrize("name", NAMES)
def test_faces_draw_what_they_cover(name: str) -> None:
    face = select([name])[0]
    points = sorted(coverage(face).intersection(map(ord, builtin().characters)))
    font = ImageFont.truetype(face.path, 24, index=face.index)
    blank = [chr(p) for p in points if not any(font.getmask(chr(p)).getbbox() or ())]
    assert blank == []


@pytest.mark.parametrize("name", NAMES)
def test_comma_and_full_stop_sit_low_left_as_on_the_mainland(name: str) -> None:
    face = select([name])[0]
    font = ImageFont.truetype(face.path, 200, index=face.index)
    for mark in set("，。、；：") & set(map(chr, coverage(face))):
        canvas = Image.new("L", (300, 400))
        ImageDraw.Draw(canvas).text((0, 200), mark, fill=255, font=font, anchor="ls")
        left, top, right, bottom = canvas.getbbox() or (0, 0, 0, 0)
        assert (left + right) / 2 < 0.42 * font.getlength(mark), mark
        if mark in "，。、":
            assert 200 - (top + bottom) / 2 < 0.25 * 200, mark


@pytest.mark.parametrize("entry", MANIFEST["faces"], ids=lambda entry: str(entry["name"]))
def test_faces_are_renamed_and_carry_a_dated_notice(entry: dict[str, Any]) -> None:
    from fontTools.ttLib import TTFont

    with TTFont(select_any([entry["name"]])[0].path) as font:
        names = {i: font["name"].getDebugName(i) for i in (0, 1, 3, 4, 6, 10, 16)}
        assert not {"GSUB", "GPOS", "GDEF"} & set(font.keys())
    for name_id in (1, 3, 4, 6, 16):
        assert names[name_id].startswith("Ocrgen"), name_id
    assert names[0]
    assert f"Modified on {MANIFEST['changed_on']}" in names[10]


def test_unpacking_twice_at_once_gives_one_whole_file(tmp_path: Path) -> None:
    code = (
        "from fonts import select, coverage\n"
        "face = select(['micro-hei'])[0]\n"
        "print(face.path, len(coverage(face)), face.path.stat().st_size)"
    )
    environment = {"OCRGEN_CACHE": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}
    runs = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
        for _ in range(2)
    ]
    answers = {run.communicate()[0] for run in runs}
    assert [run.returncode for run in runs] == [0, 0]
    assert len(answers) == 1
    files = sorted(path.suffix for path in (tmp_path / "fonts").iterdir())
    assert files == [".npy", ".ttf"]


def test_unpacked_files_and_coverage_are_reused() -> None:
    face = select(["micro-hei"])[0]
    coverage(face)
    before = {path: path.stat().st_mtime_ns for path in face.path.parent.iterdir()}
    assert select(["micro-hei"])[0] == face
    assert {path: path.stat().st_mtime_ns for path in face.path.parent.iterdir()} == before


def test_a_damaged_face_is_named(tmp_path: Path) -> None:
    from fonts.cache import unpacked

    damaged = tmp_path / "micro-hei.woff2"
    damaged.write_bytes((PACKAGE / "faces" / "micro-hei.woff2").read_bytes()[:-1])
    with pytest.raises(FontError, match=r"micro-hei.woff2 has sha256 .* reinstall ocrgen"):
        unpacked(damaged, "0" * 64)


def test_select_by_name_style_and_pattern() -> None:
    assert [face.name for face in select()] == NAMES
    assert [face.name for face in select(["micro-hei", "arphic-kai-gb"])] == [
        "arphic-kai-gb",
        "micro-hei",
    ]
    assert {face.style for face in select(["kai"])} == {"kai"}
    assert {face.name.rpartition("-")[2] for face in select(["*-bold"])} == {"bold"}


def test_a_variable_face_is_listed_at_several_weights_in_one_file() -> None:
    light, black = select(["noto-sans-sc-light", "noto-sans-sc-black"])
    assert light.path == black.path
    inks = []
    for face in (light, black):
        canvas = Image.new("L", (300, 300))
        ImageDraw.Draw(canvas).text(
            (50, 250), "国", fill=255, font=open_font(face, 200), anchor="ls"
        )
        inks.append(int(np.asarray(canvas).sum()))
    assert inks[1] > 1.8 * inks[0]


def test_a_dozen_latin_faces_of_four_styles_in_a_few_kilobytes_each() -> None:
    assert len(LATIN) >= 12
    assert {entry["style"] for entry in LATIN} == set(LATIN_STYLES)
    assert max(entry["bytes"] for entry in LATIN) < 25_000
    ascii_points = set(range(0x20, 0x7F))
    for face in companions():
        held = coverage(face)
        assert ascii_points <= held, face.name
        assert not any(0x2E80 <= point < 0xFFF0 for point in held), face.name


def test_latin_faces_are_never_chosen_for_whole_lines() -> None:
    assert [face.name for face in companions()] == [entry["name"] for entry in LATIN]
    assert {face.style for face in companions(["latin-mono"])} == {"latin-mono"}
    with pytest.raises(FontError, match="no face fits 'latin-tinos', 'latin-mono'; there are"):
        select(["latin-tinos", "latin-mono"])
    with pytest.raises(FontError, match="no face fits 'song'"):
        companions(["song"])


@pytest.mark.parametrize("entry", LATIN, ids=lambda entry: str(entry["name"]))
def test_latin_faces_look_as_their_style_says(entry: dict[str, Any]) -> None:
    font = ImageFont.truetype(companions([entry["name"]])[0].path, 200)
    widths = {font.getlength(c) for c in "iIlmMW10."}
    assert (len(widths) == 1) == (entry["style"] == "latin-mono")
    stem = Image.new("L", (300, 300))
    ImageDraw.Draw(stem).text((100, 250), "l", fill=255, font=font, anchor="ls")
    rows = np.asarray(stem) > 128
    places = [np.flatnonzero(row).mean() for row in rows if row.any()]
    upper, lower = np.mean(places[20:40]), np.mean(places[-60:-40])
    assert (upper - lower > 4) == (entry["style"] == "latin-italic")


def test_unknown_names_are_listed_with_what_there_is() -> None:
    with pytest.raises(FontError) as error:
        select(["micro-hei", "comic", "papyrus*"])
    message = str(error.value)
    assert message.startswith("no face fits 'comic', 'papyrus*'; there are: arphic-song-gb,")
    assert "ocrgen fonts add FILE" in message
    assert "\n" not in message


def test_weights_replace_those_of_the_faces_that_fit_and_the_last_counts() -> None:
    own = {face.name: face.sampling_weight for face in select()}
    chosen = {face.name: face.sampling_weight for face in select(["*", "kai:6", "wenkai-*:0.5"])}
    assert chosen == own | {"arphic-kai-gb": 6.0, "wenkai-light": 0.5, "wenkai-regular": 0.5}
    assert [face.name for face in select(["micro-hei:2"])] == ["micro-hei"]


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "1e10"])
def test_weights_out_of_range_are_named(weight: str) -> None:
    with pytest.raises(FontError, match=f"the weight of a face must be .*: kai:{weight}$"):
        select(["*", f"kai:{weight}"])


def test_importing_the_room_loads_no_font_library() -> None:
    code = (
        "import sys, fonts; print([m for m in ('fontTools', 'PIL', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True
    )
    assert done.stdout.strip() == "[]"


def test_coverage_leaves_out_glyphs_without_an_outline(tmp_path: Path) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((500, 0))
    pen.lineTo((500, 500))
    pen.closePath()
    drawn, empty = pen.glyph(), TTGlyphPen(None).glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "space", "yi", "er"])
    builder.setupCharacterMap({0x20: "space", 0x4E00: "yi", 0x4E8C: "er", 0x4E09: ".notdef"})
    builder.setupGlyf({".notdef": drawn, "space": empty, "yi": drawn, "er": empty})
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", "space", "yi", "er"], (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupOS2()
    builder.setupPost()
    builder.setupNameTable({"familyName": "Test"})
    path = tmp_path / "test.ttf"
    builder.save(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    face = Face("test", path, 0, "sans", 400, "", 1.0, (), sha256)
    assert coverage(face) == {0x20, 0x4E00}


def test_specimen_marks_what_a_face_lacks() -> None:
    from fonts.specimen import specimen

    sheet = np.asarray(specimen(select(["micro-hei"]), ["一℃"], size_px=24))
    red = (sheet == (0xDD, 0x33, 0x33)).all(axis=2)
    assert red.any()
    assert (sheet.sum(axis=2) < 100).any()
