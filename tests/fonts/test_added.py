"""Faces that users bring: looked at, added, chosen, removed, and what the command line says."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from datagen.cli import main
from fonts import FontError, coverage, select
from fonts.added import Choices, add, remove
from fonts.inspection import describe, preferred
from fonts.library import list_records
from fonts.specimen import open_font
from tests.support.fonts import (
    JAPANESE,
    SIMPLIFIED,
    TRADITIONAL,
    make_font,
    save,
    save_collection,
)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCRGEN_HOME", str(tmp_path / "home"))


@dataclass(frozen=True)
class Answer:
    exit_code: int
    output: str
    errors: str


def ocrgen(*arguments: object, group: str = "fonts") -> Answer:
    """Run a command in this process, with the exit code that the shell would see."""
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        code = main([group, *map(str, arguments)], prog_name="ocrgen")
    return Answer(code, output.getvalue(), errors.getvalue())


def test_the_simplified_face_of_a_collection_is_found_by_name(tmp_path: Path) -> None:
    pages = SIMPLIFIED | JAPANESE | TRADITIONAL
    path = save_collection(
        tmp_path / "all.ttc",
        make_font("Test Sans JP", code_pages=pages),
        make_font("Test Sans Mono SC", code_pages=pages),
        make_font("Test Sans TC", code_pages=pages),
        make_font("Test Sans SC", code_pages=pages),
    )
    faces = describe(path)
    assert [face.made_for for face in faces] == ["Japanese", "", "traditional Chinese", ""]
    assert preferred(faces).index == 3
    added = add([path], tmp_path / "home", Choices())
    assert [(face.record.name, face.record.index) for face in added] == [("test-sans-sc", 3)]
    face = select(["test-sans-sc"])[0]
    assert open_font(face, 20).getname()[0] == "Test Sans SC"


@pytest.mark.parametrize(
    ("pages", "readers"), [(JAPANESE, "Japanese"), (TRADITIONAL, "traditional Chinese")]
)
def test_code_pages_betray_other_shapes(tmp_path: Path, pages: int, readers: str) -> None:
    face = describe(save(make_font("Plain Ming", code_pages=pages), tmp_path / "a.ttf"))[0]
    assert face.made_for == readers
    assert f"draws {readers} shapes" in face.warnings[0]
    assert not face.simplified


def test_a_centred_comma_and_an_unknown_licence_are_warned_of(tmp_path: Path) -> None:
    odd = make_font("Odd Kai", licence="Ask the maker", mark_x=400)
    face = describe(save(odd, tmp_path / "odd.ttf"))[0]
    assert face.style == "kai"
    assert face.licence == ""
    assert [warning.split(";")[0] for warning in face.warnings] == [
        "draws ， away from the lower left, unlike mainland print",
        "names no known licence",
    ]
    assert describe(save(make_font("Fine Kai"), tmp_path / "fine.ttf"))[0].warnings == []


def test_a_variable_font_gives_one_face_a_weight(tmp_path: Path) -> None:
    path = save(make_font("Vary Song", variable=True), tmp_path / "vary.ttf")
    assert describe(path)[0].weights == (200, 900)
    add([path], tmp_path / "home", Choices(weights=(300, 900)))
    thin, black = select(["vary-song-*"])
    assert (thin.axes, black.axes) == ((("wght", 300.0),), (("wght", 900.0),))
    assert (thin.weight, black.weight) == (300, 900)
    widths = [open_font(face, 100).getbbox("一", anchor="ls")[2] for face in (thin, black)]
    masks = [open_font(face, 100).getmask("一").getbbox() for face in (thin, black)]
    assert masks[0] != masks[1], widths
    with pytest.raises(FontError, match="varies in weight from 200 to 900, not to 950"):
        add([path], tmp_path / "home", Choices(weights=(950,)))


def test_a_static_font_refuses_weights(tmp_path: Path) -> None:
    path = save(make_font("Still Song"), tmp_path / "still.ttf")
    with pytest.raises(FontError, match="Still Song has no weight axis; leave out --weight 500"):
        add([path], tmp_path / "home", Choices(weights=(500,)))
    assert not (tmp_path / "home" / "fonts").exists()


def test_added_faces_are_used_until_removed(tmp_path: Path) -> None:
    source = tmp_path / "my.ttf"
    save(make_font("My Hei"), source)
    before = [face.name for face in select()]
    add([source], tmp_path / "home", Choices(style="fangsong", sampling_weight=2.5))
    source.unlink()
    face = select(["fangsong"])[0]
    assert (face.name, face.sampling_weight, face.licence) == ("my-hei", 2.5, "OFL-1.1")
    assert coverage(face) == {0x20, 0x4E00, 0x4E8C, 0xFF0C}
    assert [face.name for face in select()] == [*before, "my-hei"]
    assert remove(["my-hei"], tmp_path / "home") == ["my-hei"]
    assert [face.name for face in select()] == before
    assert [path.name for path in (tmp_path / "home" / "fonts").iterdir()] == ["manifest.json"]


def test_a_taken_name_is_refused_and_nothing_is_added(tmp_path: Path) -> None:
    first = save(make_font("Same"), tmp_path / "first.ttf")
    second = save(make_font("Same", text="三"), tmp_path / "second.ttf")
    with pytest.raises(FontError, match="the name same is taken by another face"):
        add([first, second], tmp_path / "home", Choices())
    with pytest.raises(FontError, match="the name micro-hei is taken"):
        add([first], tmp_path / "home", Choices(name="micro-hei"))
    assert list_records(tmp_path / "home", False) == list_records(tmp_path / "none", False)
    add([first], tmp_path / "home", Choices())
    add([first], tmp_path / "home", Choices(sampling_weight=3))
    assert [face.sampling_weight for face in select(["same"])] == [3]


def test_installed_faces_are_offered_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fonts import system

    folder = tmp_path / "share" / "fonts" / "deep"
    folder.mkdir(parents=True)
    save(make_font("Local Song"), folder / "song.ttf")
    save(make_font("Local Gothic JP"), folder / "gothic.ttf")
    (folder / "broken.ttf").write_bytes(b"not a font")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "nobody")
    system.installed_records.cache_clear()
    with pytest.raises(FontError, match="no face fits 'system-local-song'"):
        select(["system-local-song"])
    assert [face.path.name for face in select(["system-*"], system=True)] == ["song.ttf"]
    system.installed_records.cache_clear()


def test_list_says_what_there_is(tmp_path: Path) -> None:
    save(make_font("My Hei"), tmp_path / "my.ttf")
    assert ocrgen("add", tmp_path / "my.ttf").exit_code == 0
    rows = json.loads(ocrgen("list", "--format", "json").output)
    assert rows[-1] == {
        "name": "my-hei",
        "style": "sans",
        "weight": 400,
        "licence": "OFL-1.1",
        "sampling_weight": 1.0,
        "classes": 3,
        "of": 5989,
    }
    plain = ocrgen("list", "--faces", "my-hei").output.splitlines()
    assert plain[1].split() == ["my-hei", "sans", "400", "OFL-1.1", "1.0", "3", "5989"]


def test_check_names_classes_that_no_face_has(tmp_path: Path) -> None:
    save(make_font("My Hei"), tmp_path / "my.ttf")
    ocrgen("add", tmp_path / "my.ttf")
    (tmp_path / "list.txt").write_text("一\n二\n三\n𠮷\n", encoding="utf-8")
    result = ocrgen("check", "--faces", "my-hei", "--alphabet", tmp_path / "list.txt")
    assert result.exit_code == 1
    assert "2 classes in 0 of 1 faces" in result.output
    assert result.errors == (
        "Error: no chosen face has 三𠮷; add one that does with `ocrgen fonts add FILE`,"
        " or choose more --faces\n"
    )
    classes = ocrgen(
        "check", "--classes", "--format", "tsv", "--alphabet", tmp_path / "list.txt"
    ).output.splitlines()
    assert classes[1:4] == ["一\tU+4E00\t21", "二\tU+4E8C\t21", "三\tU+4E09\t20"]
    assert ocrgen("check").exit_code == 0


def test_check_looks_into_files_before_they_are_added(tmp_path: Path) -> None:
    path = save_collection(tmp_path / "two.ttc", make_font("Two JP"), make_font("Two SC"))
    rows = json.loads(ocrgen("check", path, "--format", "json").output)
    assert [row["preferred"] for row in rows] == ["no", "yes"]
    assert rows[0]["warnings"] == "draws Japanese shapes, by its name, languages or code pages"
    assert rows[1]["classes"] == 3


def test_add_warns_and_remove_refuses_bundled_faces(tmp_path: Path) -> None:
    save(make_font("Nippon Mincho", code_pages=JAPANESE), tmp_path / "jp.ttf")
    result = ocrgen("add", tmp_path)
    assert result.exit_code == 0
    assert "added nippon-mincho (song, 400)" in result.output
    assert "warning: nippon-mincho draws Japanese shapes" in result.errors
    refused = ocrgen("remove", "micro-hei")
    assert refused.exit_code == 1
    assert refused.errors == (
        "Error: not among the added faces: micro-hei; there are: nippon-mincho"
        " (bundled faces stay; choose with --faces)\n"
    )


def test_bad_files_and_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.ttf").write_text("not a font")
    with pytest.raises(FontError, match=r"text.ttf cannot be read as a font"):
        add([tmp_path / "text.ttf"], tmp_path / "home", Choices())
    with pytest.raises(FontError, match=r"no such file or folder: .*gone\.ttf"):
        add([tmp_path / "gone.ttf"], tmp_path / "home", Choices())
    (tmp_path / "empty").mkdir()
    with pytest.raises(FontError, match=r"no font file \(.ttf .otf"):
        add([tmp_path / "empty"], tmp_path / "home", Choices())
    with pytest.raises(FontError, match="style 'blob' is none of song, sans"):
        Choices(style="blob")


def test_specimen_writes_a_picture(tmp_path: Path) -> None:
    result = ocrgen("specimen", "--faces", "micro-hei", "--out", tmp_path / "s.png")
    assert result.output == f"1 faces in {tmp_path / 's.png'}\n"
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


def test_render_names_characters_that_no_face_has(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("一\n二\n𠮷\n", encoding="utf-8")
    (tmp_path / "lines.txt").write_text("一二𠮷\n", encoding="utf-8")
    result = ocrgen(
        "--lines", tmp_path / "lines.txt", "--alphabet", tmp_path / "list.txt",
        "--n", 1, "--jobs", 1, "--out", tmp_path / "out", group="render",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "no chosen face has 𠮷; add one that does with `ocrgen fonts add FILE`" in result.errors
