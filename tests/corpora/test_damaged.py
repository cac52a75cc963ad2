"""Damaged and hostile text, templates and registries: one line each, nothing kept, no memory."""

import gzip
import io
import os
import resource
import tarfile
import time
from pathlib import Path

import pytest

from corpora import CorpusError, open_corpus
from corpora.archives import leipzig_paragraphs, poetry_paragraphs
from corpora.catalogue import names
from corpora.reading import paragraphs
from corpora.store import add, remove
from corpora.templates import read_templates
from ocrbase.errors import DiskError

GOOD = "今天的新闻说明天要下雨了。\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def _refused(tmp_path: Path, home: Path, name: str, data: bytes, problem: str) -> None:
    """`corpus add` says why in one line, at once, and keeps nothing."""
    path = tmp_path / name
    path.write_bytes(data)
    start = time.monotonic()
    with pytest.raises(CorpusError, match=problem) as raised:
        add("own", [path], home=home)
    assert time.monotonic() - start < 10
    assert str(path) in str(raised.value) and str(raised.value).isprintable()
    assert not home.exists() and "own" not in names(home)


@pytest.mark.parametrize("half", [r"\ud800", r"\udc00", r"\ud800\ud800", r"a\udfffb"])
def test_half_a_character_in_json_is_named_by_file_and_line(
    tmp_path: Path, home: Path, half: str
) -> None:
    data = f'{{"text": "{GOOD.strip()}"}}\n{{"text": "雨{half}"}}\n'.encode()
    _refused(tmp_path, home, "x.jsonl", data, r"x\.jsonl, line 2 .*is half a character")


