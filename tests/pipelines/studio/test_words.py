"""Both languages have every word that the page uses."""

import ast
from dataclasses import fields
from pathlib import Path

import pipelines.studio
from datagen.drawing.effects import EFFECTS
from datagen.drawing.style import Style
from pipelines.studio.effect_words import CHINESE as EFFECT_WORDS
from pipelines.studio.effect_words import effect_words
from pipelines.studio.words import CHINESE, Words

FOLDER = Path(pipelines.studio.__file__).parent


def _used() -> set[str]:
    """First arguments of `word(...)`, `words(...)` and `self.words(...)`."""
    used = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = (
                    node.func.id
                    if isinstance(node.func, ast.Name)
                    else getattr(node.func, "attr", "")
                )
                if name in ("word", "words") and isinstance(node.args[0].value, str):
                    used.add(node.args[0].value)
    return used


def test_every_word_is_translated_and_every_translation_used() -> None:
    titles = {"Look", "Data", "Read", "Runs", "Loss per character", "Character error rate",
              "Lines right", "class", "lines", "weak → strong", "low → high"}  # fmt: skip
    titles |= {section.name for section in fields(Style)}
    assert _used() <= set(CHINESE)
    assert set(CHINESE) == _used() | titles
    assert Words("zh")("Look") == "样式"
    assert Words("en")("Look") == "Look"


def test_every_effect_has_a_name_of_its_own_in_chinese() -> None:
    assert list(EFFECT_WORDS) == [effect.name for effect in EFFECTS]
    assert len({name for name, _ in EFFECT_WORDS.values()}) == len(EFFECTS)
    assert effect_words(EFFECTS[0], "zh") == ("字号", "字身大小；放不下时更小")
    assert effect_words(EFFECTS[0], "en") == (EFFECTS[0].name, EFFECTS[0].meaning)
