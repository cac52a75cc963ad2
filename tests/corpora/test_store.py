"""Text of a user's own: added, listed, counted, generated from templates, removed."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from corpora import CorpusError, open_corpus
from corpora.templates import read_templates
from datagen.alphabet import builtin, load
from datagen.cli import main
from datagen.text.alphabets import build_alphabet
from datagen.text.plan import make_plan
from datagen.text.plan_settings import PlanSettings
from datagen.text.statistics import text_statistics
from ocrbase.locks import owned

TEXT = (
    "从前有一座山，山里有一座庙，庙里有一个老和尚。\n春天来了，万物复苏，到处是一片生机勃勃的景象！"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("OCRGEN_HOME")
    return tmp_path / "home"


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    return int(result.return_value or result.exit_code), result.output


def test_added_text_is_used_by_name_and_removed(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "tales.txt"
    file.write_bytes(TEXT.encode("gb18030"))
    code, output = run("corpus", "add", "tales", file, "--licence", "CC0", "--home", home)
    assert code == 0 and "added 2 sentences" in output and "GB18030" in output
    file.unlink()
    corpus = open_corpus("tales", home=home)
    assert list(corpus.sentences()) == TEXT.split("\n")
    assert corpus.licence == "CC0"
    assert "tales/files-1: CC0" in run("corpus", "list", "--home", home)[1]
    settings = PlanSettings(corpora=("tales",), home=str(home), min_per_class=0)
    plan = make_plan(settings)
    assert plan.texts(np.arange(5)).lengths.tolist() == [10] * 5
    assert run("corpus", "remove", "tales", "--home", home)[0] == 0
    with pytest.raises(CorpusError, match="no corpus 'tales'"):
        open_corpus("tales", home=home)


def test_a_folder_is_added_as_it_is_read(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    (folder / "sub").mkdir(parents=True)
    (folder / "LICENSE.txt").write_text("许可证的文字不是语料，不应该读进来。", encoding="utf-8")
    (folder / "sub" / "a.txt").write_text(TEXT, encoding="utf-8")
    (folder / "a.txt").write_text("两个文件的名字相同，内容不相同。", encoding="utf-8")
    (tmp_path / "notes").write_text("没有后缀的文件也能添加进来。", encoding="utf-8")
    code, output = run("corpus", "add", "own", folder, tmp_path / "notes", "--home", home)
    assert code == 0 and "added 4 sentences" in output
    sentences = list(open_corpus("own", home=home).sentences())
    assert sorted(sentences) == sorted(
        [*TEXT.split("\n"), "两个文件的名字相同，内容不相同。", "没有后缀的文件也能添加进来。"]
    )


def test_text_added_to_news_joins_the_starter_text(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"body": "今天的新闻说明天要下雨了。"}', encoding="utf-8")
    before = list(open_corpus("news", home=home).sentences())
    code, output = run("corpus", "add", "news", tmp_path / "a.jsonl", "--home", home)
    assert code == 1 and "no text in field 'text'" in output
    run("corpus", "add", "news", tmp_path / "a.jsonl", "--field", "body", "--home", home)
    corpus = open_corpus("news", home=home)
    assert list(corpus.sentences()) == [*before, "今天的新闻说明天要下雨了。"]
    assert [source.name for source in corpus.sources] == ["starter news", "news/files-1"]
    assert run("corpus", "remove", "news", "--source", "files-1", "--home", home)[0] == 0
    assert list(open_corpus("news", home=home).sentences()) == before


def test_what_cannot_be_added_leaves_nothing(home: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(TEXT.encode() + b"\xff")
    (tmp_path / "empty.txt").write_bytes(b"\n\n")
    cases = (("a/b", "bad.txt", "cannot be a name"), ("fields", "bad.txt", "is generated"))
    cases += (("x", "bad.txt", "bad byte 0xff at offset"), ("x", "empty.txt", "no text in there"))
    cases += (("x", "absent.txt", "there is no file"),)
    for name, file, message in cases:
        code, output = run("corpus", "add", name, tmp_path / file, "--home", home)
        assert code == 1 and message in output, output
    assert not list(home.rglob("*")) or not list((home / "corpora").iterdir())
    code, output = run("corpus", "remove", "news", "--home", home)
    assert code == 1 and "built-in text cannot be removed" in output


def test_templates_write_what_they_say(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "plates.toml"
    file.write_text(
        'lines = 300\ntemplates = ["车牌号码{province}{A1}·{d5}", '
        '{ text = "第{z1-99}号文件{{{x2}}}，金额{amount}", weight = 2 }]\n'
        '[sets]\nprovince = ["京", "沪"]\n',
        encoding="utf-8",
    )
    lines = list(open_corpus(str(file)).sentences())
    assert len(lines) == 300 and lines == list(read_templates(file).sentences())
    import re

    plates = [line for line in lines if re.fullmatch(r"车牌号码[京沪][A-Z]·\d{5}", line)]
    papers = [
        line
        for line in lines
        if re.fullmatch(r"第[一二三四五六七八九十]+号文件\{[0-9A-F]{2}\}，金额.+[整分]", line)
    ]
    assert len(plates) + len(papers) == 300 and 60 < len(plates) < 140
    assert run("corpus", "add", "plates", file, "--home", home)[0] == 0
    assert list(open_corpus("plates", home=home).sentences()) == lines


def test_a_bad_template_names_all_its_faults(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('templates = ["{q7}", "{n9-1}"]\nline = 3\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"'line'.*unknown field \{q7\}.*\{n9-1\} is an empty"):
        open_corpus(str(file))


def test_synthetic_text_is_labelled_and_reaches_other_words() -> None:
    corpus = open_corpus("synthetic")
    assert "no real text" in corpus.attribution
    sentences = corpus.sentences()
    first = [next(sentences) for _ in range(2000)]
    again = corpus.sentences()
    assert first[:50] == [next(again) for _ in range(50)]
    text = "".join(first)
    known = set("".join(open_corpus("news").sentences()))
    assert len({c for c in set(text) - known if "一" <= c <= "鿿"}) > 50
    hanzi = sum("一" <= c <= "鿿" for c in text)
    assert 0.7 < hanzi / len(text) < 0.95
    assert any(c.isdigit() for c in text) and any(c.isascii() and c.isalpha() for c in text)


def test_statistics_count_what_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text(TEXT + "\n這是繁體字的句子，長度足夠。\n很短。", encoding="utf-8")
    statistics = text_statistics([str(file)], builtin(), n=1000, length=10)
    text = file.read_text(encoding="utf-8").replace("\n", "")
    assert statistics.characters == len(text) and statistics.distinct == len(set(text))
    assert statistics.outside == {c: text.count(c) for c in text if c not in builtin()}
    assert len(statistics.outside) >= 4
    assert statistics.sentences == 4 and statistics.sentences_too_short == 2
    assert statistics.covered == len(set(text) - set(statistics.outside))
    assert statistics.tail["1"] >= statistics.classes - statistics.covered
    assert sum(statistics.expected) == pytest.approx(10_000)


def test_stats_as_table_json_and_plot(tmp_path: Path) -> None:
    picture = tmp_path / "tail.png"
    code, output = run("corpus", "stats", "news:0.85", "classical:0.15", "--plot", picture)
    assert code == 0 and "classes covered" in output and "news 85%" in output
    with Image.open(picture) as image:
        assert image.size == (960, 600)
    result = CliRunner().invoke(main, ["corpus", "stats", "news", "--format", "json", "--n", "100"])
    values = json.loads(result.output)
    assert values["n"] == 100 and len(values["expected"]) == 5989
    assert values["sources"][0]["licence"] == "CC0-1.0"
    assert run("corpus", "stats", "nothing")[0] == 1


def test_an_alphabet_from_text(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("甲甲甲甲甲乙乙乙丙丙丁，ＡＢ１\n" * 2, encoding="utf-8")
    out = tmp_path / "alphabet.txt"
    code, output = run(
        "alphabet", "build", "--corpus", file, "--out", out, "--include", "digits",
        "--classes", 14, "--min-count", 3,
    )  # fmt: skip
    assert code == 0, output
    alphabet = load(out)
    assert alphabet.characters == "0123456789甲乙丙"
    code, output = run("alphabet", "build", "--corpus", file, "--out", out)
    assert code == 1 and "--overwrite" in output
    code, output = run(
        "alphabet", "build", "--corpus", file, "--out", out, "--overwrite", "--classes", 50
    )
    assert code == 1 and "50 classes cannot hold" in output and "from 118" in output


@pytest.mark.parametrize("classes", [1000, 3000])
def test_other_sizes_work_through_the_plan(tmp_path: Path, classes: int) -> None:
    built = build_alphabet(
        ["news:0.8", "classical:0.2"],
        classes=classes,
        min_count=1,
        include=["ascii", "punctuation"],
    )
    assert len(built.alphabet) == classes and 0.75 < built.covered <= 1
    from datagen.alphabet import write_list

    write_list(built.alphabet, tmp_path / "list.txt")
    settings = PlanSettings(corpora=("news", "classical"), alphabet=str(tmp_path / "list.txt"))
    plan = make_plan(settings)
    texts = plan.texts(np.arange(2000))
    assert texts.class_ids.max() < classes
    assert not plan.coverage_report(3_600_000).short


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("readme.txt", TEXT.encode()),
        (".notes.txt", TEXT.encode()),
        ("tales.gz", gzip.compress(TEXT.encode())),
        ("tales.jsonl.bak", f'{{"text": "{TEXT.replace(chr(10), "")}"}}'.encode()),
        ("tales.md", TEXT.encode()),
    ],
)
def test_what_is_added_is_read_as_it_was_counted(
    home: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    code, output = run("corpus", "add", "tales", tmp_path / name, "--home", home)
    assert code == 0 and "added 2 sentences" in output
    assert list(open_corpus("tales", home=home).sentences()) == TEXT.split("\n")


def test_two_who_add_to_one_name_do_so_one_after_the_other(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    with owned(home / "corpora" / "tales"):
        code, output = run("corpus", "add", "tales", tmp_path / "a.txt", "--home", home)
    assert code == 1 and f"process {os.getpid()}" in output
    assert run("corpus", "add", "tales", tmp_path / "a.txt", "--home", home)[0] == 0