def test_whole_pairs_of_surrogates_are_characters(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(r'{"text": "\ud83d\ude00\ud842\udfb7"}')
    assert list(paragraphs(tmp_path / "x.jsonl", "utf-8")) == ["😀𠮷"]


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.jsonl", b"[" * 100_000, "line 1: expected object, got array"),
        ("b.jsonl", b'{"text": ' + b"[" * 100_000, "line 1: nested too deeply"),
        ("c.jsonl", b'{"text": 1' + b"0" * 5000 + b"}", "line 1: "),
        ("d.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "neither UTF-8|NUL characters"),
        ("e.txt", GOOD.encode() * 9 + b"\0", "NUL characters: it is no text"),
        ("f.txt", GOOD.encode() * 9 + b"\xff\xff", "bad byte 0xff at offset 360"),
        ("g.txt.gz", b"no gzip", "no complete gzip file"),
        ("h.txt.gz", gzip.compress(GOOD.encode() * 99, mtime=0)[:-9], "no complete gzip file"),
        ("i.toml", b"templates = " + b"[" * 100_000, "nested too deeply"),
        ("j.toml", b"a" + b".a" * 200_000 + b" = 1", "nests too deeply"),
        ("k.toml", b'templates = ["\xff"]', "not UTF-8"),
        ("l.toml", b'templates = ["x"]\nlines = 100000000000', r"lines: expected int <= 10000000"),
        ("m.toml", b'templates = ["{d99999999999}"]', "longer than 100 characters"),
        ("n.toml", b'templates = ["{n0-9999999999999}"]', "goes beyond 999,999,999,999"),
        ("o.toml", b'templates = ["{z0-' + b"9" * 5000 + b'}"]', "string_max_length|at most|<="),
        ("p.toml", b'templates = [{ text = "x", weight = nan }]', r"templates\[0\].weight"),
        ("q.toml", b'templates = [{ text = "x", weight = inf }]', r"templates\[0\].weight"),
        ("r.toml", b"templates = 3", "templates: expected array, got int"),
        ("s.toml", b'templates = ["{a}"]\nsets = { a = [] }', r"sets\[...\]: expected array of"),
    ],
)
def test_damaged_files_are_refused_by_name(
    tmp_path: Path, home: Path, name: str, data: bytes, problem: str
) -> None:
    _refused(tmp_path, home, name, data, problem)


def test_one_endless_line_is_refused_before_it_fills_the_memory(tmp_path: Path, home: Path) -> None:
    line = b'{"text": "' + b"x" * (80 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _refused(tmp_path, home, "x.jsonl.gz", gzip.compress(line, 1), "longer than 67,108,864")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700 << 10  # KiB


def test_only_regular_files_and_folders_are_read(tmp_path: Path, home: Path) -> None:
    os.mkfifo(tmp_path / "fifo.txt")
    for name in (tmp_path / "fifo.txt", Path("/dev/zero")):
        for call in (lambda n: add("own", [n], home=home), lambda n: open_corpus(str(n))):
            with pytest.raises(CorpusError, match="neither a regular file nor a folder"):
                call(name)
    for spec in ("x" * 5000, "a\0b", "~nobody-of-that-name/x", "\udcff"):
        with pytest.raises(CorpusError, match="there is no corpus") as raised:
            open_corpus(spec)
        assert str(raised.value).isprintable()


def test_names_that_are_no_utf8_or_long_are_added_under_others(tmp_path: Path, home: Path) -> None:
    for number, name in enumerate((os.fsdecode(b"\xff\n.txt"), "字" * 80 + ".txt")):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
        add(f"odd{number}", [tmp_path / name], home=home)
        corpus = open_corpus(f"odd{number}", home=home)
        assert list(corpus.sentences()) == [GOOD.strip()]
        assert corpus.attribution.encode("utf-8")
        assert open_corpus(str(tmp_path / name)).attribution.encode("utf-8")


@pytest.mark.parametrize("name", ["..", "../../precious", "/", "a/b", "x" * 5000, "a\0b", ""])
def test_remove_takes_nothing_outside_the_store(tmp_path: Path, home: Path, name: str) -> None:
    (tmp_path / "x.txt").write_text(GOOD, encoding="utf-8")
    (tmp_path / "precious").mkdir()
    add("own", [tmp_path / "x.txt"], home=home)
    with pytest.raises(CorpusError, match="nothing was added as"):
        remove(name, home=home)
    if name:
        with pytest.raises(CorpusError, match="nothing was added as"):
            remove("own", part=name, home=home)
    assert (tmp_path / "precious").is_dir() and names(home)[-1] == "own"


def test_links_in_the_store_lead_nowhere(tmp_path: Path, home: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "x.txt").write_text(GOOD, encoding="utf-8")
    add("own", [tmp_path / "precious" / "x.txt"], home=home)
    part = next((home / "corpora" / "own").iterdir())
    (part / "y.txt").symlink_to(tmp_path / "precious" / "x.txt")
    with pytest.raises(CorpusError, match="leads out of that folder"):
        open_corpus("own", home=home)
    (home / "corpora" / "linked").symlink_to(tmp_path / "precious")
    with pytest.raises(CorpusError, match="leads out of that folder"):
        remove("linked", home=home)
    assert (tmp_path / "precious" / "x.txt").exists()


@pytest.mark.parametrize(
    "text", ["", "name = 3", "name = ", "\udcff", "[" * 9999, 'name = "a"\nlicence = "b"']
)
def test_a_damaged_source_file_is_one_line(tmp_path: Path, home: Path, text: str) -> None:
    (tmp_path / "x.txt").write_text(GOOD, encoding="utf-8")
    add("own", [tmp_path / "x.txt"], home=home)
    (file,) = (home / "corpora" / "own").rglob("source.toml")
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CorpusError, match=r"source\.toml.*; add the text again$"):
        open_corpus("own", home=home)


def test_a_disk_that_refuses_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(GOOD * 100, encoding="utf-8")
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="OCRGEN_HOME"):
        add("own", [tmp_path / "x.txt"], home=tmp_path / "file")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DiskError, match=r"cannot write .*OCRGEN_HOME"):
            add("own", [tmp_path / "x.txt"], home=tmp_path / "home")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [p for p in (tmp_path / "home").rglob("*") if p.is_file()]
    assert "own" not in names(tmp_path / "home")


def _tar(name: str, data: bytes) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    packed.seek(0)
    return packed


def test_hostile_archives_are_one_line() -> None:
    bomb = b'{"paragraphs": ' + b"[" * 100_000
    with pytest.raises(CorpusError, match=r"a\.json: nested too deeply"):
        list(poetry_paragraphs(_tar("a.json", bomb), "x"))
    refused = 0
    for depth in range(500, 1100, 50):
        deep = b'{"a":' * depth + b"[]" + b"}" * depth
        try:
            assert list(poetry_paragraphs(_tar("a.json", deep), "x")) == []
        except CorpusError as error:
            assert "a.json: nested too deeply" in str(error)
            refused += 1
    assert refused
    with pytest.raises(CorpusError, match="is not UTF-8"):
        list(leipzig_paragraphs(_tar("a-sentences.txt", b"1\t\xff"), "x"))
    packed = io.BytesIO()
    header = tarfile.TarInfo("a.json")
    header.size = 1 << 40
    packed.write(header.tobuf())
    packed.seek(0)
    with pytest.raises(CorpusError, match="claims 1,099,511,627,776 bytes"):
        list(poetry_paragraphs(packed, "x"))


def test_numbers_in_sets_are_written_as_before(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('templates = ["{a}"]\nlines = 9\nsets = { a = [7] }', encoding="utf-8")
    assert set(read_templates(path).sentences()) == {"7"}
