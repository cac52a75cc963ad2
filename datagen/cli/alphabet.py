"""`ocrgen alphabet`: show a character list, check files against it, or build one from text."""

from pathlib import Path

import click


@click.group()
def command() -> None:
    """Show the alphabet, check text against it, or build one."""


@command.command()
@click.option(
    "--alphabet", "path", type=click.Path(path_type=Path), help="List file; default: the built-in."
)
def show(path: Path | None) -> None:
    """Print the classes in order and what reading the list decided."""
    from datagen.alphabet import BUILTIN_FILE, read_list

    listing = read_list(path or BUILTIN_FILE)
    alphabet = listing.alphabet
    click.echo(f"{len(alphabet)} classes, blank = class {alphabet.blank}")
    click.echo(f"sha256 {alphabet.fingerprint}")
    for note in listing.notes:
        click.echo(f"note: {note}")
    for start in range(0, len(alphabet), 40):
        row = "".join(symbol or "␣" for symbol in alphabet.symbols[start : start + 40])
        click.echo(f"{start:5d}  {row}")


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--alphabet", "path", type=click.Path(path_type=Path), help="List file; default: the built-in."
)
def check(files: tuple[Path, ...], path: Path | None) -> None:
    """Count the characters of FILES that the alphabet lacks; exit 1 if there are any."""
    from collections import Counter

    from datagen.alphabet import load

    alphabet = load(path)
    missing: Counter[str] = Counter()
    total = 0
    for file in files:
        text = alphabet.normalise(file.read_text(encoding="utf-8-sig").replace("\n", ""))
        total += len(text)
        missing.update(c for c in text if c not in alphabet)
    click.echo(f"{total} characters, {missing.total()} outside the alphabet")
    for character, count in missing.most_common():
        click.echo(f"{character}  U+{ord(character):04X}  {count}")
    if missing:
        click.get_current_context().exit(1)


@command.command()
@click.option(
    "--corpus", "specs", multiple=True, required=True, help="NAME or PATH[:WEIGHT]; repeatable."
)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="List to write."
)
@click.option("--classes", type=int, help="Size with the blank; default: every character.")
@click.option(
    "--min-count", default=1, show_default=True, help="Fewest occurrences of a character."
)
@click.option(
    "--include",
    multiple=True,
    default=("ascii", "punctuation"),
    show_default=True,
    help="Always in it: ascii, digits, punctuation, gb2312-1, builtin, none, or a list file.",
)
@click.option("--home", type=click.Path(file_okay=False), help="User data directory.")
@click.option("--overwrite", is_flag=True, help="Replace the list if it is there.")
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
