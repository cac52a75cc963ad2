"""What all forms share: a row of a foreign dataset, where it comes from, and its split."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Protocol

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError
from datagen.sample import Samples
from datagen.split import Split

_TRAIN_WORDS = ("train", "training")
_VAL_WORDS = ("val", "valid", "validation", "test", "testing", "eval", "evaluation")
_SPLIT_OF_WORD = dict.fromkeys(_TRAIN_WORDS, Split.TRAIN) | dict.fromkeys(_VAL_WORDS, Split.VAL)


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled image of a foreign dataset.

    Attributes:
        where: file and line, or file and key, for messages.
        image: its file, or its bytes.
        label: its text.
        split: the split that the source puts it in.
    """

    where: str
    image: Path | bytes
    label: str
    split: Split


@dataclass(frozen=True, slots=True)
class BadRow:
    """What cannot be imported.

    Attributes:
        where: file and line, or file and key.
        reason: what is wrong, with the value.
        rows: rows of the source that it stands for.
    """

    where: str
    reason: str
    rows: int = 1


@dataclass
class Source:
    """What to read.

    Attributes:
        path: a folder or file of the form.
        images: folder that image names are relative to; None where the form knows.
        alphabet_file: character list that came with the data, for labels that are indices.
        allow_outside: let lists name images outside of their folder.
        notes: what the user should know of the source; filled while reading.
        rows: rows of the source, counted where they are read and before they are understood;
            each must come out as a Row or be accounted for by a BadRow.
    """

    path: Path
    images: Path | None = None
    alphabet_file: Path | None = None
    allow_outside: bool = False
    notes: list[str] = field(default_factory=list)
    rows: int = 0

    def files(self, *patterns: str) -> list[Path]:
        """The source itself if it is a file; else what the first matching pattern finds in it.

        Args:
            patterns: globs relative to the folder, "**/" before those that search below it.

        Raises:
            ExchangeError: if nothing matches.
        """
        if not self.path.is_dir():
            return [self.path]
        for pattern in patterns:
            files = sorted(self.path.glob(pattern))
            if files:
                return files
        names = " or ".join(pattern.removeprefix("**/") for pattern in patterns)
        raise ExchangeError(f"{self.path} holds no {names}")

    def split_of(self, path: Path) -> Split:
        """The split that the name of a file or folder states, or that of a folder around it.

        The last to count is the folder of a source that is a file, or the source's own, if that is
        called `train` or the like and nothing more, whichever way it was typed; none above does.
        """
        below = split_of(path.relative_to(self._folder).as_posix())
        return self._own_split if below == Split.UNDECIDED else below

    @cached_property
    def _folder(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent

    @cached_property
    def _own_split(self) -> Split:
        name = self._folder.name
        if name in ("", ".."):  # links keep their own names
            name = self._folder.resolve().name
        if self._folder != self.path:
            return split_of(name)
        return _SPLIT_OF_WORD.get(name.lower(), Split.UNDECIDED)

    def row(self, where: str, folder: Path, name: str, label: str, split: Split) -> Row | BadRow:
        """A row of a list that names its image, relative to a folder or to `images`."""
        base = self.images if self.images is not None else folder
        if not self.allow_outside and leaves_its_folder(name):
            return BadRow(
                where, f"{name[:200]!r} is outside of {base}: add --allow-outside to follow it"
            )
        return Row(where, base / name, label, split)


class Form(Protocol):
    """One foreign form."""

    @property
    def name(self) -> str: ...

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All rows of a source, in its order; `source.rows` counts them on the way.

        Raises:
            ExchangeError: if the source holds nothing of this form, or a list cannot be read.
        """
        ...

    def write(
        self, folder: Path, split: Split, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write the samples of one split into a new folder."""
        ...


def split_of(path: str) -> Split:
    """The split that the parts of a path state, the last one first; UNDECIDED if none does."""
    for part in reversed(path.split("/")):
        for word in re.split(r"[^a-z]+", part.rpartition(".")[0].lower() or part.lower()):
            if word in _SPLIT_OF_WORD:
                return _SPLIT_OF_WORD[word]
    return Split.UNDECIDED


def list_name(split: Split) -> str:
    """The word for a split in names of written files, which `split_of` understands."""
    return "all" if split == Split.UNDECIDED else split.value


def leaves_its_folder(name: str) -> bool:
    """Whether a name, read as a POSIX or a Windows path, is absolute or climbs with `..`."""
    windows = PureWindowsPath(name)
    parts = (*PurePosixPath(name).parts, *windows.parts)
    return ".." in parts or bool(windows.anchor) or name.startswith("/")
