"""Import and export: every form, there and back, and what bad rows get."""

import csv
import json
from pathlib import Path

import lmdb
import numpy as np
import pytest
from PIL import Image, ImageOps

from datagen.alphabet import Alphabet, write_list
from datagen.cli import main
from datagen.errors import ExchangeError, ShardError
from datagen.exchange.exchange_settings import FORM_NAMES, ExportSettings, ImportSettings
from datagen.exchange.export_job import export_data
from datagen.exchange.import_job import ImportSummary, import_data
from datagen.formats.foreign import FORMS
from datagen.formats.manifest import read_render_manifest
from datagen.formats.tar.reader import RenderReader
from datagen.formats.tar.shard import TarShardWriter
from datagen.images import decode, decode_each, encode_png
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.sample import Samples
from ocrbase.locks import LockError, owned
from tests.support.samples import make_render, make_samples

MARKS = Alphabet(("", *"abcdefghijklmnopqrstuvwxyz0123456789中文测试，,\"'\\#/[]{}<>&:;=|-_. "))


def _import(form: str, *sources: Path, **settings: object) -> ImportSummary:
    return import_data(ImportSettings(form, tuple(map(str, sources)), **settings))  # type: ignore[arg-type]


def _read(folder: Path) -> dict[str, list[tuple[bytes, str]]]:
    """Images with labels by split, in order."""
    reader = RenderReader(folder)
    samples = reader.read(range(len(reader)))
    by_split: dict[str, list[tuple[bytes, str]]] = {"undecided": [], "train": [], "val": []}
    for image, text, code in zip(samples.images, samples.texts, samples.meta["side"], strict=True):
        by_split[list(by_split)[code]].append((image, text))
    return by_split


def _list(folder: Path) -> str:
    """A file with the characters of `_mixed`."""
    write_list(MARKS, folder / "marks.txt")
    return str(folder / "marks.txt")


def _mixed(folder: Path, count: int = 60) -> Path:
    """A render with JPEG and PNG images, and labels that are hard on text formats."""
    labels = [MARKS.characters[i % 40 : i % 40 + 1 + i % 12] for i in range(count)]
    labels[:8] = ['a,b"c"', "'x'", "\\n", "#1", '["a"]', "0", "中，文", "a.b-c_d"]
    labels[8:12] = ["a b", "中文 a, 1 b", "0 1 2", '" a "']
    samples = make_samples(range(count), labels=labels)
    images = list(samples.images)
    images[::3] = map(encode_png, decode(images[::3]))
    samples.meta["side"] = np.arange(count) % 2 + 1
    make_render(folder, count, shard_size=count, alphabet=MARKS)
    with TarShardWriter(folder / "shard-00000") as writer:
        writer.write(Samples(images, samples.texts, samples.meta, samples.centres))
    return folder


def test_the_names_for_the_command_line_are_those_of_the_forms() -> None:
    assert tuple(FORMS) == FORM_NAMES


@pytest.mark.parametrize("form", FORM_NAMES)
def test_there_and_back(tmp_path: Path, form: str) -> None:
    render = _mixed(tmp_path / "news")
    before = _read(render)
    write_list(MARKS, tmp_path / "marks.txt")
    summary = export_data(ExportSettings(form, str(render), str(tmp_path / "out")))
    assert summary.samples == {"train": 30, "val": 30}
    assert "Chinese text lines" in (tmp_path / "out" / "README.md").read_text()
    alphabet = None if form == "index" else str(tmp_path / "marks.txt")
    _import(form, tmp_path / "out", out=str(tmp_path / "back"), alphabet=alphabet, max_bad=0)
    assert _read(tmp_path / "back") == before
    assert RenderReader(tmp_path / "back").info.alphabet == MARKS


def test_the_dictionary_of_a_paddle_export_reads_back_as_the_alphabet(tmp_path: Path) -> None:
    export_data(ExportSettings("paddle", str(_mixed(tmp_path / "a")), str(tmp_path / "out")))
    dictionary = tmp_path / "out" / "dict.txt"
    assert dictionary.read_text().split("\n") == [*MARKS.characters, ""]
    _import("paddle", tmp_path / "out", out=str(tmp_path / "b"), alphabet=str(dictionary))
    assert RenderReader(tmp_path / "b").info.alphabet == MARKS


