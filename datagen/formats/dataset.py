"""Open whatever dataset a path names, and find datasets below a folder."""

import os
from pathlib import Path

from datagen.errors import ShardError
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.manifest import FILE, PackedManifest, read_manifest
from datagen.formats.reader import DatasetReader
from datagen.formats.tar.reader import RenderReader
from datagen.split import PACKED, Split


def open_dataset(
    path: Path, *, partial: bool | None = None, split: Split | None = None
) -> DatasetReader:
    """The reader of a folder that this program made.

    Args:
        path: of a render, an import or packed data, or its train/ or val/.
        partial: accept a render that has not finished; None: no, and the user has no say in it.
        split: of packed data; None for both. Renders have none and are read whole.

    Raises:
        ShardError: if the folder holds no dataset, or a damaged one.
    """
    if path.name in PACKED and not (path / FILE).exists():
        return LmdbReader(path)
    if isinstance(read_manifest(path), PackedManifest):
        return LmdbReader(path, split)
    return RenderReader(path, partial=partial)


def find_datasets(path: Path) -> list[Path]:
    """The path itself if it is a dataset, or all datasets at any depth below it, by name.

    Hidden folders, links to folders, and what lies inside of a dataset are passed over.

    Raises:
        ShardError: if there are none.
    """
    if (path / FILE).exists() or (path.name in PACKED and (path.parent / FILE).exists()):
        return [path]
    folders = []
    for root, names, files in os.walk(path):
        if FILE in files:
            folders.append(Path(root))
            names.clear()
        names[:] = sorted(name for name in names if not name.startswith("."))
    if not folders:
        raise ShardError(f"{path} holds no dataset: run ocrgen render or ocrgen import first")
    return sorted(folders)
