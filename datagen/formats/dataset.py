"""Open whatever dataset a path names, and find datasets below a folder."""

from pathlib import Path

from datagen.errors import ShardError
from datagen.formats.lmdb.layout import pages_of
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.manifest import FILE, LMDB, read_manifest
from datagen.formats.tar.reader import RenderReader
from datagen.split import PACKED


def open_dataset(path: Path, *, partial: bool = False) -> RenderReader | LmdbReader:
    """The reader of a folder that this program made.

    Raises:
        ShardError: if the folder holds no dataset, or a damaged one.
    """
    if path.name in PACKED and not (path / FILE).exists():
        return LmdbReader(path)
    if read_manifest(path)["format"] == LMDB:
        return LmdbReader(path)
    return RenderReader(path, partial=partial)


def find_datasets(path: Path) -> list[Path]:
    """The path itself if it is a dataset, or the datasets directly below it, by name.

    Raises:
        ShardError: if there are none.
    """
    if (path / FILE).exists() or (path.name in PACKED and (path.parent / FILE).exists()):
        return [path]
    found = sorted(p.parent for p in path.glob(f"*/{FILE}") if not p.parent.name.startswith("."))
    if not found:
        raise ShardError(f"{path} holds no dataset: run ocrgen render or ocrgen import first")
    return found


def packed_bytes(reader: RenderReader | LmdbReader) -> int:
    """Bytes that the images of a dataset need as LMDB, about."""
    if isinstance(reader, LmdbReader):
        return sum(int(shard["bytes"]) for shard in reader.shards)
    pages = 0
    for start, stop in zip(reader.starts[:-1].tolist(), reader.starts[1:].tolist(), strict=True):
        pages += pages_of(reader.image_sizes(range(start, stop)))
    return pages * 4096 + 256 * len(reader)
