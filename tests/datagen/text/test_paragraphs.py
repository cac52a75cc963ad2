"""Lines that are cut from whole paragraphs run over the ends of sentences."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from datagen.cli import main
from datagen.formats.tar.reader import RenderReader
from datagen.text.plan import WindowPlan, make_plan
from datagen.text.plan_settings import PlanSettings

PARAGRAPHS = (
    "昨天夜里下了一场很大的雨。今天早上街上到处都是积水！孩子们穿着雨靴去上学。",
    "列车将在十分钟之后到站。请乘客们提前准备好自己的行李？谢谢大家的配合与支持。",
)
LINES = np.arange(2000)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(PARAGRAPHS), encoding="utf-8")
    return path


def _plan(text: Path, paragraphs: bool) -> WindowPlan:
    settings = PlanSettings(
        (str(text),), length_min=8, length_max=12, min_per_class=0, paragraphs=paragraphs
    )
    plan = make_plan(settings)
    assert isinstance(plan, WindowPlan)
    return plan


def _lines(plan: WindowPlan) -> list[str]:
    return [plan.alphabet.decode(row) for row in plan.texts(LINES).class_ids]


def test_only_lines_of_paragraphs_have_ends_of_sentences_inside(text: Path) -> None:
    sentences, paragraphs = _lines(_plan(text, False)), _lines(_plan(text, True))
    assert not any(mark in line[:-1] for line in sentences for mark in "。！？")
    crossing = sum(any(mark in line[:-1] for mark in "。！？") for line in paragraphs)
    assert crossing > 0.3 * len(paragraphs)
    assert all(any(line in paragraph for paragraph in PARAGRAPHS) for line in paragraphs)
    assert set(paragraphs) >= {PARAGRAPHS[0][:8], PARAGRAPHS[1][-8:]}


def test_a_paragraph_is_one_group_of_the_split(text: Path) -> None:
    plan = _plan(text, True)
    groups, lines = plan.texts(LINES).sentence, _lines(plan)
    first = np.array([line in PARAGRAPHS[0] for line in lines])
    assert len(set(groups[first].tolist())) == len(set(groups[~first].tolist())) == 1
    assert len(set(groups.tolist())) == 2
    assert len(set(_plan(text, False).texts(LINES).sentence.tolist())) == 6


def test_it_is_another_plan_and_an_option(text: Path, tmp_path: Path) -> None:
    assert _plan(text, True).fingerprint != _plan(text, False).fingerprint
    words = ["render", "--corpus", str(text), "-n", "60", "--jobs", "1", "--min-per-class", "0"]
    out = tmp_path / "r"
    done = CliRunner().invoke(main, [*words, "--paragraphs", "--out", str(out)])
    assert not done.return_value, done.output
    assert any("。" in line[:-1] for line in RenderReader(out).read(range(60)).texts)
    other = CliRunner().invoke(main, [*words, "--sentences", "--out", str(out), "-n", "70"])
    assert other.return_value == 1 and "paragraphs" in other.output
