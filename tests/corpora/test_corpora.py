"""Reading text as people have it: sentences, encodings, names and weights."""

import gzip
import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora import CorpusError, open_corpus, parse_mix
from corpora.numerals import amount, spoken
from corpora.sentences import sentences_of

FIRST = "今年的粮食产量比去年高了一成。"
SECOND = "老人说：“这样的好年景，几十年没有见过了！”"
THIRD = "大家都很高兴，盼着来年再有这样的收成……"


def read(path: Path | str) -> list[str]:
    return list(open_corpus(str(path)).sentences())


def test_a_sentence_ends_after_its_closing_quotes() -> None:
    assert list(sentences_of(FIRST + SECOND + THIRD)) == [FIRST, SECOND, THIRD]
    assert list(sentences_of("（" + FIRST + "）" + SECOND)) == ["（" + FIRST + "）", SECOND]


def test_an_ascii_quote_closes_only_what_is_open() -> None:
    closing = 'A说："今天的天气真是好极了。"'
    opening = '"明天会不会下雨还不知道。"'
    assert list(sentences_of(closing + opening)) == [closing, opening]


def test_a_short_piece_joins_its_neighbour() -> None:
    assert list(sentences_of("好。" + FIRST)) == ["好。" + FIRST]
    assert list(sentences_of(FIRST + "好！")) == [FIRST + "好！"]
    assert list(sentences_of("子曰：“善。”门人皆喜。")) == ["子曰：“善。”门人皆喜。"]
    assert list(sentences_of("太短了。")) == ["太短了。"]
    assert list(sentences_of("一 二 三 四 五。" + FIRST)) == ["一 二 三 四 五。" + FIRST]


@given(st.text(alphabet='春眠不觉晓。！…”"（） a', max_size=120))
def test_sentences_lose_nothing_but_outer_spaces(paragraph: str) -> None:
    sentences = list(sentences_of(paragraph))
    assert "".join("".join(sentences).split()) == "".join(paragraph.split())
    if len(sentences) > 1:
        assert min(len("".join(s.split())) for s in sentences) >= 10


def test_forms_of_a_file_read_alike(tmp_path: Path) -> None:
    text = f"{FIRST}\r\n\r\n{SECOND}\n"
    (tmp_path / "plain.txt").write_bytes(text.encode())
    (tmp_path / "bom.txt").write_bytes(text.encode("utf-8-sig"))
    (tmp_path / "old.txt").write_bytes(text.encode("gb18030"))
    (tmp_path / "packed.txt.gz").write_bytes(gzip.compress(text.encode()))
    records = [{"id": 1, "body": FIRST}, {"id": 2, "body": SECOND}]
    lines = "\n".join(json.dumps(r, ensure_ascii=False) for r in records)
    (tmp_path / "records.jsonl").write_text(lines, encoding="utf-8")
    for name in ("plain.txt", "bom.txt", "old.txt", "packed.txt.gz", "records.jsonl#body"):
        assert read(tmp_path / name) == [FIRST, SECOND], name
    notes = open_corpus(str(tmp_path / "old.txt")).notes
    assert len(notes) == 1 and "GB18030" in notes[0] and "old.txt" in notes[0]
    assert open_corpus(str(tmp_path / "plain.txt")).notes == ()


def test_a_folder_is_read_in_order_without_licences(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text(SECOND, encoding="utf-8")
    (tmp_path / "a.txt").write_text(FIRST, encoding="utf-8")
    (tmp_path / "LICENSE.txt").write_text("这里是许可证的文字，不是语料。", encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    assert read(tmp_path) == [FIRST, SECOND]


def test_a_bad_byte_names_file_and_offset(tmp_path: Path) -> None:
    good = (FIRST * 100_000).encode()  # several read buffers
    file = tmp_path / "broken.txt"
    file.write_bytes(good + b"\xff" + good)
    with pytest.raises(CorpusError, match=rf"broken\.txt .*0xff at offset {len(good)};"):
        read(file)
    file.write_bytes("繁简转换的老文件，不是统一码。".encode("gb18030") + b"\xff\xff")
    with pytest.raises(CorpusError, match=r"neither UTF-8 nor GB18030: bad byte 0xff at offset 30"):
        read(file)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    packed = tmp_path / "cut.txt.gz"
    packed.write_bytes(gzip.compress((FIRST * 5000).encode())[:-20])
    with pytest.raises(CorpusError, match=r"cut\.txt\.gz is no complete gzip file"):
        read(packed)
    records = tmp_path / "r.jsonl"
    records.write_text('{"text": "好"}\n{"body": 1}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"r\.jsonl, line 2: .*'text' \(there are: body\)"):
        read(records)
    (tmp_path / "wide.txt").write_bytes(FIRST.encode("utf-16"))
    with pytest.raises(CorpusError, match=r"UTF-16.*iconv"):
        read(tmp_path / "wide.txt")


def test_a_line_without_end_is_streamed(tmp_path: Path) -> None:
    file = tmp_path / "one_line.txt"
    file.write_text(FIRST * 20_000, encoding="utf-8")
    sentences = read(file)
    assert sentences == [FIRST] * 20_000


def test_an_unknown_corpus_lists_the_names() -> None:
    with pytest.raises(CorpusError, match=r"no corpus 'neews'.*news, classical, technical, fields"):
        open_corpus("neews")


def test_weights() -> None:
    assert parse_mix(["news:85", "classical:15"]) == (("news", 0.85), ("classical", 0.15))
    assert parse_mix(["a", "b"]) == (("a", 0.5), ("b", 0.5))
    assert parse_mix(["C:\\texts:3"]) == (("C:\\texts", 1.0),)
    assert parse_mix(["a:b.txt"]) == (("a:b.txt", 1.0),)
    with pytest.raises(CorpusError, match="no weight for b"):
        parse_mix(["a:1", "b"])
    with pytest.raises(CorpusError, match="listed twice: a"):
        parse_mix(["a:1", "a:2"])
    with pytest.raises(CorpusError, match=r"1e-09 to 1e\+09: a:0"):
        parse_mix(["a:0", "b:1"])


def test_a_fingerprint_follows_the_text_only(tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text(FIRST, encoding="utf-8")
    two.write_text(FIRST, encoding="utf-8")
    assert open_corpus(str(one)).fingerprint == open_corpus(str(two)).fingerprint
    two.write_text(SECOND, encoding="utf-8")
    assert open_corpus(str(one)).fingerprint != open_corpus(str(two)).fingerprint


def test_starter_text_is_there_with_a_licence() -> None:
    for name, least in (("news", 20_000), ("classical", 8_000)):
        corpus = open_corpus(name)
        assert sum(map(len, corpus.sentences())) >= least
        assert corpus.licence == "CC0-1.0"


def test_fields_are_many_and_the_same_each_time() -> None:
    corpus = open_corpus("fields")
    lines = list(corpus.sentences())
    assert lines[:500] == list(islice(corpus.sentences(), 500))
    assert len(set(lines)) > 19_000
    assert min(map(len, lines)) >= 10


def test_numbers_in_words() -> None:
    assert [spoken(n) for n in (0, 10, 1005, 10_010)] == ["零", "十", "一千零五", "一万零一十"]
    assert amount(123_456) == "壹仟贰佰叁拾肆元伍角陆分"
    assert amount(100_005_07) == "壹拾万零伍元零柒分"
    assert (amount(100), amount(50), amount(105)) == ("壹元整", "伍角整", "壹元零伍分")
