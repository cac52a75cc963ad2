"""Every command in the READMEs exists, with every option that it is shown with."""

import re
import shlex

import click
import pytest

from tests.support.paths import ROOT

READMES = ("README.md", "README.zh-CN.md")


def _shown(name: str) -> list[list[str]]:
    text = (ROOT / name).read_text(encoding="utf-8")
    rows = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    commands = [part.strip() for row in rows for part in row.split("&&")]
    return [shlex.split(row, comments=True) for row in commands if row.startswith("ocr")]


def _options(words: list[str]) -> tuple[set[str], set[str]]:
    """The options shown, and those that the command has."""
    if words[0] == "ocrgen":
        from datagen.cli import main as group
    else:
        from training.cli import main as group
    command: click.Command = group
    context = click.Context(group)
    rest = words[1:]
    while isinstance(command, click.Group) and rest:
        inner = command.get_command(context, rest[0])
        assert inner is not None, f"{' '.join(words)}: no command {rest[0]}"
        command, rest = inner, rest[1:]
    known = {opt for p in command.params for opt in (*p.opts, *p.secondary_opts)}
    return {word.split("=")[0] for word in rest if word.startswith("--")}, known


@pytest.mark.parametrize("name", READMES)
def test_commands_and_options_exist(name: str) -> None:
    shown = _shown(name)
    assert len(shown) > 10
    for words in shown:
        options, known = _options(words)
        assert options <= known, f"{shlex.join(words)}: {options - known}"


def test_both_readmes_show_the_same_commands() -> None:
    english, chinese = (
        {tuple(word for word in row if word.isascii()) for row in _shown(name)} for name in READMES
    )
    assert {row[:2] for row in english} == {row[:2] for row in chinese}


@pytest.mark.parametrize("name", READMES)
def test_files_that_are_linked_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    missing = [link for link in links if not (ROOT / link).exists()]
    assert links and not missing
