"""Rows that cannot be imported: all are listed, none is lost, hangs or leads out of its folder."""

import gzip
import io
import json
import os
import struct
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from datagen.cli import main
from datagen.errors import ExchangeError
from datagen.exchange import import_job
from datagen.exchange.exchange_settings import ExportSettings, ImportSettings
from datagen.exchange.export_job import export_data
from datagen.exchange.import_job import ImportSummary, import_data
from datagen.formats.foreign.rows import BadRow, Row, Source, split_of
from datagen.formats.tar.reader import RenderReader
from datagen.split import Split
from tests.support.samples import make_render, make_samples

IMAGES = make_samples(range(4)).images


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images, and the outside that no list may reach."""
    data = tmp_path / "data"
    data.mkdir()
    for i, image in enumerate(IMAGES):
        (data / f"{i}.jpg").write_bytes(image)
    (tmp_path / "outside.jpg").write_bytes(IMAGES[0])
    return data


def _import(form: str, source: Path, **settings: object) -> ImportSummary:
    out = str(source.parent / "out")
    return import_data(ImportSettings(form, (str(source),), out=out, overwrite=True, **settings))  # type: ignore[arg-type]


def _labels(summary: ImportSummary) -> list[str]:
    reader = RenderReader(summary.out)
    return list(reader.read(range(len(reader))).texts)


def _reasons(summary: ImportSummary) -> str:
    return " | ".join(row.reason for row in summary.bad)


def test_tsv_has_no_quotes(folder: Path) -> None:
    rows = ['0.jpg\t"ab', "1.jpg\tcd", '2.jpg\t"今天"', '"3.jpg"\tef']
    (folder / "rows.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    summary = _import("tsv", folder)
    assert _labels(summary) == ['"ab', "cd", '"今天"']
    assert summary.bad_rows == 1 and '"3.jpg"' in _reasons(summary)


def test_a_csv_row_that_spans_lines_stands_for_all_of_them(folder: Path) -> None:
    rows = [
        "image,text",
        '0.jpg,"a,""b"',
        '1.jpg,"cd',
        "2.jpg,ef",
        '3.jpg,gh"',
        "3.jpg,ij",
        ",",
        "",
    ]
    (folder / "rows.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    summary = _import("csv", folder)
    assert _labels(summary) == ['a,"b', "ij"]
    assert summary.bad_rows == 4
    assert [(row.where.rpartition(":")[2], row.rows) for row in summary.bad] == [
        ("3-5", 3),
        ("7", 1),
    ]
    assert "close the quotes" in _reasons(summary)


def test_a_quote_that_is_never_closed_loses_no_row(folder: Path) -> None:
    rows = ["0.jpg,ab", '1.jpg,"cd', *["2.jpg,ef"] * 50]
    (folder / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
    summary = _import("csv", folder)
    assert _labels(summary) == ["ab"] and summary.bad_rows == 51


def test_a_form_that_loses_a_row_publishes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful:
        name = "forgetful"

        def rows(self, source: Source) -> Iterator[Row | BadRow]:
            source.rows += 2
            yield Row("x", IMAGES[0], "ab", Split.TRAIN)

    monkeypatch.setitem(import_job.FORMS, "forgetful", Forgetful())  # type: ignore[arg-type]
    with pytest.raises(ExchangeError, match="2 rows were read, 1 imported and 0 listed"):
        _import("forgetful", folder)
    assert not (folder.parent / "out").exists()


def test_an_empty_list_of_images_is_listed(folder: Path) -> None:
    rows = ["[]\tab", '["0.jpg", "1.jpg"]\tcd', "[1]\tef", "[" * 5000 + "\tgh"]
    (folder / "rec_gt_train.txt").write_text("\n".join(rows), encoding="utf-8")
    summary = _import("paddle", folder)
    assert _labels(summary) == ["cd", "cd"] and summary.bad_rows == 3
    assert "the list of images is empty: []" in _reasons(summary)


def test_a_label_that_its_image_cannot_hold_is_listed(folder: Path) -> None:
    rows = ["0.jpg\t" + "ab" * 100_000, "1.jpg\t" + "abab" * 18, "2.jpg\t" + "a" * 37]
    (folder / "gt.txt").write_text("\n".join(rows), encoding="utf-8")
    summary = _import("dtrb", folder)
    assert [len(text) for text in _labels(summary)] == [72]  # 280 px give 72 steps at most
    assert "of 200,000 characters needs 200,000 time steps, an image of 280 x 32 px" in _reasons(
        summary
    )
    assert "of 37 characters needs 73 time steps" in _reasons(summary)


@pytest.mark.parametrize(
    "name",
    ["../outside.jpg", "/etc/hostname", "a/../../outside.jpg", "..\\x.jpg", "C:\\x.jpg", "\\x"],
)
def test_lists_name_images_below_their_folder(folder: Path, name: str) -> None:
    (folder / "gt.txt").write_text(f"0.jpg\tab\n{name}\tcd\n", encoding="utf-8")
    summary = _import("dtrb", folder)
    assert _labels(summary) == ["ab"]
    assert "add --allow-outside" in _reasons(summary)


def test_absolute_paths_are_followed_when_asked_for(folder: Path) -> None:
    outside = folder.parent / "outside.jpg"
    (folder / "gt.txt").write_text(f"{outside}\tab\n../outside.jpg\tcd\n", encoding="utf-8")
    assert _labels(_import("dtrb", folder, allow_outside=True)) == ["ab", "cd"]


def _png(width: int, height: int) -> bytes:
    """A PNG whose header alone is large: its rows are zeros that compress to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.filterwarnings("default")  # Pillow warns of the largest ones
