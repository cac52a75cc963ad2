"""Values of every option of every command of `ocrgen`, and paths of every argument."""

import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import click

from datagen.drawing.style import preset_names
from tests.hostile.mutations import NUMBERS, STRINGS, option_value
from tests.hostile.surface import Attempt, Surface, ocrgen

# What makes a long run of a valid value, or works in other processes or on the network.
NEVER = {"--n", "--backend", "--scheduler", "--help", "--version", "--system-fonts", "--home"}
COMMANDS: dict[str, tuple[str, ...]] = {
    "render": ("-n", "2", "-j", "1", "--backend", "sequential"),
    "preview": ("-n", "2"),
    "pack": ("{base}/renders", "-j", "1", "--backend", "sequential"),
    "verify": ("{base}/renders/news", "-j", "1"),
    "stats": ("{base}/renders/news",),
    "import": ("tsv", "{base}/rows.tsv"),
    "export": ("tsv", "{base}/renders/news", "-o", "out"),
    "style show": ("print",),
    "alphabet show": (),
    "alphabet check": ("{base}/rows.tsv",),
    "alphabet build": ("--corpus", "{base}/rows.tsv", "-o", "list.txt"),
    "corpus stats": ("{base}/rows.tsv", "--n", "1000"),
    "corpus download": ("nothing",),
    "fonts download": ("nothing",),
    "fonts list": (),
    "fonts check": (),
    "fonts specimen": ("--faces", "song", "-o", "specimen.png"),
}
# Names that options take, several of them with a weight behind a colon.
NAMES = {
    "--corpus": ("news", "classical", "fields"),
    "--style": preset_names(),
    "--alphabet": ("5990", "general"),
    "--faces": ("song", "kai", "noto-*", "*"),
    "--data": ("data/lmdb",),
}
SUFFIXES = ("", ":1", ":0", ":-1", ":nan", ":inf", ":1e400", ":", ":b:c", "::2", ":1:1", ":٣", ",x")


class OcrgenOptions(Surface):
    """One to three options of a command with values that nobody should give."""

    share = 8

    def prepare(self, base: Path) -> None:
        from datagen.cli import main
        from tests.hostile.surfaces.lists import write_images
        from tests.support.samples import make_render

        make_render(base / "renders" / "news", 8)
        names = write_images(base / "images")
        (base / "rows.tsv").write_text("".join(f"images/{name}\tab\n" for name in names))
        main(["render", "-n", "2", "-o", "warm", "-j", "1", "--backend", "sequential"])

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        os.environ["OCRGEN_HOME"] = str(folder / "home")
        name = rng.choice(list(COMMANDS))
        words = [word.replace("{base}", str(base)) for word in COMMANDS[name]]
        words += hostile_options(_command(name), rng, NEVER)
        if rng.random() < 0.1:
            words.append(option_value(rng))
        return ocrgen(*name.split(" "), *words)


def hostile_options(command: click.Command, rng: Random, never: set[str]) -> list[str]:
    """One to three options of a command, as words, but for those that are `never` given."""
    options = [
        param
        for param in command.params
        if isinstance(param, click.Option) and not never & set(param.opts)
    ]
    words: list[str] = []
    if not options:
        return words
    for option in rng.choices(options, k=rng.choice((1, 1, 2, 3))):
        words.append(max(option.opts, key=len))
        if not option.is_flag:
            words.append(_value(option, rng))
    return words


def names_with_suffixes(names: Sequence[str], rng: Random) -> str:
    """A name that there is with something behind it, as a weight may stand there."""
    behind = (*SUFFIXES, f":{rng.choice(NUMBERS)}", f":{rng.choice(STRINGS)}")
    return (rng.choice(names) + rng.choice(behind)).replace("\0", "")


def _command(name: str) -> click.Command:
    from datagen.cli import main

    command: click.Command = main
    for word in name.split(" "):
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    return command


def _value(option: click.Option, rng: Random) -> str:
    """A hostile value; sometimes a path that is there, but is a folder, a link or a device."""
    names = next((NAMES[name] for name in option.opts if name in NAMES), ())
    if names and rng.random() < 0.6:
        return names_with_suffixes(names, rng)
    if isinstance(option.type, click.Path) and rng.random() < 0.5:
        if not Path("dangling").is_symlink():
            Path("dangling").symlink_to("nowhere")
        return rng.choice((".", "/", "/dev/null", "/proc/self/mem", "dangling", "../outside"))
    if isinstance(option.type, click.Choice) and rng.random() < 0.5:
        return str(rng.choice(list(option.type.choices)))
    return option_value(rng)
