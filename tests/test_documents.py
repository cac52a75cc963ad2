"""Every command in the documents can be typed: command, options, values and arguments are right."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from datagen.cli import main as ocrgen
from tests.support.paths import ROOT
from training.cli import main as ocrtrain
from training.cli.fit import RECIPES, settings_given
from training.cli.fit import command as fit

GROUPS: dict[str, click.Group] = {"ocrgen": ocrgen, "ocrtrain": ocrtrain}
READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in [
        *ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/weights/README.md"),
        *RECIPES.glob("*.toml"),
    ]
    if path.name != "CHANGELOG.md"  # which names what earlier releases had
)  # fmt: skip
ENDS = re.compile(r"&&|\|\||[|;>]|\s&\s")  # of a command in a shell's line


def _blocks(text: str) -> Iterator[list[str]]:
    """The commands in indented or commented lines, as a person would copy them."""
    rows = [row[1:] if row.startswith("#") else row for row in text.splitlines()]
    shown = "\n".join(row.strip() for row in rows if row.startswith("    "))
    for row in shown.replace("\\\n", " ").splitlines():
        yield from _commands(row)


def _spans(text: str) -> Iterator[list[str]]:
    """The commands that stand between backticks, where the group may be left out."""
    for span in re.findall(r"`([^`]+)`", text):
        words = span.split()
        for name, group in GROUPS.items():
            if (
                len(words) > 1
                and words[0] in group.list_commands(click.Context(group))
                and words[1].startswith("-")
            ):
                words.insert(0, name)
        yield from _commands(" ".join(words))


def _commands(row: str) -> Iterator[list[str]]:
    without_comment = re.split(r"\s#\s", row)[0]
    for part in ENDS.split(without_comment):
        words = shlex.split(part.strip().removeprefix("do ")) if "ocr" in part else []
        if words and words[0] in GROUPS:
            yield words


def _parsed(words: list[str]) -> None:
    """Parse a command as click does.

    Raises:
        click.UsageError: if it could not be typed so.
    """
    command: click.Command = GROUPS[words[0]]
    context, rest = click.Context(command, info_name=words[0]), words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        inner = command.get_command(context, rest[0])
        if inner is None:
            raise click.UsageError(f"no command {rest[0]}")
        command, rest = inner, rest[1:]
        context = click.Context(command, parent=context, info_name=words[0])
    if isinstance(command, click.Group):
        return
    context = command.make_context(words[0], rest, parent=context.parent)
    if command is fit:
        config = context.params["config"]
        options = {n: v for n, v in context.params.items() if n not in ("resume", "config")}
        known = config if (RECIPES / f"{config}.toml").exists() else None
        settings_given(context, known, options)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_can_be_typed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.Path, "convert", lambda self, value, *_: value)  # none is here
    text = (ROOT / name).read_text(encoding="utf-8")
    # Prose names commands and options without what they need.
    incomplete = (click.MissingParameter, click.BadOptionUsage)
    wrong = []
    for shown, allowed in ((_blocks(text), ()), (_spans(text), incomplete)):
        for words in shown:
            try:
                _parsed(words)
            except allowed:
                continue
            except click.UsageError as error:
                wrong.append(f"{shlex.join(words)}: {error.format_message()}")
    assert not wrong, "\n".join(wrong)


def test_the_readmes_show_commands() -> None:
    for name in READMES:
        assert len(list(_blocks((ROOT / name).read_text(encoding="utf-8")))) > 10


def test_both_readmes_show_the_same_commands() -> None:
    english, chinese = (
        {tuple(words[:2]) for words in _blocks((ROOT / name).read_text("utf-8"))}
        for name in READMES
    )
    assert english == chinese


@pytest.mark.parametrize("name", READMES)
def test_files_that_are_linked_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    missing = [link for link in links if not (ROOT / link).exists()]
    assert links and not missing
