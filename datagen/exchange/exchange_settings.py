"""What a user sets of an import or an export."""

from dataclasses import dataclass

from ocrbase.errors import SettingsError

# The forms of `datagen.formats.foreign`, which is too heavy for a help text.
FORM_NAMES = ("index", "dtrb", "paddle", "doctr", "kraken", "csv", "tsv", "lmdb", "webdataset")


@dataclass(frozen=True)
class ImportSettings:
    """A whole import.

    Attributes:
        form: name of the foreign form.
        sources: files or folders of it.
        out: folder of the result; None is named after the first source, under `data/renders`.
        images: folder that image names are relative to; None is the one that the form says.
        alphabet: name of a built-in alphabet, or list file of the classes; None is "5990".
        keep_split: keep the split that names of files and folders state.
        allow_outside: follow image names that are absolute or climb out of their folder.
        max_bad: bad rows that are left out and listed; one more ends the import.
        shard_size: samples per shard.
        licence: of the data, for its card.
        attribution: of the data, for its card.
        overwrite: replace what `out` holds.
    """

    form: str
    sources: tuple[str, ...]
    out: str | None = None
    images: str | None = None
    alphabet: str | None = None
    keep_split: bool = True
    allow_outside: bool = False
    max_bad: int = 100
    shard_size: int = 10_000
    licence: str = ""
    attribution: str = ""
    overwrite: bool = False

    def __post_init__(self) -> None:
        problems = []
        if not self.sources:
            problems.append("nothing to import: name a file or folder")
        if self.max_bad < 0:
            problems.append(f"max bad {self.max_bad}: give 0 or more")
        if self.shard_size < 1:
            problems.append(f"shard size {self.shard_size}: give at least 1 sample")
        if problems:
            raise SettingsError("; ".join(problems))


@dataclass(frozen=True)
class ExportSettings:
    """A whole export.

    Attributes:
        form: name of the foreign form.
        source: folder of a render, an import or packed data.
        out: folder of the result.
        partial: take a render that has not finished.
        overwrite: replace what `out` holds.
    """

    form: str
    source: str
    out: str
    partial: bool = False
    overwrite: bool = False
