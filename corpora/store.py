"""A user's own text: folders of `corpora/NAME/PART/` in the user data directory.

Each part holds its text files, a `source.toml` and a `LICENSE.txt`, and appears whole or not at
all.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from corpora.catalogue import (
    GENERATED,
    NAME,
    SOURCE_FILE,
    added_parts,
    files_of,
    is_text,
    names,
    parts_of,
    suffix_of,
)
from corpora.corpus import TextSource
from corpora.errors import CorpusError
from corpora.reading import DEFAULT_FIELD
from ocrbase.errors import one_line
from ocrbase.homes import OTHER_HOME, data_home
from ocrbase.inputs import is_there, path_below
from ocrbase.locks import owned
from ocrbase.publishing import disk_errors, publish_folder

LICENCE_FILE = "LICENSE.txt"
_MAX_FILE_NAME = 200  # bytes; a number may be put before it


def add(
    name: str,
    files: Sequence[Path],
    *,
    home: Path | None = None,
    licence: str = "not stated",
    attribution: str = "",
    field: str = DEFAULT_FIELD,
) -> int:
    """Copy text or template files under a name; returns the number of sentences in them.

    Every file is read through first, so that what cannot be used is refused at once.

    Raises:
        CorpusError: if the name cannot serve, or a file cannot be read.
        LockError: if another process adds to that name.
    """
    check_name(name)
    texts = [text for file in files for text in _readable(file)]
    count = sum(1 for text in texts for part in parts_of(text, field) for _ in part.sentences())
    if not count:
        raise CorpusError(f"{', '.join(map(str, files))}: no text in there; nothing was added")
    folder = data_home(home) / "corpora" / name
    attribution = attribution or f"added by the user from {files[0].name}"
    with owned(folder, OTHER_HOME):  # or two calls at once would choose one number
        part = _free(folder, "files")
        source = TextSource(f"{name}/{part}", one_line(licence), one_line(attribution))
        with publishing(folder / part, source, field) as draft:
            for file in texts:
                shutil.copyfile(file, draft / _free_file(draft, file.name))
    return count


def remove(name: str, *, home: Path | None = None, part: str | None = None) -> Path:
    """Delete added text, or one part of it; text that comes with ocrgen stays.

    Raises:
        CorpusError: if nothing was added under the name.
    """
    folder = data_home(home) / "corpora" / name
    target = folder / part if part else folder
    possible = NAME.fullmatch(name) and NAME.fullmatch(part or name)
    if not possible or not target.is_dir():
        built_in = "; built-in text cannot be removed" if name in names(home) else ""
        there = [p.name for p in added_parts(name, home)]
        way_out = f"; its parts: {', '.join(there)}" if there else ""
        raise CorpusError(
            f"nothing was added as {name}{f'/{part}' if part else ''}{built_in}{way_out};"
            " see: ocrgen corpus list"
        )
    path_below(data_home(home) / "corpora", f"{name}/{part or ''}", error=CorpusError)
    with disk_errors(target, OTHER_HOME):
        shutil.rmtree(target)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return target


def check_name(name: str) -> None:
    """Refuse names that could be mistaken for a path, a weight or a generated corpus.

    Raises:
        CorpusError: with the reason.
    """
    if not NAME.fullmatch(name):
        raise CorpusError(f"{name!r} cannot be a name: use 1 to 100 letters, digits, - and _")
    if name in GENERATED:
        raise CorpusError(f"{name!r} is generated; choose another name for added text")


@contextmanager
def publishing(folder: Path, source: TextSource, field: str = DEFAULT_FIELD) -> Iterator[Path]:
    """A draft folder that replaces `folder` when the block ends, with source and licence in it."""
    try:
        with publish_folder(folder, replace=True, way_out=OTHER_HOME) as draft:
            yield draft
            (draft / SOURCE_FILE).write_text(_toml(source, field), encoding="utf-8")
            (draft / LICENCE_FILE).write_text(_notice(source), encoding="utf-8")
    finally:
        with suppress(OSError):  # not empty: there are other parts
            folder.parent.rmdir()


def _readable(path: Path) -> list[Path]:
    if not is_there(path):
        raise CorpusError(f"there is no file or folder {path}")
    if not path.is_file() and not path.is_dir():
        raise CorpusError(f"cannot read {path}: it is neither a regular file nor a folder")
    return files_of(path)


def _free(folder: Path, stem: str) -> str:
    taken = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _free_file(folder: Path, name: str) -> str:
    """A name that is not taken and by which a text file is known, and read as it was."""
    ending = suffix_of(Path(name))
    known = name if name.endswith(ending) else f"{name}{ending}"
    if len(os.fsencode(known)) > _MAX_FILE_NAME or one_line(known) != known:
        known = f"text{ending}"
    number, candidate = 1, known if is_text(Path(known)) else f"text-{known}"
    while (folder / candidate).exists():
        number += 1
        candidate = f"{number}-{known}"
    return candidate


def _toml(source: TextSource, field: str) -> str:
    values = {
        "name": source.name,
        "licence": source.licence,
        "attribution": source.attribution,
        "url": source.url,
        "field": field,
    }
    # A JSON string is a TOML basic string as long as no control character stays bare.
    lines = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in values.items()]
    return "\n".join(lines) + "\n"


def _notice(source: TextSource) -> str:
    lines = [source.name, f"Licence: {source.licence}", f"Attribution: {source.attribution}"]
    return "\n".join([*lines, *([f"From: {source.url}"] if source.url else [])]) + "\n"
