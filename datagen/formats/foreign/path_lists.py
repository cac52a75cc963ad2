"""Lists of `path<TAB>label`, as PaddleOCR and deep-text-recognition-benchmark take them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from datagen.alphabet import Alphabet
from datagen.formats.foreign.rows import (
    BadRow,
    Row,
    Source,
    find_files,
    image_folder,
    list_name,
    side_of,
    text_lines,
    write_images,
    write_lines,
)
from datagen.sample import Samples

DICTIONARY = "dict.txt"


class PaddleList:
    """PaddleOCR's `rec_gt_train.txt`: a path, or a JSON list of paths, and the label."""

    name = "paddle"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All rows of one list, or of the lists directly in a folder (but its dictionary)."""
        for path in find_files(source, (".txt",), "list (*.txt)"):
            if path.name != DICTIONARY:
                yield from _list_rows(path, source, several=True)

    def write(
        self, folder: Path, side: str, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write images/, `rec_gt_SIDE.txt`, and `dict.txt`: all classes but the blank."""
        write_lines(folder / DICTIONARY, [symbol for symbol in alphabet.symbols if symbol])
        word = list_name(side)
        written = write_images(folder, f"images/{word}", batches)
        write_lines(folder / f"rec_gt_{word}.txt", (f"{path}\t{text}" for path, text in written))


class DtrbGroundTruth:
    """The `gt.txt` that deep-text-recognition-benchmark's LMDB script takes, one folder a side."""

    name = "dtrb"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All rows of one gt.txt, or of each below a folder."""
        lists = [source.path]
        if source.path.is_dir():
            lists = sorted(source.path.rglob("gt*.txt"))
            lists = lists or find_files(source, (".txt",), "gt.txt")
        for path in lists:
            yield from _list_rows(path, source, several=False)

    def write(
        self, folder: Path, side: str, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SIDE/gt.txt and SIDE/images/."""
        target = folder / list_name(side)
        written = write_images(target, "images", batches)
        write_lines(target / "gt.txt", (f"{path}\t{text}" for path, text in written))


def _list_rows(path: Path, source: Source, *, several: bool) -> Iterator[Row | BadRow]:
    folder, side = image_folder(source, path), side_of(_below(path, source.path))
    for number, line in text_lines(path):
        where = f"{path}:{number}"
        name, tab, label = line.partition("\t")
        if not tab:
            yield BadRow(where, f"no tab between path and label: {line[:80]!r}")
            continue
        for one in _names(name) if several else [name]:
            yield Row(where, folder / one, label, side)


def _below(path: Path, root: Path) -> Path:
    """The part of a path that belongs to the data, so that no folder above it tells a side."""
    return path.relative_to(root) if path != root else Path(path.parent.name, path.name)


def _names(field: str) -> list[str]:
    if field.startswith("["):
        try:
            names = json.loads(field)
        except ValueError:
            return [field]
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return names
    return [field]
