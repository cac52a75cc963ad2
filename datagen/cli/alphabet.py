"""`ocrgen alphabet`: show a character list, check files against it, or build one from text."""

from pathlib import Path

import click

from datagen.cli.lazy import OrderedGroup
from datagen.cli.options import alphabet_option, home_option, out_file


@click.group(cls=OrderedGroup)
def command() -> None:
    """Show the alphabet, check text against it, or build one."""


@command.command()
@alphabet_option()
def show(alphabet: str | None) -> None:
    """Print the classes in order and what reading the list decided."""
    from datagen.alphabet import list_file, read_list
    from datagen.folding import visible

    listing = read_list(list_file(alphabet))
    classes = listing.alphabet
    click.echo(f"{len(classes)} classes, blank = class {classes.blank}")
    click.echo(f"sha256 {classes.fingerprint}")
    for note in listing.notes:
        click.echo(f"note: {note}")
    for start in range(0, len(classes), 40):
        row = "".join(visible(symbol) or "∅" for symbol in classes.symbols[start : start + 40])
        click.echo(f"{start:5d}  {row}")


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@alphabet_option()
def check(files: tuple[Path, ...], alphabet: str | None) -> None:
    """Count the characters of FILES that the alphabet lacks; exit code 1 if there are any."""
    from collections import Counter

    from datagen.alphabet import load
    from ocrbase.inputs import read_text

    classes = load(alphabet)
    missing: Counter[str] = Counter()
    total = 0
    for file in files:
        text = classes.normalise("".join(read_text(file).splitlines()))
        total += len(text)
        missing.update(c for c in text if c not in classes)
    click.echo(f"{total} characters, {missing.total()} outside the alphabet")
    for character, count in missing.most_common():
        click.echo(f"{character}  U+{ord(character):04X}  {count}")
    if missing:
        click.get_current_context().exit(1)


@command.command()
@click.option(
    "--corpus",
    "specs",
    multiple=True,
    required=True,
    metavar="NAME[:WEIGHT]",
    help="Built-in or added text, or the path of a file or folder. Repeatable.",
)
@out_file("Character list to write.", required=True)
@click.option(
    "--classes",
    type=int,
    show_default="one for every character",
    help="Number of classes, the blank among them.",
)
@click.option("--min-count", default=1, help="Leave out characters that occur less often.")
@click.option(
    "--include",
    multiple=True,
    metavar="SET|FILE",
    default=("ascii", "punctuation"),
    help="Always include a set (ascii, space, digits, punctuation, gb2312-1, builtin, general,"
    " none) or the characters of a list file. Repeatable.",
)
@home_option()
@click.option("--overwrite", is_flag=True, help="Replace an existing list.")
def build(
    specs: tuple[str, ...],
    out: Path,
    classes: int | None,
    min_count: int,
    include: tuple[str, ...],
    home: str | None,
    overwrite: bool,
) -> None:
    """Build an alphabet from a corpus or a mix: fixed sets first, then by frequency."""
    from datagen.alphabet import write_list
    from datagen.errors import AlphabetError
    from datagen.text.alphabets import build_alphabet

    if out.exists() and not overwrite:
        raise AlphabetError(f"{out} is there already; give --overwrite to replace it")
    sets = () if include == ("none",) else include
    built = build_alphabet(specs, classes=classes, min_count=min_count, include=sets, home=home)
    write_list(built.alphabet, out)
    click.echo(
        f"wrote {out}: {len(built.alphabet)} classes with the blank, {built.included} of them from"
        f" {', '.join(sets) or 'no set'}"
    )
    click.echo(
        f"covers {built.covered:.3%} of the text's characters; {built.left_out} different ones are"
        " left out"
    )
    click.echo(f"sha256 {built.alphabet.fingerprint}; use it with --alphabet {out}")
