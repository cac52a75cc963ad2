"""`ocrgen alphabet`: show a character list, or check files against it."""

from pathlib import Path

import click


@click.group()
def command() -> None:
    """Show the alphabet, or check text against it."""


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
