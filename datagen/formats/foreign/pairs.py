"""docTR's `labels.json` with images/, and kraken's pairs of `x.png` and `x.gt.txt`."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError
from datagen.formats.foreign.image_files import IMAGE_SUFFIXES, write_images
from datagen.formats.foreign.rows import BadRow, Row, Source, list_name
from datagen.formats.foreign.text_files import MAX_LINE, write_lines
from datagen.sample import Samples
from datagen.split import Split
from ocrbase.inputs import read_text
from ocrbase.publishing import disk_errors

_TEXT = ".gt.txt"


class DoctrJson:
    """docTR's recognition data: `labels.json` maps names in images/ to labels, per split."""

    name = "doctr"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All entries of one labels.json, or of each below a folder."""
        for path in source.files("**/labels.json"):
            split = source.split_of(path)
            for name, label in _entries(path):
                source.rows += 1
                where = f"{path}: {name}"
                if isinstance(label, str):
                    yield source.row(where, path.parent / "images", name, label, split)
                else:
                    yield BadRow(where, f"the label is no text: {label!r:.80}")

    def write(
        self, folder: Path, split: Split, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SPLIT/labels.json and SPLIT/images/."""
        target = folder / list_name(split)
        written = write_images(target / "images", "", batches, spread=False)
        write_lines(target / "labels.json", _json_lines(written))


class KrakenPairs:
    """Each image has a text file of its name with `.gt.txt`, one folder per split."""

    name = "kraken"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All pairs below a folder, by name."""
        for path in source.files(f"**/*{_TEXT}"):
            source.rows += 1
            yield _pair(source, path)

    def write(
        self, folder: Path, split: Split, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SPLIT/000000001.jpg and SPLIT/000000001.gt.txt, and so on."""
        target = folder / list_name(split)
        for path, text in write_images(target, "", batches, spread=False):
            with disk_errors(target):
                text_file = (target / path).with_suffix(_TEXT)
                text_file.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def _pair(source: Source, path: Path) -> Row | BadRow:
    stem = path.name.removesuffix(_TEXT)
    names = [path.with_name(stem + suffix) for suffix in IMAGE_SUFFIXES]
    images = [image for image in names if os.path.lexists(image)]
    if not images:
        return BadRow(str(path), f"no image {stem}.png or the like beside it")
    try:
        label = read_text(path, MAX_LINE, error=ExchangeError).rstrip("\r\n")
    except ExchangeError as error:
        return BadRow(str(path), str(error))
    return Row(str(path), images[0], label, source.split_of(path.parent))


def _json_lines(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The lines of a JSON object of strings, of any length."""
    before = "{"
    for name, label in pairs:
        yield before
        before = f"{json.dumps(name)}: {json.dumps(label, ensure_ascii=False)},"
    yield before.removesuffix(",")
    yield "}"


def _entries(path: Path) -> list[tuple[str, object]]:
    """Names and labels as they stand, duplicate names too, which a dict would lose."""
    text = read_text(path, error=ExchangeError)
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise ExchangeError(f"{path} is no valid JSON: {error}") from error
    if not isinstance(pairs, _Pairs):
        raise ExchangeError(f"{path} is no JSON object of image names and labels")
    return pairs


class _Pairs(list[tuple[str, object]]):
    """A JSON object as the list of its pairs."""