@pytest.mark.parametrize(
    "size", [(1, 79_999_999), (79_999_999, 1), (9_000, 9_000), (60_000, 60_000)]
)
def test_large_images_are_refused_before_they_are_decoded(
    folder: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "1.jpg").write_bytes(_png(*size))
    (folder / "gt.txt").write_text("0.jpg\tab\n1.jpg\tcd\n", encoding="utf-8")
    summary = _import("dtrb", folder)
    assert _labels(summary) == ["ab"]
    assert "it may have 65,535" in _reasons(summary) or "no readable image" in _reasons(summary)


def test_what_is_no_file_is_listed_and_never_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "fifo.jpg")
    (folder / "large.jpg").write_bytes(b"\0" * (17 << 20))
    names = ["fifo.jpg", "", "nul\0.jpg", "x" * 300, "large.jpg", "9.jpg", "0.jpg"]
    (folder / "gt.txt").write_text("".join(f"{name}\tab\n" for name in names), encoding="utf-8")
    summary = _import("dtrb", folder)
    assert _labels(summary) == ["ab"] and summary.bad_rows == 6
    for part in ("a fifo", "a folder", "no such name", "File name too long", "larger than 16,777"):
        assert part in _reasons(summary)


@pytest.mark.parametrize("form", ["index", "dtrb", "paddle", "doctr", "csv", "tsv", "webdataset"])
def test_a_source_that_is_no_file_is_one_line(tmp_path: Path, form: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "char.txt").write_text("blank\na\n")
    with pytest.raises(ExchangeError, match="it is a fifo, not a regular file"):
        _import(form, tmp_path / "fifo")
    for name in ("nul\0", "x" * 5000):
        with pytest.raises(ExchangeError, match="does not exist"):
            _import(form, tmp_path / name)


def test_a_line_without_end_is_no_list(folder: Path) -> None:
    (folder / "gt.txt").write_bytes(b"x" * (3 << 20))
    with pytest.raises(ExchangeError, match="a line of more than 1,048,576 characters"):
        _import("dtrb", folder)
    (folder / "gt.txt").write_bytes(bytes(range(256)) * 9)
    with pytest.raises(ExchangeError, match=r"neither UTF-8 nor GB18030|no good row"):
        _import("dtrb", folder)


def test_names_that_stand_twice_in_json_are_both_rows(folder: Path) -> None:
    text = '{"0.jpg": "ab", "0.jpg": "cd", "1.jpg": 5, "2.jpg": {"a": 1},'
    text += ' "\\ud800": "x", "3.jpg": "\\udc00"}'
    (folder / "labels.json").write_text(text)
    summary = _import("doctr", folder, images=str(folder))
    assert _labels(summary) == ["ab", "cd"] and summary.bad_rows == 4
    listed = (summary.out / "bad_rows.tsv").read_text(encoding="utf-8").splitlines()
    assert len(listed) == 4 and "\\ud800" in listed[2] and "'\\udc00' not among" in listed[3]


@pytest.mark.parametrize("text", ["[1]", "5", "{", "[" * 100_000, '{"a":' * 100_000, "\x00"])
def test_json_that_is_no_list_of_labels(folder: Path, text: str) -> None:
    (folder / "labels.json").write_text(text)
    with pytest.raises(ExchangeError, match=r"labels\.json is no") as caught:
        _import("doctr", folder)
    assert "\n" not in str(caught.value)


