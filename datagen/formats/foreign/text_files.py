"""Lists as text files: read line by line in UTF-8 or GB18030, written in UTF-8."""

from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from itertools import count
from pathlib import Path

from datagen.errors import ExchangeError
from datagen.formats.foreign.rows import Source
from ocrbase.inputs import open_regular
from ocrbase.publishing import disk_errors

MAX_LINE = 1 << 20  # characters; a "line" that is longer is no row of a list
_PIECE = 1 << 20


def text_lines(source: Source, path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text file without their ends, blank ones left out.

    Raises:
        ExchangeError: if it cannot be read, or is in neither encoding.
    """
    for number, line in raw_lines(source, path, newline="\n"):
        text = line.rstrip("\r\n")
        if text.strip():
            yield number, text


def raw_lines(source: Source, path: Path, *, newline: str) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text file with their ends; the source counts those that are not blank.

    Args:
        source: whose rows the lines are.
        path: of a regular file.
        newline: as of `open`.

    Raises:
        ExchangeError: if it cannot be read, or is in neither encoding.
    """
    encoding = _encoding(path)
    binary = open_regular(path, error=ExchangeError)
    with TextIOWrapper(binary, encoding=encoding, newline=newline) as file:
        for number in count(1):
            try:
                line = file.readline(MAX_LINE + 1)
            except (OSError, UnicodeDecodeError) as error:
                raise ExchangeError(f"cannot read {path}: {error}") from error
            if not line:
                return
            if len(line) > MAX_LINE:
                raise ExchangeError(
                    f"{path}:{number}: a line of more than {MAX_LINE:,} characters; a list of"
                    " images has one row per line"
                )
            source.rows += bool(line.strip())
            yield number, line


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a UTF-8 text file line by line.

    Raises:
        ExchangeError: if a line holds a line end, which would make it two.
        DiskError: if the disk is full or may not be written.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                if "\n" in line or "\r" in line:
                    raise ExchangeError(f"{path.name}: {line[:80]!r} holds a line end")
                file.write(f"{line}\n")


def between_tabs(*cells: str) -> str:
    """A line of cells.

    Raises:
        ExchangeError: if one holds a tab, which would make it two.
    """
    held = [cell for cell in cells if "\t" in cell]
    if held:
        raise ExchangeError(f"the label {held[0]!r} holds a tab: export kraken, csv or jsonl")
    return "\t".join(cells)


def _encoding(path: Path) -> str:
    """UTF-8 if the whole file is, else GB18030; reads in pieces, for lists of any length."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            binary = open_regular(path, error=ExchangeError)
            with TextIOWrapper(binary, encoding=encoding) as file:
                while file.read(_PIECE):
                    pass
            return encoding
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise ExchangeError(f"cannot read {path}: {error.strerror}") from error
    raise ExchangeError(f"{path} is neither UTF-8 nor GB18030 text")
