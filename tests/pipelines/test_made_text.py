"""Text that is made of text, kind by kind."""

import re
from pathlib import Path
from random import Random

import pytest

from ocrbase.errors import DiskError, InputError
from pipelines.made_text.__main__ import KINDS, main
from pipelines.made_text.half_width import in_half_width
from pipelines.made_text.items import as_items
from pipelines.made_text.lookalikes import EXCHANGED, lookalikes, with_lookalikes
from pipelines.made_text.signs import Signs, with_signs

SENTENCE = "如果你已经安装了所有的软件包，请在终端里输入 make 然后等待它结束。"


def _chinese(text: str) -> str:
    return "".join(re.findall(r"[\u4e00-\u9fff，。]", text))


def test_the_sentence_stays_and_pieces_come_between() -> None:
    put_signs = Signs(["make", "Debian"], Random(5)).put_into
    made = [put_signs(SENTENCE) for _ in range(400)]
    assert {_chinese(text) for text in made} == {_chinese(SENTENCE)}
    assert all(len(text) > len(SENTENCE) and "  " not in text for text in made)
    signs = set("".join(made)) - set(SENTENCE)
    assert set("\\{}[]_/~-@:.^<>\"'‘’“”()×C+%$#=&|*0123456789") <= signs
    assert len(list(with_signs([SENTENCE, "请看。"], Random(5)))) == 1


def test_items_are_sentences_behind_numbers() -> None:
    sentences = (SENTENCE, "第二句话也在同一段里面。")
    made = list(as_items(["".join(sentences)] * 200, Random(1)))
    number = re.compile(r"(?:[(（]?\d+[)）]|\d+、|[\d.]+|图 [\d.]+|第 \d+ 章) ?")
    for text, whole in zip(made, sentences * 200, strict=True):
        found = number.match(text)
        assert found is not None
        shown = text[found.end() :]
        assert 4 <= len(shown) <= 26 and whole.startswith(shown)
    assert {text[0] for text in made} >= set("1234(（图第")


def test_marks_of_a_paragraph_are_of_half_width_all_or_commas_and_stops() -> None:
    paragraph = "他说：“是的……好吧，那么（也许）再等一等。”大家都没有说话。"
    made = list(in_half_width([paragraph] * 100, Random(2)))
    assert {text for text in made if not re.search(r"\d", text)} == {
        '他说:"是的...好吧,那么(也许)再等一等."大家都没有说话.',
        "他说：“是的...好吧,那么（也许）再等一等.”大家都没有说话.",
    }


def test_characters_give_way_to_their_lookalikes_alone() -> None:
    like = lookalikes()
    for one, other in ("未末", "竟竞", "氮氦", "鸣呜", "千干", "土士", "己已", "刺剌"):
        assert other in like[one][0] and one in like[other][0]
    assert "一" not in like["龙"][0] and len(like) > 5000
    text = "".join(like)[:4000]
    (made,) = with_lookalikes([text], Random(3))
    changed = [(a, b) for a, b in zip(text, made, strict=True) if a != b]
    assert all(b in like[a][0] for a, b in changed)
    assert abs(len(changed) / len(text) - EXCHANGED) < 0.03
    assert list(with_lookalikes(["abc, 123"], Random(3))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_same_text_same_result(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "manual.txt"
    source.write_text(f"{SENTENCE}\n太短。\n{SENTENCE}\n", encoding="utf-8")
    texts = []
    for name in ("one.txt", "two.txt"):
        out = tmp_path / name
        assert main([kind, str(source), "--out", str(out)]) == 0
        texts.append(out.read_text(encoding="utf-8"))
    assert texts[0] == texts[1] and 2 <= len(texts[0].splitlines()) <= 3
    assert "paragraphs, " in capsys.readouterr().out
    out = tmp_path / "other.txt"
    assert main([kind, str(source), "--out", str(out), "--seed", "6"]) == 0
    assert out.read_text(encoding="utf-8") != texts[0]


def test_nothing_of_the_users_is_replaced_and_text_without_words_is_refused(tmp_path: Path) -> None:
    source, out = tmp_path / "prose.txt", tmp_path / "mine.txt"
    source.write_text("天地玄黄，宇宙洪荒。", encoding="utf-8")
    out.write_text("mine", encoding="utf-8")
    for place in (out, source):
        with pytest.raises(DiskError, match=place.name):
            main(["signs", str(source), "--out", str(place)])
    with pytest.raises(
        InputError, match=r"prose\.txt holds no Latin words, or short paragraphs alone"
    ):
        main(["signs", str(source), "--out", str(tmp_path / "signs.txt")])
    assert out.read_text(encoding="utf-8") == "mine"
