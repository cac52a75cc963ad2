"""What all forms share: a row of a foreign dataset, its side, and files of images."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError
from datagen.images import extension
from datagen.sample import Samples
from datagen.split import Split
from ocrbase.publishing import disk_errors

_SIDE_WORDS = {"train": 1, "training": 1, "val": 2, "valid": 2, "validation": 2, "test": 2}
_SIDE_WORDS |= {"eval": 2, "evaluation": 2, "testing": 2}
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")
_A_FOLDER = 10_000  # image files in one folder, where a form allows several


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled image of a foreign dataset.

    Attributes:
        where: file and line, or file and key, for messages.
        image: its file, or its bytes.
        label: its text.
        side: code of its split.
    """

    where: str
    image: Path | bytes
    label: str
    side: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken.

    Attributes:
        where: file and line, or file and key.
        reason: what is wrong, with the value.
    """

    where: str
    reason: str


@dataclass
class Source:
    """What to read.

    Attributes:
        path: a folder or file of the form.
        images: folder that image names refer to; None where the form knows.
        alphabet_file: character list that came with the data, for labels that are indices.
        notes: what the reader found out and the user should know; filled while reading.
    """

    path: Path
    images: Path | None = None
    alphabet_file: Path | None = None
    notes: list[str] = field(default_factory=list)


class Form(Protocol):
    """One foreign form."""

    @property
    def name(self) -> str: ...

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All rows of a source, in its order."""
        ...

    def write(
        self, folder: Path, side: str, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write the samples of one side ("train", "val" or "undecided") into a new folder."""
        ...


def side_of(path: Path) -> int:
    """The side that a file's or folder's name tells: Split.code."""
    for part in reversed(path.parts):
        for word in re.split(r"[^a-z]+", Path(part).stem.lower()):
            if word in _SIDE_WORDS:
                return _SIDE_WORDS[word]
    return 0


def list_name(side: str) -> str:
    """The word for a side in names of written files, which `side_of` understands."""
    return "all" if side == Split.UNDECIDED else side


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a UTF-8 or GB18030 text file without their ends, blank ones left out.

    Raises:
        ExchangeError: if it cannot be read, or is in neither encoding.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="\n") as file:
        for number, line in enumerate(file, 1):
            text = line.rstrip("\r\n")
            if text.strip():
                yield number, text


def _encoding(path: Path) -> str:
    """UTF-8 if the whole file is, else GB18030; reads in pieces, for lists of any length."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding) as file:
                while file.read(1 << 20):
                    pass
            return encoding
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise ExchangeError(f"cannot read {path}: {error.strerror}") from error
    raise ExchangeError(f"{path} is neither UTF-8 nor GB18030 text")


def find_files(source: Source, suffixes: tuple[str, ...], what: str) -> list[Path]:
    """The source if it is a file, or the files of some suffixes directly in its folder.

    Raises:
        ExchangeError: if there are none.
    """
    if source.path.is_file():
        return [source.path]
    found = sorted(p for p in source.path.glob("*") if p.suffix in suffixes and p.is_file())
    if not found:
        raise ExchangeError(f"{source.path} holds no {what}")
    return found


def files_below(source: Source, pattern: str) -> list[tuple[Path, int]]:
    """The source if it is a file, or all files of a pattern below it, each with its side.

    Raises:
        ExchangeError: if there are none.
    """
    if source.path.is_file():
        return [(source.path, side_of(Path(source.path.parent.name, source.path.name)))]
    found = sorted(source.path.rglob(pattern))
    if not found:
        raise ExchangeError(f"{source.path} holds no {pattern}")
    return [(path, side_of(path.relative_to(source.path))) for path in found]


def image_folder(source: Source, beside: Path) -> Path:
    """Where image names of a list refer to: what the user says, or the list's own folder."""
    return source.images if source.images is not None else beside.parent


def write_images(
    folder: Path, names: str, batches: Iterable[Samples], *, spread: bool = True
) -> Iterator[tuple[str, str]]:
    """Write images as files and give (path below `folder`, label) of each.

    Args:
        folder: that paths are relative to.
        names: folder of the images below it, "" for itself.
        batches: of samples.
        spread: give every 10,000 images a folder of their own.
    """
    number = 0
    for samples in batches:
        for image, text in zip(samples.images, samples.texts, strict=True):
            parent = f"{number // _A_FOLDER:05d}" if spread else ""
            name = f"{number + 1:09d}{extension(image)}"
            path = "/".join(part for part in (names, parent, name) if part)
            target = folder / path
            with disk_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(image)
            yield path, text
            number += 1


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a UTF-8 text file line by line."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
