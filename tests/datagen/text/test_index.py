"""The index over a text: runs, windows, losses, and several builders at once."""

import errno
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora import open_corpus
from datagen.alphabet import Alphabet
from datagen.text import index_builder
from datagen.text.index import TextIndex, open_index
from datagen.text.sentences import sentence_hash
from ocrbase.errors import DiskError
from ocrbase.homes import cache_home

ALPHABET = Alphabet(("", *"甲乙丙丁戊己庚辛壬癸，。Aa1"))


def indexed(folder: Path, text: str, alphabet: Alphabet = ALPHABET) -> TextIndex:
    file = folder / "text.txt"
    file.write_text(text, encoding="utf-8")
    return open_index(open_corpus(str(file)), alphabet)


def windows_of(index: TextIndex, length: int) -> list[str]:
    numbers = np.arange(index.windows(length))
    positions, _ = index.locate(numbers, np.full(len(numbers), length))
    return [ALPHABET.decode(index.ids[p : p + length]) for p in positions]


def test_a_character_outside_ends_a_run(tmp_path: Path) -> None:
    index = indexed(tmp_path, "甲乙丙丁戊X己庚辛壬癸，甲乙。\n癸壬辛庚己戊丁丙乙甲\n")
    runs = [
        ALPHABET.decode(index.ids[s : s + n])
        for s, n in zip(index.run_start, index.run_length, strict=True)
    ]
    assert runs == ["甲乙丙丁戊", "己庚辛壬癸，甲乙。", "癸壬辛庚己戊丁丙乙甲"]
    assert index.losses.outside == {"X": 1}
    assert index.run_sentence.tolist() == [0, 0, 1]
    hashes = [sentence_hash(s) for s in ("甲乙丙丁戊X己庚辛壬癸，甲乙。", "癸壬辛庚己戊丁丙乙甲")]
    assert index.sentence_hashes.tolist() == hashes
    assert index.losses.sentences_too_short(10) == 1
    assert index.losses.sentences_too_short(11) == 2


def test_text_is_normalised_first(tmp_path: Path) -> None:
    index = indexed(tmp_path, "Ａ　甲 乙１丙丁戊己庚辛\n")
    assert ALPHABET.decode(index.ids) == "A甲乙1丙丁戊己庚辛"


@given(text=st.text(alphabet="甲乙丙丁。X\n", min_size=1, max_size=300), length=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_windows_are_those_that_a_plain_search_finds(
    tmp_path_factory: pytest.TempPathFactory, text: str, length: int
) -> None:
    if not text.strip():
        return
    folder = tmp_path_factory.mktemp("text")
    index = indexed(folder, text)
    sentences = open_corpus(str(folder / "text.txt")).sentences()
    runs = [run for s in sentences for run in s.split("X")]
    expected = [run[k : k + length] for run in runs for k in range(len(run) - length + 1)]
    assert sorted(windows_of(index, length)) == sorted(expected)


def test_memory_chunks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = "甲乙丙丁戊己庚辛壬癸，。X"
    rng = np.random.default_rng(1)
    text = "\n".join("".join(rng.choice(list(letters), rng.integers(10, 60))) for _ in range(300))
    whole = indexed(tmp_path, text)
    monkeypatch.setattr(index_builder, "_SENTENCES_AT_ONCE", 7)
    monkeypatch.setattr(index_builder, "_RUNS_AT_ONCE", 11)
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "other"))
    parts = indexed(tmp_path, text)
    for name in ("ids", "run_start", "by_length", "cumulative", "sentence_hashes", "class_counts"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name
    assert whole.losses.outside == parts.losses.outside
    assert whole.losses.longest_run == parts.losses.longest_run


def build(path: str, cache: str) -> str:
    import os

    os.environ["OCRGEN_CACHE"] = cache
    return str(open_index(open_corpus(path), ALPHABET).folder)


def test_several_processes_build_at_once(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("甲乙丙丁戊己庚辛壬癸，甲乙。\n" * 5000, encoding="utf-8")
    cache = str(tmp_path / "cache")
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        folders = pool.starmap(build, [(str(file), cache)] * 3)
    assert len(set(folders)) == 1
    left = [p.name for p in (tmp_path / "cache" / "text").iterdir()]
    assert left == [Path(folders[0]).name]


def test_a_build_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "cache"))

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(index_builder, "_order_by_length", fail)
    with pytest.raises(DiskError, match=r"the disk is full at .*text/.*OCRGEN_CACHE"):
        indexed(tmp_path, "甲乙丙丁戊己庚辛壬癸")
    assert list((cache_home() / "text").iterdir()) == []


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def _of_another_type(path: Path) -> None:
    np.save(path, np.load(path).astype(np.float32))


def _of_another_text(path: Path) -> None:
    np.save(path, np.load(path)[:-1])


@pytest.mark.parametrize("damage", [_cut_short, _of_another_type, _of_another_text, Path.unlink])
@pytest.mark.parametrize("column", ["ids", "run_length", "cumulative", "by_length"])
def test_a_damaged_index_is_built_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, damage: Callable[[Path], None]
) -> None:
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "cache"))
    text = "甲乙丙丁戊己庚辛壬癸，甲乙。\n丙丁戊\n"
    before = indexed(tmp_path, text)
    windows, content = windows_of(before, 3), (before.folder / f"{column}.npy").read_bytes()
    damage(before.folder / f"{column}.npy")
    assert windows_of(indexed(tmp_path, text), 3) == windows
    assert (before.folder / f"{column}.npy").read_bytes() == content


@pytest.mark.parametrize("header", ["", "[]", '{"outside": {"X": "one"}, "longest_run": []}'])
def test_a_damaged_header_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "cache"))
    folder = indexed(tmp_path, "甲乙X丙\n").folder
    (folder / "losses.json").write_text(header, encoding="utf-8")
    assert indexed(tmp_path, "甲乙X丙\n").losses.outside == {"X": 1}
