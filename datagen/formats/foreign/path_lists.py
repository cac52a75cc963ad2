"""Lists of `path<TAB>label`, as PaddleOCR and deep-text-recognition-benchmark take them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from pathlib import Path

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError
from datagen.formats.foreign.image_files import write_images
from datagen.formats.foreign.rows import BadRow, Row, Source, list_name
from datagen.formats.foreign.text_files import between_tabs, text_lines, write_lines
from datagen.sample import Samples
from datagen.split import Split
from ocrbase.records import decode

DICTIONARY = "dict.txt"


class PaddleList:
    """PaddleOCR's `rec_gt_train.txt`: a path, or a JSON list of paths, and the label."""

    name = "paddle"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All rows of one list, or of the lists directly in a folder (but its dictionary)."""
        for path in source.files("*.txt"):
            if path.name != DICTIONARY:
                yield from _list_rows(path, source, several=True)

    def write(
        self, folder: Path, split: Split, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write images/, `rec_gt_SPLIT.txt`, and `dict.txt`: all classes but the blank."""
        write_lines(folder / DICTIONARY, _dictionary(alphabet.characters))
        word = list_name(split)
        written = write_images(folder, f"images/{word}", batches)
        write_lines(folder / f"rec_gt_{word}.txt", starmap(between_tabs, written))


class DtrbGroundTruth:
    """The `gt.txt` that deep-text-recognition-benchmark's LMDB script takes, per split."""

    name = "dtrb"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All rows of one gt.txt, or of each below a folder."""
        for path in source.files("**/gt*.txt", "*.txt"):
            yield from _list_rows(path, source, several=False)

    def write(
        self, folder: Path, split: Split, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SPLIT/gt.txt and SPLIT/images/."""
        target = folder / list_name(split)
        written = write_images(target, "images", batches)
        write_lines(target / "gt.txt", starmap(between_tabs, written))


def _dictionary(characters: Sequence[str]) -> list[str]:
    """All classes but the blank; not a space first, where it would be taken for the blank."""
    first, *others = characters
    return [*others, first] if first == " " else [first, *others]


def _list_rows(path: Path, source: Source, *, several: bool) -> Iterator[Row | BadRow]:
    split = source.split_of(path)
    for number, line in text_lines(source, path):
        where = f"{path}:{number}"
        field, tab, label = line.partition("\t")
        names = _names(field) if several else [field]
        if not tab:
            yield BadRow(where, f"no tab between path and label: {line[:80]!r}")
        elif not names:
            yield BadRow(where, f"the list of images is empty: {field}")
        else:
            source.rows += len(names) - 1
            for name in names:
                yield source.row(where, path.parent, name, label, split)


def _names(field: str) -> list[str]:
    """The paths of a JSON list, or what is none as one path."""
    if not field.startswith("["):
        return [field]
    try:
        return decode(field, list[str], "paths", error=ExchangeError)
    except ExchangeError:
        return [field]
