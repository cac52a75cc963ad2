"""CSV and TSV tables with a column of image paths and a column of labels.

CSV follows RFC 4180: a cell in quotes may hold commas and doubled quotes. TSV has no quoting: a
quote is a character like any other, and a cell ends at the next tab.
"""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError
from datagen.formats.foreign.image_files import write_images
from datagen.formats.foreign.rows import BadRow, Row, Source, list_name, split_of
from datagen.formats.foreign.text_files import between_tabs, raw_lines, text_lines, write_lines
from datagen.sample import Samples
from datagen.split import Split

_IMAGE = ("image", "file", "filename", "file_name", "path", "image_path", "name", "img")
_LABEL = ("text", "label", "words", "word", "transcription", "gt", "ground_truth", "string")
_SPLIT = ("split", "side", "set", "subset")

# A record: where it stands, the rows that it takes, and its cells; None if it takes several.
_Record = tuple[str, int, list[str] | None]
_Columns = tuple[int, int, int | None]  # image, label and split


class Table:
    """A table with or without a header; without one the columns are image, label and split."""

    name = ""

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All rows of one table, or of the tables directly in a folder."""
        for path in source.files(f"*.{self.name}"):
            yield from _table_rows(source, path, self._records(source, path))

    def write(
        self, folder: Path, split: Split, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write images/ and `labels_SPLIT.csv` with the columns image, text and split."""
        word = list_name(split)
        images = write_images(folder, f"images/{word}", batches)
        value = "" if split == Split.UNDECIDED else split.value
        rows = ((image, text, value) for image, text in images)
        path = folder / f"labels_{word}.{self.name}"
        write_lines(path, map(self._line, (("image", "text", "split"), *rows)))

    def _records(self, source: Source, path: Path) -> Iterator[_Record]:
        raise NotImplementedError

    def _line(self, cells: tuple[str, str, str]) -> str:
        raise NotImplementedError


class CsvTable(Table):
    """Cells between commas, in quotes where they hold commas or quotes (RFC 4180)."""

    name = "csv"

    def _records(self, source: Source, path: Path) -> Iterator[_Record]:
        lines = (line for _, line in raw_lines(source, path, newline=""))
        reader = csv.reader(lines)
        first, rows_before = 1, source.rows
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise ExchangeError(f"cannot read {path}:{first}: {error}") from error
            if cells is None:
                return
            rows, last = source.rows - rows_before, reader.line_num
            if last > first:
                yield f"{path}:{first}-{last}", max(rows, 1), None
            elif rows:
                yield f"{path}:{first}", rows, cells
            first, rows_before = last + 1, source.rows

    def _line(self, cells: tuple[str, str, str]) -> str:
        line = StringIO()
        csv.writer(line, lineterminator="").writerow(cells)
        return line.getvalue()


class TsvTable(Table):
    """Cells between tabs."""

    name = "tsv"

    def _records(self, source: Source, path: Path) -> Iterator[_Record]:
        for number, line in text_lines(source, path):
            yield f"{path}:{number}", 1, line.split("\t")

    def _line(self, cells: tuple[str, str, str]) -> str:
        return between_tabs(*cells)


def _table_rows(source: Source, path: Path, records: Iterator[_Record]) -> Iterator[Row | BadRow]:
    file_split = source.split_of(path)
    columns: _Columns | None = None
    for where, rows, cells in records:
        if cells is None:
            reason = "a cell in quotes goes on over line ends: close the quotes, or double them"
            yield BadRow(where, reason, rows)
            continue
        if columns is None:
            columns = _columns_of(cells)
            if columns is not None:
                source.rows -= 1  # the header is none
                continue
            columns = (0, 1, 2)
        image, label, split = columns
        if len(cells) <= max(image, label) or not cells[image]:
            yield BadRow(where, f"{len(cells)} cells, no image and label: {cells!r:.80}")
            continue
        cell = cells[split] if split is not None and split < len(cells) else ""
        own = split_of(cell)
        used = file_split if own == Split.UNDECIDED else own
        yield source.row(where, path.parent, cells[image], cells[label], used)


def _columns_of(header: list[str]) -> _Columns | None:
    """Positions of image, label and split in a header; None if the cells are none."""
    names = [cell.strip().lower() for cell in header]
    image = next((names.index(name) for name in _IMAGE if name in names), None)
    label = next((names.index(name) for name in _LABEL if name in names), None)
    split = next((names.index(name) for name in _SPLIT if name in names), None)
    if image is None or label is None or image == label:
        return None
    return image, label, split