def test_a_space_that_is_the_first_class_is_not_the_first_of_a_dictionary(tmp_path: Path) -> None:
    """There it would be taken for the blank."""
    spaced = Alphabet(("", " ", "中", "文"))
    render = make_render(tmp_path / "a", 1, labels=["中 文"], alphabet=spaced)
    export_data(ExportSettings("paddle", str(render), str(tmp_path / "out")))
    dictionary = str(tmp_path / "out" / "dict.txt")
    _import("paddle", tmp_path / "out", out=str(tmp_path / "b"), alphabet=dictionary)
    assert [text for rows in _read(tmp_path / "b").values() for _, text in rows] == ["中 文"]


@pytest.mark.parametrize("form", ["dtrb", "kraken", "lmdb"])
def test_splits_do_not_depend_on_how_the_source_is_typed(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_data(ExportSettings(form, str(_mixed(tmp_path / "a")), str(tmp_path / "out")))
    whole = _import(form, tmp_path / "out", out=str(tmp_path / "whole"), alphabet=_list(tmp_path))
    assert whole.samples == {"undecided": 0, "train": 30, "val": 30}
    both = [tmp_path / "out" / name for name in ("train", "val")]
    apart = _import(form, *both, out=str(tmp_path / "both"), alphabet=_list(tmp_path))
    assert apart.samples == whole.samples
    monkeypatch.chdir(both[1])
    here = _import(form, Path(), out=str(tmp_path / "here"), alphabet=_list(tmp_path))
    assert here.samples == {"undecided": 0, "train": 0, "val": 30}
    (tmp_path / "val").symlink_to(both[0].rename(tmp_path / "my-test-pages"))
    linked = _import(form, tmp_path / "val", out=str(tmp_path / "c"), alphabet=_list(tmp_path))
    assert linked.samples == {"undecided": 0, "train": 0, "val": 30}
    named = (tmp_path / "my-test-pages",)
    named_alike = _import(form, *named, out=str(tmp_path / "d"), alphabet=_list(tmp_path))
    assert named_alike.samples == {"undecided": 30, "train": 0, "val": 0}


def test_images_are_imported_as_they_look(tmp_path: Path) -> None:
    """Decoded as they stand, what is transparent would be black, and pale 16 bits too."""
    paper = np.full((32, 120), 255, np.uint8)
    paper[8:24, 20:90] = 20
    drawn = Image.fromarray(paper)
    clear = Image.new("RGBA", drawn.size, (0, 0, 0, 0))
    ink = ImageOps.invert(drawn).point(lambda level: 255 * (level > 0))
    clear.paste((20, 20, 20, 255), mask=ink)
    folder = tmp_path / "data"
    folder.mkdir()
    clear.save(folder / "rgba.png")
    clear.save(folder / "rgba.webp", lossless=True)
    clear.convert("LA").save(folder / "la.png")
    Image.fromarray(paper.astype(np.uint16) * 257).save(folder / "deep.png")
    drawn.save(folder / "plain.png")
    drawn.convert("RGBA").save(folder / "opaque.png")
    names = sorted(path.name for path in folder.iterdir())
    (folder / "gt.txt").write_text("".join(f"{name}\tab\n" for name in names))
    _import("dtrb", folder, out=str(tmp_path / "out"))
    images = [image for image, _ in _read(tmp_path / "out")["undecided"]]
    for name in ("plain.png", "opaque.png"):
        assert images[names.index(name)] == (folder / name).read_bytes()
    for image in decode_each(images):
        assert np.abs(image.astype(int) - paper).max() <= 1


def test_images_of_rare_kinds_come_back_from_an_export(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    image = Image.fromarray(decode(make_samples([3]).images)[0])
    names = [f"1.{end}" for end in ("pgm", "jp2", "avif", "tga")]
    for name in names:
        image.save(folder / name)
    (folder / "gt.txt").write_text("".join(f"{name}\tab\n" for name in names))
    good = _import("dtrb", folder, out=str(tmp_path / "a"), max_bad=4)
    assert sum(good.samples.values()) >= 3
    export_data(ExportSettings("kraken", str(tmp_path / "a"), str(tmp_path / "out")))
    assert _import("kraken", tmp_path / "out", out=str(tmp_path / "b")).samples == good.samples


def test_packed_data_is_exported_by_its_folders(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 60)
    out = tmp_path / "lmdb"
    packed = pack(PackSettings(inputs=(str(render),), out=str(out), split=0.8, jobs=1))
    summary = export_data(ExportSettings("dtrb", str(out), str(tmp_path / "out")))
    assert summary.samples == packed.samples
    alone = export_data(ExportSettings("dtrb", str(out / "val"), str(tmp_path / "val")))
    assert alone.samples == {"val": packed.samples["val"]}


def _circulating(folder: Path, form: str) -> tuple[Path, list[bytes]]:
    """The 3.64 million data set in small: images, two lists of indices, a character list."""
    symbols = list("测1试3文中")
    images = make_samples(range(4)).images
    (folder / "images").mkdir(parents=True)
    for i, image in enumerate(images):
        (folder / "images" / f"2045_{i}.jpg").write_bytes(image)
    if form == "gbk":
        (folder / "char_std_5990.txt").write_bytes("\n".join(["blank", *symbols]).encode("gbk"))
    else:  # two characters stand twice, the first line is a space
        lines = [" ", *symbols[:4], "1", *symbols[4:], "3"]
        (folder / "char_std_5990.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder, images


@pytest.mark.parametrize(
    ("form", "labels"),
    [("gbk", ["测试", "11", "文中", "3"]), ("utf-8", ["测试", "11", "1中", "文"])],
)
def test_the_circulating_data_set(tmp_path: Path, form: str, labels: list[str]) -> None:
    folder, images = _circulating(tmp_path / "data", form)
    (folder / "train.txt").write_text("2045_0.jpg 1 3\n2045_1.jpg 2 2\n2045_2.jpg 5 7\n")
    if form == "gbk":
        (folder / "train.txt").write_text("2045_0.jpg 1 3\n2045_1.jpg 2 2\n2045_2.jpg 5 6\n")
    last = 4 if form == "gbk" else 6
    (folder / "test.txt").write_text(f"2045_3.jpg {last}\n")
    summary = _import("index", folder, out=str(tmp_path / "out"))
    assert summary.samples == {"undecided": 0, "train": 3, "val": 1}
    by_split = _read(tmp_path / "out")
    assert by_split["train"] == list(zip(images[:3], labels[:3], strict=True))
    assert by_split["val"] == [(images[3], labels[3])]
    assert any(("GB18030" if form == "gbk" else "duplicates") in note for note in summary.notes)


def test_an_import_is_packed_with_its_own_split(tmp_path: Path) -> None:
    _mixed(tmp_path / "renders" / "real")
    packed = pack(
        PackSettings(inputs=(str(tmp_path / "renders"),), out=str(tmp_path / "lmdb"), jobs=1)
    )
    assert packed.samples == {"train": 30, "val": 30}


def test_zero_based_lmdb_is_recognised_and_said(tmp_path: Path) -> None:
    samples = make_samples(range(5))
    path = str(tmp_path / "old")
    with lmdb.open(path, map_size=1 << 24) as env, env.begin(write=True) as transaction:
        for i in range(5):
            transaction.put(b"image-%09d" % i, samples.images[i])
            transaction.put(b"label-%09d" % i, samples.texts[i].encode())
        transaction.put(b"num-samples", b"5")
    summary = _import("lmdb", tmp_path / "old", out=str(tmp_path / "out"))
    assert _read(tmp_path / "out")["undecided"] == list(
        zip(samples.images, samples.texts, strict=True)
    )
    assert "zero-based keys" in summary.notes[0]


def _paddle(tmp_path: Path, lines: list[str]) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for i, image in enumerate(make_samples(range(3)).images):
        (folder / f"{i}.jpg").write_bytes(image)
    (folder / "cut.jpg").write_bytes(make_samples([0]).images[0][:1500])
    (folder / "rec_gt_train.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_bad_rows_are_listed_and_nothing_else_is_lost(tmp_path: Path) -> None:
    lines = ["0.jpg\tabc", "1.jpg abc", "9.jpg\tabc", "1.jpg\t", "cut.jpg\tabc", "2.jpg\t龘𠀀x", ""]
    folder = _paddle(tmp_path, [*lines, '["1.jpg", "2.jpg"]\txyz'])
    summary = _import("paddle", folder, out=str(tmp_path / "out"))
    assert [text for _, text in _read(tmp_path / "out")["train"]] == ["abc", "xyz", "xyz"]
    where = [row.where.removeprefix(f"{folder}/") for row in summary.bad]
    assert where == [f"rec_gt_train.txt:{n}" for n in (2, 3, 4, 5, 6)]
    reasons = " | ".join(row.reason for row in summary.bad)
    for part in ("no tab", "9.jpg: No such file", "is empty", "cut short", "'龘', '𠀀' not among"):
        assert part in reasons
    listed = (tmp_path / "out" / "bad_rows.tsv").read_text().splitlines()
    assert len(listed) == 5 and listed[0].startswith(f"{folder}/rec_gt_train.txt:2\tno tab")
    assert read_render_manifest(tmp_path / "out").bad_rows == 5


def test_too_many_bad_rows_publish_nothing(tmp_path: Path) -> None:
    folder = _paddle(tmp_path, ["0.jpg\tabc", "8.jpg\tabc", "9.jpg\tabc"])
    with pytest.raises(ExchangeError, match=r"more than 1 bad rows \(.*rec_gt_train\.txt:2: .*8\."):
        _import("paddle", folder, out=str(tmp_path / "out"), max_bad=1)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize("form", FORM_NAMES)
def test_an_empty_folder_is_refused(tmp_path: Path, form: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExchangeError, match="empty holds "):
        _import(form, tmp_path / "empty", out=str(tmp_path / "out"))
    with pytest.raises(ExchangeError, match="nowhere does not exist"):
        _import(form, tmp_path / "nowhere", out=str(tmp_path / "out"))


def test_indices_outside_the_list_are_bad_rows(tmp_path: Path) -> None:
    folder, _ = _circulating(tmp_path / "data", "gbk")
    (folder / "train.txt").write_text("2045_0.jpg 1\n2045_1.jpg 99\n2045_2.jpg 0\n2045_3.jpg x\n")
    summary = _import("index", folder, out=str(tmp_path / "out"))
    assert [row.reason for row in summary.bad] == [
        "index 99 of a list of 7 lines",
        "the label holds the blank",
        "not a name and indices: '2045_3.jpg x'",
    ]


def test_tables_with_and_without_header(tmp_path: Path) -> None:
    folder = _paddle(tmp_path, [])
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("split", "Text", "FILE"), ("test", "a,b", "0.jpg"), ("", "c", "1.jpg")]
        )
    _import("csv", folder, out=str(tmp_path / "a"), alphabet=None)
    by_split = _read(tmp_path / "a")
    assert [text for _, text in by_split["val"]] == ["a,b"]
    assert [text for _, text in by_split["undecided"]] == ["c"]
    (folder / "rows.tsv").write_text("0.jpg\tabc\ttrain\n1.jpg\tabd\n")
    _import("tsv", folder, out=str(tmp_path / "b"))
    assert len(_read(tmp_path / "b")["train"]) == 1


def test_labels_are_normalised_onto_the_alphabet(tmp_path: Path) -> None:
    folder = _paddle(tmp_path, ["0.jpg\tＡＢ １"])
    _import("paddle", folder, out=str(tmp_path / "out"))
    assert _read(tmp_path / "out")["train"][0][1] == "AB1"


def test_only_what_these_commands_made_is_replaced(tmp_path: Path) -> None:
    folder = _paddle(tmp_path, ["0.jpg\tabc"])
    own = tmp_path / "own"
    own.mkdir()
    (own / "notes.txt").write_text("keep me")
    with pytest.raises(ShardError, match="own exists: add --overwrite"):
        _import("paddle", folder, out=str(own))
    with pytest.raises(ShardError, match="own does not say that this command made it"):
        _import("paddle", folder, out=str(own), overwrite=True)
    _import("paddle", folder, out=str(tmp_path / "out"))
    _import("paddle", folder, out=str(tmp_path / "out"), overwrite=True)
    with pytest.raises(ShardError, match="own does not say that this command made it"):
        export_data(ExportSettings("dtrb", str(tmp_path / "out"), str(own), overwrite=True))
    assert (own / "notes.txt").read_text() == "keep me"


def test_what_others_put_into_a_folder_is_not_replaced_with_it(tmp_path: Path) -> None:
    """Trainers write their models and caches into the folder of their data."""
    render = make_render(tmp_path / "news", 6)
    folder = _paddle(tmp_path, ["0.jpg\tabc"])
    exported, imported = tmp_path / "exported", tmp_path / "imported"
    for _ in range(2):
        export_data(ExportSettings("kraken", str(render), str(exported), overwrite=True))
        _import("paddle", folder, out=str(imported), overwrite=True)
    for out in (exported, imported):
        (out / "model.pth").write_text("keep me")
    with pytest.raises(ShardError, match=r"exported also holds model\.pth, which this command"):
        export_data(ExportSettings("kraken", str(render), str(exported), overwrite=True))
    with pytest.raises(ShardError, match=r"imported also holds model\.pth, which this command"):
        _import("paddle", folder, out=str(imported), overwrite=True)
    assert (exported / "model.pth").read_text() == "keep me"


def test_links_and_files_are_not_replaced(tmp_path: Path) -> None:
    folder = _paddle(tmp_path, ["0.jpg\tabc"])
    _import("paddle", folder, out=str(tmp_path / "out"))
    (tmp_path / "link").symlink_to("out")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(ShardError, match=f"{name} is a link"):
            _import("paddle", folder, out=str(tmp_path / name), overwrite=True)
    (tmp_path / "file").write_text("keep me")
    with pytest.raises(ShardError, match="file does not say that this command made it"):
        _import("paddle", folder, out=str(tmp_path / "file"), overwrite=True)
    assert (tmp_path / "file").read_text() == "keep me"


def test_two_imports_into_one_folder_do_not_meet(tmp_path: Path) -> None:
    folder = _paddle(tmp_path, ["0.jpg\tabc"])
    out = tmp_path / "out"
    with owned(out), pytest.raises(LockError, match="out is being written by process"):
        _import("paddle", folder, out=str(out))
    _import("paddle", folder, out=str(out))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out"]


def test_doctr_labels_are_plain_json(tmp_path: Path) -> None:
    render = _mixed(tmp_path / "news")
    export_data(ExportSettings("doctr", str(render), str(tmp_path / "out")))
    labels = json.loads((tmp_path / "out" / "train" / "labels.json").read_text())
    assert len(labels) == 30
    assert all((tmp_path / "out" / "train" / "images" / name).exists() for name in labels)


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    monkeypatch.chdir(tmp_path)
    folder = _paddle(tmp_path, ["0.jpg\tabc", "9.jpg\tabc"])
    assert main(["import", "paddle", str(folder)]) == 0
    out = capsys.readouterr().out  # type: ignore[attr-defined]
    assert "1 lines (1 train) in data/renders/data" in out and "1 bad rows left out" in out
    assert main(["export", "dtrb", "data/renders/data", "--out", "gt"]) == 0
    assert (tmp_path / "gt" / "train" / "gt.txt").read_text().endswith("\tabc\n")
    assert main(["import", "nothing", "x"]) == 2


@pytest.mark.parametrize("out", ["/", ".", "..", "", "a/.."])
def test_a_folder_without_a_name_is_no_output(
    tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", "dtrb", "nowhere", "--out", out]) == 2
    assert "has no name of its own" in capsys.readouterr().err
