"""Damaged and hostile fonts and registries: one line each, no memory taken, nothing outside."""

import json
import os
import random
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import brotli
import pytest
from fontTools.ttLib import TTFont

from fonts import FontError, select
from fonts.added import Choices, add, remove
from fonts.charmap import drawn_points
from fonts.headers import MAX_UNPACKED_BYTES
from fonts.inspection import describe
from ocrbase.errors import DiskError
from tests.fonts.test_added import ocrgen
from tests.support.fonts import make_font, save, save_collection


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCRGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "cache"))


def _saved(tmp_path: Path, flavour: str | None) -> bytes:
    font = make_font("Some Hei", text="一二三，")
    font.flavor = flavour
    return save(font, tmp_path / f"whole.{flavour or 'ttf'}").read_bytes()


def _in_ttc(tmp_path: Path) -> bytes:
    return save_collection(tmp_path / "w.ttc", make_font("A SC"), make_font("B JP")).read_bytes()


MAKERS: dict[str, Callable[[Path], bytes]] = {
    ".ttf": lambda folder: _saved(folder, None),
    ".woff": lambda folder: _saved(folder, "woff"),
    ".woff2": lambda folder: _saved(folder, "woff2"),
    ".ttc": _in_ttc,
}


@pytest.mark.parametrize("suffix", MAKERS)
def test_truncated_and_damaged_files_are_font_errors_or_fonts(tmp_path: Path, suffix: str) -> None:
    """What is accepted is drawn whole; all else is one line, and nothing is left of it."""
    whole = MAKERS[suffix](tmp_path)
    path, home = tmp_path / f"x{suffix}", tmp_path / "home"
    draw = random.Random(suffix)
    refused = 0
    for number in range(60):
        data = bytearray(whole)
        if number % 3 == 0:
            del data[draw.randrange(len(data)) :]
        for _ in range(draw.choice((1, 4, 40)) if number % 3 else 0):
            if data:
                data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(data)
        try:
            add([path], home, Choices(name=f"face-{number}"))
            (face,) = select([f"face-{number}"])
            remove([face.name], home)
        except FontError as error:
            refused += 1
            assert str(error).isprintable()
    assert refused >= 20
    left = [p.name for p in (home / "fonts").iterdir()] if home.exists() else []
    assert left in ([], ["manifest.json"])


def test_a_glyph_that_freetype_cannot_draw_is_named(tmp_path: Path) -> None:
    font = make_font("Bad Hei", text="一二三")
    font["glyf"]["u4E8C"].coordinates[1] = font["glyf"]["u4E8C"].coordinates[2] = (16000, 16000)
    font["head"].unitsPerEm = 200
    path = save(font, tmp_path / "bad.ttf")
    with pytest.raises(FontError, match=r"claims but cannot draw .*二 \(U\+4E8C") as raised:
        add([path], tmp_path / "home", Choices())
    assert len(str(raised.value)) < 400
    assert not (tmp_path / "home").exists()


def test_claims_of_memory_are_refused_before_it_is_taken(tmp_path: Path) -> None:
    header = struct.pack(">4s4sLHHLLHH5L", b"wOF2", b"\0\1\0\0", 0, 1, 0, 12, 0, 1, 0, *[0] * 5)
    entry = bytes([0]) + bytes([0x8F, 0xFF, 0xFF, 0xFF, 0x7F])
    (tmp_path / "claim.woff2").write_bytes(header + entry)
    with pytest.raises(FontError, match=f"claim .* bytes; the limit is {MAX_UNPACKED_BYTES:,}"):
        describe(tmp_path / "claim.woff2")
    bomb = brotli.compress(bytes(30 << 20), quality=5)
    assert len(bomb) < 1000
    header = header[:20] + struct.pack(">L", len(bomb)) + header[24:]
    (tmp_path / "bomb.woff2").write_bytes(header + bytes([0, 100]) + bomb)
    with pytest.raises(FontError, match="unpack to more than it claims"):
        describe(tmp_path / "bomb.woff2")


