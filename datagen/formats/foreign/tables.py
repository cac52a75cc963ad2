"""CSV and TSV tables with a column of image paths and a column of labels."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError
from datagen.formats.foreign.rows import (
    BadRow,
    Row,
    Source,
    find_files,
    image_folder,
    list_name,
    side_of,
    write_images,
)
from datagen.sample import Samples
from ocrbase.publishing import disk_errors

_IMAGE = ("image", "file", "filename", "file_name", "path", "image_path", "name", "img")
_LABEL = ("text", "label", "words", "word", "transcription", "gt", "ground_truth", "string")
_SIDE = ("split", "side", "set", "subset")


class Table:
    """A table with or without a header; without one the columns are image, label and split."""

    def __init__(self, name: str, delimiter: str) -> None:
        self.name = name
        self._delimiter = delimiter

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All rows of one table, or of the tables directly in a folder."""
        for path in find_files(source, (f".{self.name}",), f"*.{self.name}"):
            folder = image_folder(source, path)
            file_side = side_of(Path(path.name))
            try:
                with path.open(encoding="utf-8-sig", newline="") as file:
                    reader = csv.reader(file, delimiter=self._delimiter)
                    yield from _table_rows(path, reader, folder, file_side)
            except (OSError, UnicodeDecodeError, csv.Error) as error:
                raise ExchangeError(f"cannot read {path}: {error}") from error

    def write(
        self, folder: Path, side: str, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write images/ and `labels_SIDE.csv` with the columns image, text and split."""
        word = list_name(side)
        path = folder / f"labels_{word}.{self.name}"
        with disk_errors(path):
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, delimiter=self._delimiter, lineterminator="\n")
                writer.writerow(("image", "text", "split"))
                for image, text in write_images(folder, f"images/{word}", batches):
                    writer.writerow((image, text, "" if word == "all" else side))


def _table_rows(
    path: Path, reader: Iterator[list[str]], folder: Path, file_side: int
) -> Iterator[Row | BadRow]:
    columns: tuple[int, int, int | None] | None = None
    for number, cells in enumerate(reader, 1):
        if not any(cells):
            continue
        if columns is None:
            columns, is_header = _columns(cells)
            if is_header:
                continue
        image, label, side = columns
        where = f"{path}:{number}"
        if len(cells) <= max(image, label) or not cells[image]:
            yield BadRow(where, f"{len(cells)} cells, no image and label: {cells!r:.80}")
            continue
        own = side_of(Path(cells[side])) if side is not None and side < len(cells) else 0
        yield Row(where, folder / cells[image], cells[label], own or file_side)


def _columns(first: list[str]) -> tuple[tuple[int, int, int | None], bool]:
    """Positions of image, label and split, and whether the first row is their header."""
    names = [cell.strip().lower() for cell in first]
    image = next((names.index(name) for name in _IMAGE if name in names), None)
    label = next((names.index(name) for name in _LABEL if name in names), None)
    side = next((names.index(name) for name in _SIDE if name in names), None)
    if image is None or label is None or image == label:
        return (0, 1, 2), False
    return (image, label, side), True
