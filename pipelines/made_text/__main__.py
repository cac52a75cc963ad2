"""`python -m pipelines.made_text KIND TEXT --out FILE`."""

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pipelines.made_text as package
from corpora import open_corpus
from ocrbase.command_edge import run
from ocrbase.errors import InputError
from ocrbase.outputs import check_output
from ocrbase.publishing import publish_text
from pipelines.made_text.half_width import in_half_width
from pipelines.made_text.items import as_items
from pipelines.made_text.lookalikes import with_lookalikes
from pipelines.made_text.signs import with_signs

Make = Callable[[Sequence[str], random.Random], Iterator[str]]

# What makes each kind of paragraphs, and what it needs of them.
KINDS: dict[str, tuple[Make, str]] = {
    "signs": (with_signs, "Latin words, or short paragraphs alone,"),
    "items": (as_items, "sentences"),
    "half-width": (in_half_width, "sentences"),
    "lookalikes": (with_lookalikes, "Chinese characters"),
}
SEED = 5


def main(arguments: list[str] | None = None) -> int:
    """Write the text, a line per paragraph; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.made_text", description=package.__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("kind", choices=KINDS, help="what to make")
    parser.add_argument("text", help="name of a corpus, or path of a text, to make it of")
    parser.add_argument("--out", type=Path, required=True, help="text file to write")
    parser.add_argument("--seed", type=int, default=SEED, help="of all draws (%(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace that file")
    given = parser.parse_args(arguments)
    check_output(given.out, inputs=(Path(given.text),), overwrite=given.overwrite)
    make, needs = KINDS[given.kind]
    paragraphs = list(open_corpus(given.text).in_paragraphs().sentences())
    made = list(make(paragraphs, random.Random(given.seed)))
    if not made:
        raise InputError(f"{given.text} holds no {needs} to make {given.kind} of: give other text")
    publish_text(given.out, "\n".join(made) + "\n")
    print(f"{len(made):,} paragraphs, {sum(map(len, made)):,} characters in {given.out}")
    return 0


if __name__ == "__main__":
    run(lambda: main)
