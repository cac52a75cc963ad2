"""The alphabet: its frozen list, the lists of others with their traps, and normalisation."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from datagen.alphabet import (
    MAX_CLASSES,
    Alphabet,
    builtin,
    load,
    read_list,
    write_list,
)
from datagen.builtin_characters import general_characters, principled_characters
from datagen.cli.alphabet import command
from datagen.errors import AlphabetError
from datagen.text.alphabets import build_alphabet

FINGERPRINT = "a834e70ad1ea40c41175f1e2745d8b845fd6f6841aa255a58ef62afb1439e70e"


def test_the_frozen_list_is_what_the_rule_builds() -> None:
    alphabet = builtin()
    assert alphabet.symbols[1:] == tuple(principled_characters())
    assert len(alphabet) == 5990 and alphabet.blank == 0
    assert alphabet.fingerprint == FINGERPRINT


GENERAL = "387fef7d184c11c83be62ca4d119dd5e6d67aa3852bd5e29caa7a933c1c41745"


def test_the_frozen_general_list_is_what_the_rule_builds() -> None:
    from pypinyin_dict.pinyin_data.ktghz2013 import pinyin_dict

    standard = {chr(point) for point in pinyin_dict}
    assert len(standard) == 8105
    general = builtin("general")
    assert general.symbols[1:] == tuple(general_characters(standard))
    assert len(general) == 7500 and general.fingerprint == GENERAL
    assert general.symbols[:5990] == builtin().symbols  # weights and class numbers carry over


def test_general_holds_what_documents_do() -> None:
    general = builtin("general")
    assert general.space == 5990 and builtin().space is None
    wanted = "￥€￡￠$℃%‰※→←↑↓■□●○◆◇★☆√×÷±≤≥≠≈∞°′″·—…~〇①⑳ⅠⅫαβγπΩ㎡²³•©®™"
    assert not general.outside(wanted)
    assert not general.outside("彳亍饕餮魍魉囹圄镕喆堃瞭啰昇硚祎")
    assert not any("\ue000" <= c <= "\uf8ff" for c in general.characters)


def test_general_has_one_class_per_look() -> None:
    general = builtin("general")
    assert general.normalise("¥1 ￥1 £1 ￡1 ¢1 ￠1") == "￥1 ￥1 ￡1 ￡1 ￠1 ￠1"
    assert general.normalise("5µm 10Ω ∆t ✔ ►") == "5μm 10Ω Δt ✓ ▶"
    assert builtin().normalise("µ¥") == "µ¥"  # nothing to fold onto: as ever


def test_spaces_become_one_where_the_alphabet_has_it() -> None:
    general = builtin("general")
    text = "\u3000\u3000用\u00a0Python  3 \t写\u2003的 \u200b程序 "
    assert general.normalise(text) == "用 Python 3 写 的 程序"
    assert general.normalise("前 \n 后\n\n末") == "前\n后\n\n末"
    assert builtin().normalise(text) == "用Python3写的程序"


def test_a_built_in_alphabet_goes_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load("general") is builtin("general") and load(None) is load("5990") is builtin()
    assert Alphabet.open("general") is builtin("general")
    monkeypatch.chdir(tmp_path)
    write_list(Alphabet(("", "甲", "乙")), Path("general"))
    assert len(load("./general")) == len(load(Path("general"))) == 3
    done = CliRunner().invoke(command, ["show", "--alphabet", "general"])
    assert done.exit_code == 0 and done.output.startswith("7500 classes, blank = class 0")
    assert "␣￥€" in done.output


def test_the_traps_of_gb2312() -> None:
    alphabet = builtin()
    assert "·" in alphabet and "—" in alphabet and "～" in alphabet
    assert "\u30fb" not in alphabet and "\u2015" not in alphabet
    assert all(mark in alphabet for mark in "，（）：；？！、。“”《》…℃＄￠￡№")
    assert not any("\ue000" <= c <= "\uf8ff" for c in alphabet.characters)
    assert "\u3000" not in alphabet and " " not in alphabet


def gbk_form(path: Path) -> list[str]:
    """A list like the GBK form of char_std_5990: a first line `blank`, no duplicates.

    Six of its characters have no code in plain GBK.
    """
    characters = list("的一是了1，（）＋￥。") + list("\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9")
    path.write_bytes("\n".join(["blank", *characters]).encode("gb18030"))
    return characters


def test_a_gb18030_list_with_blank_keeps_every_character(tmp_path: Path) -> None:
    characters = gbk_form(tmp_path / "list.txt")
    listing = read_list(tmp_path / "list.txt")
    assert list(listing.alphabet.characters) == characters
    assert listing.class_of_line == tuple(range(len(characters) + 1))
    assert listing.alphabet.blank == 0
    assert any("GB18030" in note for note in listing.notes)


def test_a_utf8_list_with_space_and_duplicates(tmp_path: Path) -> None:
    rows = [" ", *"13■荼崂的了", *"1■崂3荼", "是"]
    (tmp_path / "list.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    listing = read_list(tmp_path / "list.txt")
    assert listing.alphabet.characters == "13■荼崂的了是"
    assert listing.class_of_line == (0, 1, 2, 3, 4, 5, 6, 7, 1, 3, 5, 2, 4, 8)
    assert any("5 duplicates" in note and "9 classes remain" in note for note in listing.notes)


def test_a_paddle_dictionary_has_no_blank_line_and_may_hold_a_space(tmp_path: Path) -> None:
    (tmp_path / "dict.txt").write_bytes("疗\r\n绚\r\n \r\nA\r\n".encode())
    listing = read_list(tmp_path / "dict.txt")
    assert listing.alphabet.symbols == ("", "疗", "绚", " ", "A")
    assert listing.class_of_line == (1, 2, 3, 4)
    assert listing.alphabet.normalise("疗\u3000绚Ａ") == "疗 绚A"


@pytest.mark.parametrize(
    ("content", "message"),
    [("的\n是了\n".encode(), "'是了'"), (b"\xff\xff\n", "offset 0"), (b"", "1 classes|2 to")],
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(AlphabetError, match=message):
        read_list(tmp_path / "bad.txt")
    with pytest.raises(AlphabetError, match="cannot read"):
        read_list(tmp_path / "absent.txt")


def test_duplicates_are_no_alphabet() -> None:
    with pytest.raises(AlphabetError, match="listed twice: 甲"):
        Alphabet(("", "甲", "乙", "甲"))


def test_a_label_outside_names_all_offenders() -> None:
    with pytest.raises(AlphabetError, match=r"'齉', '爨'"):
        Alphabet(("", "甲", "乙")).encode("甲齉乙爨")


@given(st.lists(st.sampled_from(builtin().characters), max_size=40).map("".join))
def test_labels_round_trip(text: str) -> None:
    alphabet = builtin()
    assert alphabet.normalise(text) == text
    assert alphabet.decode(alphabet.encode(text)) == text
    assert alphabet.class_ids(text).tolist() == alphabet.encode(text)


@given(st.text(max_size=60), st.sampled_from(["5990", "general"]))
def test_normalising_twice_changes_nothing_more(text: str, name: str) -> None:
    alphabet = builtin(name)
    once = alphabet.normalise(text)
    assert alphabet.normalise(once) == once
    outside = [i for i, c in zip(alphabet.class_ids(once), once, strict=True) if c not in alphabet]
    assert all(i == MAX_CLASSES for i in outside)


def test_full_width_folds_the_way_the_alphabet_has_it() -> None:
    assert builtin().normalise("ＡＢ１２　＃") == "AB12#"
    assert builtin().normalise("“a,b”（c）！") == "“a,b”（c）！"
    folded = Alphabet(("", *"甲:;?!，（）"))
    assert folded.normalise("甲：；？！，(甲)") == "甲:;?!，（甲）"


def test_lists_and_manifests_round_trip(tmp_path: Path) -> None:
    small = Alphabet(("", "甲", "乙"))
    assert Alphabet.from_json(small.to_json()) == small
    write_list(builtin(), tmp_path / "copy.txt")
    assert Alphabet.open(tmp_path / "copy.txt").fingerprint == builtin().fingerprint
    assert Alphabet.open() is builtin()


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({}, "needs the fields"),
        ({"characters": "甲乙", "blank": 2}, "blank at class 2, not 0"),
        ({"characters": "甲\ud800", "blank": 0}, "no character of a line"),
        ({"characters": "甲\n", "blank": 0}, "no character of a line"),
        ({"characters": "甲" * 70_000, "blank": 0}, "70001 classes"),
    ],
)
def test_stored_alphabets_that_are_none_are_refused(
    stored: dict[str, object], message: str
) -> None:
    with pytest.raises(AlphabetError, match=message):
        Alphabet.from_json(stored)


def test_the_blank_is_class_0() -> None:
    with pytest.raises(AlphabetError, match="class 0 is the blank"):
        Alphabet(("甲", "乙", ""))


def test_a_list_that_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(AlphabetError, match="it is a fifo, not a regular file"):
        read_list(tmp_path / "fifo")
    (tmp_path / "long").write_bytes("中\n".encode() * (2 << 20))
    with pytest.raises(AlphabetError, match="larger than 4,194,304 bytes"):
        read_list(tmp_path / "long")


def test_checking_a_file_of_windows_finds_no_line_ends_missing(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes("春眠不觉晓\r\n处处闻啼鸟\r\n".encode())
    result = CliRunner().invoke(command, ["check", str(tmp_path / "text.txt")])
    assert result.exit_code == 0 and result.output == "10 characters, 0 outside the alphabet\n"


def test_a_space_that_was_asked_for_is_on_no_first_line(tmp_path: Path) -> None:
    """There our own reader and others take it for the blank."""
    built = build_alphabet(("news",), classes=9, min_count=1, include=("space",))
    assert built.alphabet.symbols[-1] == " " and " " not in built.alphabet.symbols[1:-1]
    (tmp_path / "dict.txt").write_text(" \n一\n二\n", encoding="utf-8")
    read = read_list(tmp_path / "dict.txt")
    assert any("taken for the blank" in note for note in read.notes)