def test_a_character_map_of_four_thousand_million_is_refused(tmp_path: Path) -> None:
    path = save(make_font("Map Hei", text="一二\U00020000"), tmp_path / "map.ttf")
    with TTFont(path) as font:
        offset = font.reader.tables["cmap"].offset
    data = bytearray(path.read_bytes())
    groups = data.index(struct.pack(">HH", 12, 0), offset) + 16
    struct.pack_into(">LLL", data, groups, 0, 0xFFFFFFFF, 1)
    path.write_bytes(data)
    with pytest.raises(FontError, match="claims more than all of Unicode"):
        drawn_points(path)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.ttf")
    (tmp_path / "d.ttf").mkdir()
    for name, problem in {
        "x.ttf": "a fifo",
        "d.ttf": "no font file",
        "n" * 5000: "no such",
    }.items():
        with pytest.raises(FontError, match=problem):
            add([tmp_path / name], tmp_path / "home", Choices())
    with pytest.raises(FontError, match="no font file"):
        add([tmp_path], tmp_path / "home", Choices())


def test_names_that_are_no_utf8_or_long_are_added_under_others(tmp_path: Path) -> None:
    for number, name in enumerate((os.fsdecode(b"\xff\n.ttf"), "字" * 80 + ".ttf")):
        save(make_font(f"Odd {number}"), tmp_path / name)
        add([tmp_path / name], tmp_path / "home", Choices())
    assert [face.name for face in select(["odd-*"])] == ["odd-0", "odd-1"]


def _tampered(tmp_path: Path, **changes: object) -> Path:
    """A home whose manifest was changed by another hand, beside a file worth keeping."""
    home = tmp_path / "home"
    save(make_font("My Hei"), tmp_path / "my.ttf")
    add([tmp_path / "my.ttf"], home, Choices())
    path = home / "fonts" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["faces"][0] |= changes
    path.write_text(json.dumps(manifest), encoding="utf-8")
    (tmp_path / "precious").write_text("keep")
    return home


@pytest.mark.parametrize(
    "name", ["../../precious", "ABSOLUTE", "link/precious", "a/../../../x", ""]
)
def test_remove_deletes_nothing_outside_its_folder(tmp_path: Path, name: str) -> None:
    name = str(tmp_path / "precious") if name == "ABSOLUTE" else name
    home = _tampered(tmp_path, file=name)
    (home / "fonts" / "link").symlink_to(tmp_path)
    for command in (("remove", "my-hei"), ("list",)):
        answer = ocrgen(*command)
        assert answer.exit_code == 1 and "mend or delete" in answer.errors
        assert len(answer.errors.splitlines()) == 1
    assert (tmp_path / "precious").read_text() == "keep"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sha256": "../../precious"}, r"faces\[0\].sha256"),
        ({"sha256": "a" * 64 + "\n"}, r"faces\[0\].sha256"),
        ({"name": None}, r"faces\[0\].name: expected str, got null"),
        ({"style": "blob"}, r"faces\[0\].style"),
        ({"weight": "x"}, r"faces\[0\].weight"),
        ({"sampling_weight": -1}, r"faces\[0\].sampling_weight"),
        ({"sampling_weight": float("nan")}, "no valid JSON"),
        ({"axes": [["wght"]]}, r"faces\[0\].axes"),
        ({"index": -1}, r"faces\[0\].index"),
    ],
)
def test_a_tampered_registry_names_file_and_field(
    tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    home = _tampered(tmp_path, **changes)
    with pytest.raises(FontError, match=rf"manifest\.json.*{problem}"):
        select(home=home)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "home", "my.ttf", "precious"]


def test_a_disk_that_refuses_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(make_font("My Hei"), tmp_path / "my.ttf")
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="OCRGEN_HOME"):
        add([tmp_path / "my.ttf"], tmp_path / "file", Choices())
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "file"))
    save(make_font("Another Hei"), tmp_path / "another.ttf")
    with pytest.raises(DiskError, match="OCRGEN_CACHE"):
        add([tmp_path / "another.ttf"], tmp_path / "home", Choices())
    assert not (tmp_path / "home").exists()


def test_a_full_disk_is_none_of_the_font(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCRGEN_CACHE", str(small_disk))
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(1 << 12)):
            pass
    with pytest.raises(DiskError, match=r"the disk is full at .*OCRGEN_CACHE"):
        select(["song"])[0].path.stat()
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == ["filler"]


def test_damaged_coverage_in_the_cache_is_made_anew(tmp_path: Path) -> None:
    from fonts.cache import cache_folder, code_points

    path = save(make_font("My Hei"), tmp_path / "my.ttf")
    points = code_points(path, 0, "0" * 64)
    (stored,) = cache_folder().iterdir()
    for data in (b"", stored.read_bytes()[:-4], b"\x93NUMPY\x01\x00\x10\x00"):
        stored.write_bytes(data)
        assert code_points(path, 0, "0" * 64) == points
