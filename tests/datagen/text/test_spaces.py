"""Text over an alphabet with a space: single spaces inside of lines, none at their ends."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from corpora import CorpusError, open_corpus
from datagen.alphabet import Alphabet, builtin, write_list
from datagen.text.given_lines import LinesPlan
from datagen.text.index import open_index
from datagen.text.plan import WindowPlan, make_plan
from datagen.text.plan_settings import RATE_LINES, PlanSettings
from datagen.text.statistics import text_statistics

SPACED = Alphabet(("", *"天地玄黄宇宙洪荒，。abcde12", " ", "鼷"))
WORDS = ("天地", "玄黄宇", "abc", "de", "12", "洪荒，", "宙", "a")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spaces")
    write_list(SPACED, folder / "alphabet.txt")
    rng = np.random.default_rng(5)
    rows = [" ".join(rng.choice(WORDS, rng.integers(6, 14))) for _ in range(400)]
    rows += ["天地X abc  de\u3000玄黄 Y 宇宙 abc de 12 天地玄黄"]
    (folder / "text.txt").write_text("\n".join(rows), encoding="utf-8")
    return folder


def plan_of(folder: Path, **changes: object) -> WindowPlan:
    settings = {"corpora": (f"{folder}/text.txt",), "alphabet": f"{folder}/alphabet.txt"}
    settings |= {"length_min": 4, "length_max": 7, "min_per_class": 0, **changes}
    plan = make_plan(PlanSettings(**settings))  # type: ignore[arg-type]
    assert isinstance(plan, WindowPlan)
    return plan


def lines_of(plan: WindowPlan, n: int) -> list[str]:
    texts = plan.texts(np.arange(n))
    ids = zip(texts.class_ids, texts.lengths, strict=True)
    return [SPACED.decode(row[:length].tolist()) for row, length in ids]


def test_no_line_begins_or_ends_with_a_space_or_holds_two(folder: Path) -> None:
    lines = lines_of(plan_of(folder), 20_000)
    assert all(line == line.strip() and "  " not in line for line in lines)
    assert sum(" " in line for line in lines) > 10_000
    assert np.bincount(list(map(len, lines)))[4:] / 20_000 == pytest.approx([0.25] * 4, abs=0.02)


def test_every_window_that_may_be_shown_comes_as_often_as_any_other(folder: Path) -> None:
    plan = plan_of(folder, length_min=6, length_max=6)
    sentences = [SPACED.normalise(s) for s in open_corpus(f"{folder}/text.txt").sentences()]
    runs = [r.strip() for s in sentences for r in s.replace("Y", "X").split("X")]
    windows = [r[k : k + 6] for r in runs for k in range(len(r) - 5)]
    allowed = [w for w in windows if w == w.strip()]
    assert plan.windows.usable.tolist() == [[len(allowed)]] < plan.windows.counts.tolist()
    n = 30 * len(allowed)
    drawn, wanted = Counter(lines_of(plan, n)), Counter(allowed)
    assert set(drawn) == set(wanted)
    spread = sum((drawn[w] - 30 * k) ** 2 / (30 * k) for w, k in wanted.items()) / len(wanted)
    assert spread == pytest.approx(1.0, abs=0.1)  # chi-square over its freedom


def test_the_expected_counts_are_those_that_come(folder: Path) -> None:
    plan = plan_of(folder)
    found = np.bincount(plan.texts(np.arange(50_000)).class_ids.ravel(), minlength=len(SPACED))
    expected = plan.windows.expected(len(SPACED)) * 50_000
    assert found[SPACED.space] > 10_000
    assert np.abs(found - expected)[1:].max() < 5 * np.sqrt(expected.max())


def test_a_line_depends_on_its_index_alone(folder: Path) -> None:
    plan = plan_of(folder)
    whole = plan.texts(np.arange(500))
    some = np.array([499, 3, 77])
    assert np.array_equal(plan.texts(some).class_ids, whole.class_ids[some])
    assert np.array_equal(plan.texts(some).sentence, whole.sentence[some])


def test_rare_class_lines_keep_their_spaces_and_get_no_new_ones(folder: Path) -> None:
    plan = plan_of(folder, min_per_class=RATE_LINES // 20, max_inserted=0.5)
    texts = plan.texts(np.arange(20_000))
    lines = lines_of(plan, 20_000)
    assert (texts.inserted > 0).sum() > 500 and sum("鼷" in line for line in lines) > 500
    assert all(line == line.strip() and "  " not in line for line in lines)
    spaces = [line.count(" ") for line in lines]
    altered, plain = (np.mean(np.array(spaces)[texts.inserted > 0]), np.mean(spaces))
    assert altered <= plain


def test_spaces_beside_a_character_outside_are_not_in_the_index(folder: Path) -> None:
    index = open_index(open_corpus(f"{folder}/text.txt"), SPACED)
    runs = [
        SPACED.decode(index.ids[s : s + n].tolist())
        for s, n in zip(index.run_start, index.run_length, strict=True)
    ]
    assert runs[-3:] == ["天地", "abc de 玄黄", "宇宙 abc de 12 天地玄黄"]
    assert index.losses.outside == {"X": 1, "Y": 1}


def test_a_text_without_a_line_between_spaces_says_so(tmp_path: Path) -> None:
    write_list(SPACED, tmp_path / "alphabet.txt")
    (tmp_path / "text.txt").write_text("a b c d e a b c d e\n" * 9, encoding="utf-8")
    plan = plan_of(tmp_path, length_min=4, length_max=4)
    with pytest.raises(CorpusError, match="hardly a stretch of 4 characters of text begins"):
        plan.texts(np.arange(3))
    assert "a b c" in lines_of(plan_of(tmp_path, length_min=5, length_max=5), 50)


def test_a_text_without_spaces_leaves_the_space_short(tmp_path: Path) -> None:
    write_list(SPACED, tmp_path / "alphabet.txt")
    (tmp_path / "text.txt").write_text("天地玄黄宇宙洪荒\n" * 9, encoding="utf-8")
    report = plan_of(tmp_path, min_per_class=1000).coverage_report(10_000)
    assert " " in report.short and "␣" in report.lines()[-1]


def test_given_lines_keep_their_spaces(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("合计\u3000￥1,234.56 元\n  Hello,\u00a0 World \n", encoding="utf-8")
    for name, texts in (
        ("general", ["合计 ￥1,234.56 元", "Hello, World"]),
        ("5990", ["Hello,World"]),
    ):
        if name == "5990":
            file.write_text("Hello, World\n", encoding="utf-8")
        plan = make_plan(PlanSettings(lines=str(file), alphabet=name))
        assert isinstance(plan, LinesPlan)
        drawn = plan.texts(np.arange(len(texts)))
        ids = zip(drawn.class_ids, drawn.lengths, strict=True)
        assert [builtin(name).decode(row[:k].tolist()) for row, k in ids] == texts
        assert any("hold spaces" in note for note in plan.notes) == (name == "5990")


def test_statistics_count_spaces_where_the_alphabet_has_them(folder: Path) -> None:
    spec = [f"{folder}/text.txt"]
    spaced = text_statistics(spec, SPACED, n=1000, length=6)
    write_list(Alphabet(tuple(s for s in SPACED.symbols if s != " ")), folder / "narrow.txt")
    narrow = text_statistics(spec, Alphabet.open(folder / "narrow.txt"), n=1000, length=6)
    assert spaced.characters > narrow.characters and spaced.covered == narrow.covered + 1
    assert spaced.windows == plan_of(folder, length_min=6, length_max=6).windows.usable.sum()
