"""The arrays of a sidecar file: names, types and shapes."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.sample import META_DTYPE
from ocrbase.arrays import DAMAGE, read_stored
from ocrbase.errors import listed
from ocrbase.inputs import open_regular

_N, _L = -1, -2  # in shapes: one per line, and any length
_META = {
    name: (META_DTYPE[name].base.str, (_N, *META_DTYPE[name].shape))
    for name in META_DTYPE.names or ()
}
_REQUIRED: dict[str, tuple[str, tuple[int, ...]]] = {
    "version": ("<i8", ()),
    "tar_size": ("<i8", ()),
    "text": ("|u1", (_L,)),
    "text_end": ("<i8", (_N,)),
    **_META,
    "image_offset": ("<i8", (_N,)),
    "image_size": ("<i8", (_N,)),
    "crc32": ("<u4", (_N,)),
    "centres": ("<f4", (_N, _L)),
}
_OPTIONAL: dict[str, tuple[str, tuple[int, ...]]] = {
    "mask_offset": ("<i8", (_N,)),
    "mask_size": ("<i8", (_N,)),
    "quads": ("<f4", (_N, _L, 4, 2)),
}
_COLUMNS = _REQUIRED | _OPTIONAL

Columns = dict[str, NDArray[Any]]


def read_columns(path: Path, version: int, names: Sequence[str] | None = None) -> Columns:
    """Read some columns of a sidecar, or all that are known, without the rest of its bytes.

    Raises:
        ShardError: if it is missing, truncated, damaged or of another version, or a column is of
            another type or length than it should be; names the column.
    """
    if not path.exists():
        raise ShardError(f"{path} is missing beside its shard: delete the shard and make it again")
    try:
        with open_regular(path, error=ShardError) as file, zipfile.ZipFile(file) as archive:
            stored = int(_read(archive, "version"))
            if stored != version:
                raise ShardError(f"{path} is of version {stored}, this program reads {version}")
            there = {entry.removesuffix(".npy") for entry in archive.namelist()}
            missing = [name for name in _REQUIRED if name not in there]
            if missing:
                raise ValueError(f"without the columns {listed(missing)}")
            wanted = [name for name in _COLUMNS if name in there] if names is None else names
            columns = {name: _read(archive, name) for name in wanted}
    except DAMAGE as error:
        raise ShardError(
            f"{path} is truncated or damaged ({error}): delete it and its shard, make both again"
        ) from error
    lengths = {len(columns[name]) for name in columns if _COLUMNS[name][1][:1] == (_N,)}
    if len(lengths) > 1 or 0 in lengths:
        raise ShardError(
            f"{path} has columns of {listed([f'{n:,}' for n in sorted(lengths)])} lines: delete it"
            " and its shard, make both again"
        )
    return columns


def _read(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """One column, read-only.

    Raises:
        ValueError: if it is not what `_COLUMNS` says, or not as long as its shape says.
    """
    column = read_stored(archive, name)
    kind, lengths = _COLUMNS[name]
    shape = column.shape
    fits = len(shape) == len(lengths) and all(
        wanted < 0 or wanted == length for wanted, length in zip(lengths, shape, strict=False)
    )
    if column.dtype.str != kind or not fits:
        raise ValueError(f"column {name} is of type {column.dtype.str} and shape {shape}")
    return column
