"""Text with signs between Chinese characters."""

import re
from pathlib import Path

import pytest

from ocrbase.errors import DiskError, InputError
from pipelines.signs_text import Signs, main

SENTENCE = "如果你已经安装了所有的软件包，请在终端里输入 make 然后等待它结束。"


def _chinese(text: str) -> str:
    return "".join(re.findall(r"[\u4e00-\u9fff，。]", text))


def test_the_sentence_stays_and_pieces_come_between() -> None:
    put_signs = Signs(["make", "Debian"]).put_into
    made = [put_signs(SENTENCE) for _ in range(400)]
    assert {_chinese(text) for text in made} == {_chinese(SENTENCE)}
    assert all(len(text) > len(SENTENCE) and "  " not in text for text in made)
    signs = set("".join(made)) - set(SENTENCE)
    assert set("\\{}[]_/~-@:.^<>\"'‘’“”()×C+%$#=&|*0123456789") <= signs
    assert put_signs("请看。") == ""


def test_same_text_same_signs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "manual.txt"
    source.write_text(f"{SENTENCE}\n太短。\n{SENTENCE}\n", encoding="utf-8")
    texts = []
    for name in ("one.txt", "two.txt"):
        out = tmp_path / name
        assert main([str(source), "--out", str(out)]) == 0
        texts.append(out.read_text(encoding="utf-8"))
    assert texts[0] == texts[1] and len(texts[0].splitlines()) == 2
    assert "2 paragraphs, " in capsys.readouterr().out


def test_nothing_of_the_users_is_replaced_and_text_without_words_is_refused(tmp_path: Path) -> None:
    source, out = tmp_path / "prose.txt", tmp_path / "mine.txt"
    source.write_text("天地玄黄，宇宙洪荒。", encoding="utf-8")
    out.write_text("mine", encoding="utf-8")
    for place in (out, source):
        with pytest.raises(DiskError, match=place.name):
            main([str(source), "--out", str(place)])
    with pytest.raises(InputError, match=r"prose\.txt holds no Latin words"):
        main([str(source), "--out", str(tmp_path / "signs.txt")])
    assert out.read_text(encoding="utf-8") == "mine"
