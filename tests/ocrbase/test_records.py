"""Records from disk: typed, or one line that names file and field."""

import os
import time
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from ocrbase.errors import InputError, SettingsError
from ocrbase.inputs import open_regular, read_bytes, read_text
from ocrbase.records import convert, decode, encode, parse_toml, read_json, read_toml


class _Face(msgspec.Struct, frozen=True):
    name: str
    weight: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 400
    axes: tuple[tuple[str, float], ...] = ()


class _List(msgspec.Struct, frozen=True):
    faces: tuple[_Face, ...]


def test_a_record_goes_to_disk_and_back(tmp_path: Path) -> None:
    record = _List((_Face("宋体", 300, (("wght", 1.5),)),))
    path = tmp_path / "list.json"
    path.write_text(encode(record), encoding="utf-8")
    assert read_json(path, _List) == record
    assert "宋体" in path.read_text(encoding="utf-8")


def test_keys_of_a_newer_release_are_passed_over() -> None:
    assert decode('{"faces": [], "since": 2}', _List, "x") == _List(())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"faces": [{"name": "a"}, {"name": 3}]}', "faces[1].name: expected str, got int"),
        ('{"faces": [{"name": "a", "weight": -1}]}', "faces[0].weight: expected int >= 0"),
        ('{"faces": [{}]}', "faces[0]: object missing required field name"),
        ("{}", "object missing required field faces"),
        ("[]", "expected object, got array"),
        ('{"faces": [{"name": "\\ud800"}]}', "no valid JSON"),
        ("{", "no valid JSON: input data was truncated"),
        ("", "no valid JSON"),
        ("[" * 200_000, "expected object, got array"),
        ('{"x": ' + "[" * 200_000, "nested too deeply"),
        ('{"x": ' * 200_000, "nested too deeply"),
        (b'{"faces": "\xff"}', "expected array, got str"),
        (b'{"faces": [{"name": "\xff"}]}', "not UTF-8"),
        (b"\xff\xfe{\x00", "no valid JSON"),
    ],
)
def test_a_damaged_record_is_one_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SettingsError) as raised:
        read_json(path, _List, error=SettingsError)
    assert str(raised.value).startswith(f"{path}") and message in str(raised.value)
    assert "\n" not in str(raised.value) and "`" not in str(raised.value)


def test_plain_values_become_records() -> None:
    assert convert({"faces": [{"name": "a"}]}, _List, "x") == _List((_Face("a"),))
    with pytest.raises(InputError, match=r"^here: faces\[0\]\.name: expected str, got int$"):
        convert({"faces": [{"name": 1}]}, _List, "here")
    with pytest.raises(InputError, match="here: text with a lone surrogate"):
        convert({"faces": "\udcff"}, _List, "here")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", "no TOML: invalid value"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("x" + ".x" * 100_000 + " = 1", "line 1 nests too deeply"),
        ("x = 2024-02-31", "no TOML"),
        ("x = " + "9" * 5000, "no TOML"),
    ],
)
def test_damaged_toml_is_one_line_at_once(text: str, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(SettingsError, match=message):
        parse_toml(text, "x.toml", error=SettingsError)
    assert time.monotonic() - start < 5


def test_dots_inside_strings_are_no_nesting() -> None:
    assert parse_toml(f'x = "{"." * 500}"', "x.toml") == {"x": "." * 500}


def test_a_toml_file_with_a_bom_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes("\ufeffx = 1\r\n".encode())
    assert read_toml(path) == {"x": 1}


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "fifo")
    names = {
        "fifo": "a fifo", "link": "a fifo", ".": "a folder", "none": "No such file",
        "a\0b": "null", "x" * 5000: "name too long", "/dev/zero": "a device",
    }  # fmt: skip
    for name, problem in names.items():
        with pytest.raises(InputError, match=problem) as raised:
            open_regular(tmp_path / name)
        assert str(raised.value).isprintable()


def test_a_name_that_is_not_utf8_is_printable(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.json")
    with pytest.raises(InputError, match="udcff") as raised:
        read_json(path, _List)
    assert str(raised.value).encode("utf-8")


def test_a_file_past_its_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 101)
    assert len(read_bytes(path, 101)) == 101
    with pytest.raises(InputError, match="larger than 100 bytes"):
        read_bytes(path, 100)


def test_text_that_is_not_utf8_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("中".encode() + b"\xff")
    with pytest.raises(InputError, match="not UTF-8: invalid start byte at byte 3"):
        read_text(path)
