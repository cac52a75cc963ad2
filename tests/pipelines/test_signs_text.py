"""Text with signs between Chinese characters."""

import random
import re
from pathlib import Path

import pytest

from pipelines.signs_text import Pieces, main, with_signs

SENTENCE = "如果你已经安装了所有的软件包，请在终端里输入 make 然后等待它结束。"


def _chinese(text: str) -> str:
    return "".join(re.findall(r"[\u4e00-\u9fff，。]", text))


def test_the_sentence_stays_and_pieces_come_between() -> None:
    draws = random.Random(1)
    pieces = Pieces(draws, ["make", "Debian"])
    made = [with_signs(SENTENCE, pieces, draws) for _ in range(400)]
    assert {_chinese(text) for text in made} == {_chinese(SENTENCE)}
    assert all(len(text) > len(SENTENCE) and "  " not in text for text in made)
    signs = set("".join(made)) - set(SENTENCE)
    assert set("\\{}[]_/~-@:.^<>\"'‘’“”()×C+%$#=&|*0123456789") <= signs
    assert with_signs("请看。", pieces, draws) == ""


def test_same_text_same_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "manual.txt"
    source.write_text(f"{SENTENCE}\n太短。\n{SENTENCE}\n", encoding="utf-8")
    texts = []
    for name in ("one.txt", "two.txt"):
        out = tmp_path / name
        monkeypatch.setattr("sys.argv", ["signs_text", str(source), "--out", str(out)])
        main()
        texts.append(out.read_text(encoding="utf-8"))
    assert texts[0] == texts[1] and len(texts[0].splitlines()) == 2
    assert "2 lines, " in capsys.readouterr().out
