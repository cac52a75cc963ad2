"""The text plan: pure in the index, unaltered windows, and rare classes served."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora import CorpusError, open_corpus
from datagen.alphabet import Alphabet, write_list
from datagen.errors import AlphabetError
from datagen.sample import Texts
from datagen.text import plan as plan_module
from datagen.text.given_lines import LinesPlan
from datagen.text.plan import WindowPlan, make_plan
from datagen.text.plan_settings import RATE_LINES, PlanSettings
from datagen.text.sentences import sentence_hash
from datagen.text.words import words_with
from ocrbase.errors import SettingsError

COMMON = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"
RARE = "蝴蝶魑魅鼷"  # 蝴蝶 and 魑魅 are words; 鼷 stands once in the text
ALPHABET = Alphabet(("", *COMMON, *RARE, *"，。"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    write_list(ALPHABET, folder / "alphabet.txt")
    rng = np.random.default_rng(3)
    rows = ["".join(rng.choice(list(COMMON + "，"), rng.integers(12, 50))) for _ in range(3000)]
    rows[1700] = rows[1700][:6] + "鼷" + rows[1700][6:] + "天地玄黄宇宙洪荒"
    (folder / "text.txt").write_text("\n".join(rows), encoding="utf-8")
    other = ["".join(rng.choice(list(COMMON), 30)) for _ in range(200)]
    (folder / "other.txt").write_text("\n".join(other), encoding="utf-8")
    return folder


def options(folder: Path, **changes: object) -> PlanSettings:
    plain = PlanSettings(
        corpora=(f"{folder}/text.txt:0.8", f"{folder}/other.txt:0.2"),
        alphabet=str(folder / "alphabet.txt"),
        length_min=8,
        length_max=12,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@cache
def opened(folder: Path, **changes: object) -> WindowPlan:
    plan = make_plan(options(folder, **changes))
    assert isinstance(plan, WindowPlan)
    return plan


def equal(one: Texts, two: Texts) -> bool:
    names = ("class_ids", "lengths", "sentence", "corpus", "inserted")
    return all(np.array_equal(getattr(one, n), getattr(two, n)) for n in names)


def part(texts: Texts, rows: np.ndarray) -> Texts:
    names = ("class_ids", "lengths", "sentence", "corpus", "inserted")
    return Texts(*(getattr(texts, n)[rows] for n in names))


@given(indices=st.lists(st.integers(0, 10**12), min_size=1, max_size=40), cut=st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_a_line_depends_on_its_index_alone(folder: Path, indices: list[int], cut: int) -> None:
    plan = opened(folder)
    numbers = np.array(indices)
    whole = plan.texts(numbers)
    rows = np.arange(len(numbers))[cut:][::-1]
    assert equal(part(whole, rows), plan.texts(numbers[rows]))


def test_every_unaltered_line_stands_in_one_sentence(folder: Path) -> None:
    plan = opened(folder)
    texts = plan.texts(np.arange(20_000))
    sentences = [
        {sentence_hash(ALPHABET.normalise(s)): s for s in corpus.sentences()}
        for corpus in plan.texts_of
    ]
    assert texts.class_ids.shape == (20_000, 12)
    for ids, length, sentence, corpus, inserted in zip(
        texts.class_ids, texts.lengths, texts.sentence, texts.corpus, texts.inserted, strict=True
    ):
        assert not ids[length:].any() and ids[:length].all()
        host, text = sentences[corpus][int(sentence)], ALPHABET.decode(ids[:length])
        if inserted:
            starts = range(len(host) - int(length) + 1)
            changed = [sum(a != b for a, b in zip(host[k:], text, strict=False)) for k in starts]
            assert min(changed) <= inserted < length
        else:
            assert text in host
    assert set(texts.lengths.tolist()) == {8, 9, 10, 11, 12}


def test_lengths_and_corpora_come_in_their_shares(folder: Path) -> None:
    texts = opened(folder, min_per_class=0).texts(np.arange(50_000))
    assert texts.corpus.mean() == pytest.approx(0.2, abs=0.01)
    assert np.bincount(texts.lengths)[8:] / 50_000 == pytest.approx([0.2] * 5, abs=0.01)
    assert not texts.inserted.any()


def test_windows_are_drawn_uniformly(folder: Path) -> None:
    plan = opened(folder, corpora=(f"{folder}/other.txt",), min_per_class=0)
    texts = plan.texts(np.arange(200_000))
    tens = texts.lengths == 10
    lines, counts = np.unique(texts.class_ids[tens], axis=0, return_counts=True)
    windows = plan.windows.indexes[0].windows(10)
    assert len(lines) == windows == 200 * 21
    mean = tens.sum() / windows
    spread = ((counts - mean) ** 2 / mean).sum() / windows  # chi-square over its freedom
    assert spread == pytest.approx(1.0, abs=0.1)


def test_the_expected_counts_are_those_that_come(folder: Path) -> None:
    plan = opened(folder, min_per_class=0)
    texts = plan.texts(np.arange(100_000))
    found = np.bincount(texts.class_ids.ravel(), minlength=len(ALPHABET))[1:]
    expected = plan.windows.expected(len(ALPHABET))[1:] * 100_000
    assert np.abs(found - expected).max() < 5 * np.sqrt(expected.max())


def test_every_class_is_served_and_few_lines_are_altered(folder: Path) -> None:
    plan = opened(folder, min_per_class=36_000)
    n = 100_000
    texts = plan.texts(np.arange(n))
    found = np.bincount(texts.class_ids.ravel(), minlength=len(ALPHABET))[1:]
    assert found.min() >= 36_000 * n / RATE_LINES - 1
    altered = np.cumsum(texts.inserted > 0)
    assert (altered <= 0.05 * np.arange(1, n + 1)).all()
    assert altered[-1] > 0
    report = plan.coverage_report(n)
    assert report.altered_lines == altered[-1]
    assert report.plain.never == pytest.approx(5, abs=0.1)  # four of RARE, and 。
    assert not report.short and not report.limited


def test_real_windows_come_first(folder: Path) -> None:
    texts = opened(folder).texts(np.arange(RATE_LINES // 10))
    holds = (texts.class_ids == ALPHABET.encode("鼷")[0]).any(axis=1)
    unaltered = texts.class_ids[holds & (texts.inserted == 0)]
    assert len(unaltered) >= 8  # its windows, ten times each, less those that chance brings
    assert "蝴蝶" in "".join(ALPHABET.decode(r) for r in texts.class_ids[texts.inserted > 0])


def test_the_limit_on_altered_lines_wins_and_names_what_is_short(folder: Path) -> None:
    plan = opened(folder, min_per_class=300_000, max_inserted=0.001)
    report = plan.coverage_report(RATE_LINES)
    assert report.altered_share <= 0.001
    assert set(RARE) <= set(report.short)
    assert "0.1%" in report.limited
    assert any("occur fewer than 300,000 times (at most 0.1%" in line for line in report.lines())
    assert opened(folder, max_inserted=0.0).coverage_report(RATE_LINES).altered_lines == 0


def test_rare_class_lines_do_not_depend_on_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(folder).texts(np.arange(5000))
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path))
    again = make_plan(options(folder))
    assert equal(first, again.texts(np.arange(5000)))
    assert again.fingerprint == opened(folder).fingerprint


@pytest.mark.parametrize("name", ["facts.json", "class_ids.npy", "natural.npy"])
def test_a_damaged_table_is_built_anew(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path))
    first = make_plan(options(folder)).texts(np.arange(5000))
    (table,) = (tmp_path / "rare-lines").iterdir()
    (table / name).write_bytes(b"{}")
    monkeypatch.setattr(plan_module, "_PLANS", {})
    assert equal(first, make_plan(options(folder)).texts(np.arange(5000)))


def test_the_fingerprint_follows_the_settings(folder: Path) -> None:
    changes: list[dict[str, object]] = [
        {"seed": 1}, {"length_max": 11}, {"min_per_class": 100}, {"max_inserted": 0.01},
        {"corpora": (f"{folder}/text.txt:0.7", f"{folder}/other.txt:0.3")},
    ]  # fmt: skip
    plans = [opened(folder, **change) for change in changes]
    assert len({plan.fingerprint for plan in (opened(folder), *plans)}) == 6
    unused = opened(folder, min_per_class=0, max_inserted=0.01)
    assert unused.fingerprint == opened(folder, min_per_class=0).fingerprint


def test_a_length_that_no_text_has(folder: Path) -> None:
    with pytest.raises(CorpusError, match=r"no sentence of other holds 31 .*--length"):
        make_plan(options(folder, length_min=31, length_max=31))
    with pytest.raises(SettingsError, match=r"line length 5 to 4.*max_inserted 2"):
        PlanSettings(length_min=5, length_max=4, max_inserted=2.0)


def test_a_corpus_without_long_sentences_leaves_them_to_the_other(folder: Path) -> None:
    plan = opened(folder, length_min=30, length_max=31, min_per_class=0)
    texts = plan.texts(np.arange(5000))
    assert not (texts.corpus[texts.lengths == 31] == 1).any()
    assert (texts.corpus[texts.lengths == 30] == 1).any()


def test_a_text_that_changed_gives_another_plan(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "grows.txt"
    file.write_text(COMMON, encoding="utf-8")
    before = make_plan(options(folder, corpora=(str(file),), min_per_class=0))
    assert make_plan(options(folder, corpora=(str(file),), min_per_class=0)) is before
    file.write_text(COMMON + "\n" + COMMON[::-1], encoding="utf-8")
    after = make_plan(options(folder, corpora=(str(file),), min_per_class=0))
    assert after.fingerprint != before.fingerprint


def test_words_hold_their_character() -> None:
    classes = np.array(ALPHABET.encode("蝴魑鼷"))
    words = words_with(ALPHABET, classes)
    fractions = np.array([0.0, 0.5, 0.5])
    ids, lengths = words.choose(classes, np.array([4, 4, 4]), fractions)
    spelled = [ALPHABET.decode(row[:n]) for row, n in zip(ids, lengths, strict=True)]
    assert spelled == ["蝴蝶", "魑魅", "鼷"]
    ids, lengths = words.choose(classes, np.array([1, 1, 1]), fractions)
    assert lengths.tolist() == [1, 1, 1] and ids[:, 0].tolist() == classes.tolist()


def test_given_lines_come_in_turn(folder: Path) -> None:
    file = folder / "given.txt"
    file.write_text("天地玄黄\n\n宇宙洪荒，日月\n", encoding="utf-8")
    plan = make_plan(options(folder, lines=str(file)))
    assert isinstance(plan, LinesPlan)
    texts = plan.texts(np.arange(3))
    decoded = [ALPHABET.decode(r[:n]) for r, n in zip(texts.class_ids, texts.lengths, strict=True)]
    assert decoded == ["天地玄黄", "宇宙洪荒，日月", "天地玄黄"]
    assert int(texts.sentence[0]) == sentence_hash("天地玄黄")
    file.write_text("天地玄黄\n地球，宇宙\n海洋\n", encoding="utf-8")
    with pytest.raises(AlphabetError, match=r"'球' \(line 2\), '海' \(line 3\)"):
        make_plan(options(folder, lines=str(file), seed=9))


def test_spaces_that_the_alphabet_lacks_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "spaced.txt"
    file.write_text("Hello OCR 世界\n世界\n  世 界\u3000\n", encoding="utf-8")
    plan = make_plan(PlanSettings(lines=str(file)))
    assert plan.notes == (
        f"2 of 3 lines of {file} hold spaces, which the alphabet lacks: they are left out of"
        " images and labels ('Hello OCR 世界')",
    )
    (tmp_path / "alphabet.txt").write_text("世\n界\n \n", encoding="utf-8")
    file.write_text("世 界\n", encoding="utf-8")
    settings = PlanSettings(lines=str(file), alphabet=str(tmp_path / "alphabet.txt"))
    assert make_plan(settings).notes == ()


def test_starter_text_is_reused_as_often_as_asked() -> None:
    plan = make_plan(PlanSettings(corpora=("news", "classical")))
    texts = plan.texts(np.arange(2000))
    assert (texts.lengths == 10).all() and (texts.class_ids > 0).all()
    uses = plan.coverage_report(RATE_LINES).corpora
    assert [use.name for use in uses] == ["news", "classical"]
    assert all(use.uses == RATE_LINES / 2 / use.windows > 1 for use in uses)
    news = open_corpus("news").sources[0]
    assert news in plan.sources and news.licence == "CC0-1.0"


def test_given_lines_end_at_line_feeds_alone_and_are_named_by_their_number(tmp_path: Path) -> None:
    file = tmp_path / "given.txt"
    file.write_bytes("\r\n\n一二三\u2028四五\r\n六七\x0b八九\r十\n".encode())
    plan = make_plan(PlanSettings(lines=str(file)))
    assert plan.texts(np.arange(3)).lengths.tolist() == [5, 4, 1]
    file.write_bytes("\n\n一二三\r\n四五\n六七☃\n".encode())
    with pytest.raises(AlphabetError, match=r"'☃' \(line 5\)"):
        make_plan(PlanSettings(lines=str(file)))