def _tar(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_members_of_a_tar_that_come_twice_are_samples_of_their_own(folder: Path) -> None:
    members = [("a.jpg", IMAGES[0]), ("a.txt", b"ab"), ("a.jpg", IMAGES[1]), ("a.txt", b"cd")]
    path = _tar(folder / "x.tar", [*members, ("b.cls", b"7"), ("c.jpg", IMAGES[2])])
    summary = _import("webdataset", path)
    assert _labels(summary) == ["ab", "cd"]
    assert "no image among .cls" in _reasons(summary) and "no label among .jpg" in _reasons(summary)


def test_a_tar_that_is_large_or_compressed_is_refused(folder: Path) -> None:
    path = _tar(folder / "x.tar", [("a.jpg", IMAGES[0]), ("a.txt", b"ab")])
    packed = folder / "y.tar"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(ExchangeError, match="damaged, compressed or no tar"):
        _import("webdataset", packed)
    member = tarfile.TarInfo("huge.txt")
    member.size = 5 << 30
    path.write_bytes(member.tobuf() + b"\0" * 10_240)
    with pytest.raises(ExchangeError, match=r"huge.txt has 5,368,709,120 bytes"):
        _import("webdataset", path)


def test_an_lmdb_that_counts_wrong(tmp_path: Path) -> None:
    path = tmp_path / "old"
    with lmdb.open(str(path), map_size=1 << 24) as env, env.begin(write=True) as transaction:
        for i in range(1, 5):
            transaction.put(b"image-%09d" % i, IMAGES[0])
            transaction.put(b"label-%09d" % i, b"ab" if i != 2 else b"\xff")
        transaction.put(b"num-samples", b"3")
    summary = _import("lmdb", path)
    assert _labels(summary) == ["ab", "ab"] and summary.bad_rows == 1
    assert "beyond its count of 3" in " ".join(summary.notes)
    with lmdb.open(str(path), map_size=1 << 24) as env, env.begin(write=True) as transaction:
        transaction.put(b"num-samples", b"1000000000000")
    with pytest.raises(ExchangeError, match=r"1,000,000,000,000 samples and holds 9 entries"):
        _import("lmdb", path)


def test_shards_hold_what_was_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{i % 4}.jpg\tab\n" for i in range(10))
    (folder / "gt.txt").write_text(rows)
    summary = _import("dtrb", folder, shard_size=3)
    assert len(list(summary.out.glob("*.tar"))) == 4 and len(_labels(summary)) == 10
    monkeypatch.setattr(import_job, "MAX_SHARDS", 3)
    with pytest.raises(ExchangeError, match="more than 3 shards of 3 lines: give a larger"):
        _import("dtrb", folder, shard_size=3)


def test_an_export_refuses_labels_that_its_form_cannot_hold(tmp_path: Path) -> None:
    from datagen.alphabet import Alphabet

    tabbed = Alphabet(("", *"a\t"))
    make_render(tmp_path / "news", 2, labels=["a\ta", "aa"], alphabet=tabbed)
    for form in ("tsv", "dtrb", "paddle"):
        settings = ExportSettings(form, str(tmp_path / "news"), str(tmp_path / "out"))
        with pytest.raises(ExchangeError, match=r"the label 'a\\ta' holds a tab"):
            export_data(settings)
        assert not (tmp_path / "out").exists()


def test_no_good_row_says_why(folder: Path) -> None:
    (folder / "rows.csv").write_text("file;text\n0.jpg;ab\n", encoding="utf-8")
    with pytest.raises(ExchangeError, match=r"no good row in .*rows\.csv: .*rows\.csv:\d"):
        _import("csv", folder / "rows.csv")
    (folder / "empty.tsv").write_text("", encoding="utf-8")
    with pytest.raises(ExchangeError, match=r"no good row in .*: no rows at all"):
        _import("tsv", folder / "empty.tsv")


def test_names_state_splits() -> None:
    assert split_of("data/train/x.txt") == Split.TRAIN
    assert split_of("train/rec_gt_test.txt") == Split.VAL
    assert split_of("words/latest.txt") == split_of("") == Split.UNDECIDED


def test_the_command_tells_rows_that_no_terminal_could_show(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "labels.json").write_text(json.dumps({"0.jpg": "ab", "\n\x1b[2J": "x"}))
    arguments = ["import", "doctr", str(folder), "--images", str(folder), "-o", str(folder / "out")]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "\\n\\x1b[2J" in out and "\x1b" not in out
