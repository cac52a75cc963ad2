"""The arrays of a sidecar file: names, types and shapes."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.sample import META_DTYPE
from ocrbase.arrays import DAMAGE, StoredArray, locate_stored, read_stored
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
    with _opened(path, version) as (_, archive):
        there = {entry.removesuffix(".npy") for entry in archive.namelist()}
        wanted = [name for name in _COLUMNS if name in there] if names is None else names
        columns = {name: read_stored(archive, name) for name in wanted}
        for name, column in columns.items():
            _check_kind(name, column.dtype.str, column.shape)
    _check_lengths(path, {name: column.shape for name, column in columns.items()})
    return columns


def locate_columns(path: Path, version: int, names: Sequence[str]) -> dict[str, StoredArray]:
    """Where in a sidecar some columns lie, without reading them.

    Raises:
        ShardError: as `read_columns`.
    """
    with _opened(path, version) as (file, archive):
        arrays = {name: locate_stored(file, archive, name) for name in names}
        for name, array in arrays.items():
            _check_kind(name, array.dtype, array.shape)
    _check_lengths(path, {name: array.shape for name, array in arrays.items()})
    return arrays


@contextmanager
def _opened(path: Path, version: int) -> Iterator[tuple[BufferedReader, zipfile.ZipFile]]:
    """A sidecar of this version with all the columns it needs; what is damaged gets one line."""
    if not path.exists():
        raise ShardError(f"{path} is missing beside its shard: delete the shard and make it again")
    try:
        with open_regular(path, error=ShardError) as file, zipfile.ZipFile(file) as archive:
            held = read_stored(archive, "version")
            _check_kind("version", held.dtype.str, held.shape)
            if int(held) != version:
                raise ShardError(f"{path} is of version {held}, this program reads {version}")
            there = {entry.removesuffix(".npy") for entry in archive.namelist()}
            missing = [name for name in _REQUIRED if name not in there]
            if missing:
                raise ValueError(f"without the columns {listed(missing)}")
            yield file, archive
    except DAMAGE as error:
        raise ShardError(
            f"{path} is truncated or damaged ({error}): delete it and its shard, make both again"
        ) from error


def _check_kind(name: str, dtype: str, shape: tuple[int, ...]) -> None:
    """Compare a column with `_COLUMNS`.

    Raises:
        ValueError: if it is of another type or shape.
    """
    kind, lengths = _COLUMNS[name]
    fits = len(shape) == len(lengths) and all(
        wanted < 0 or wanted == length for wanted, length in zip(lengths, shape, strict=False)
    )
    if dtype != kind or not fits:
        raise ValueError(f"column {name} is of type {dtype} and shape {shape}")


def _check_lengths(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """All columns that have a row for each line must have as many."""
    lengths = {shape[0] for name, shape in shapes.items() if _COLUMNS[name][1][:1] == (_N,)}
    if len(lengths) > 1 or 0 in lengths:
        raise ShardError(
            f"{path} has columns of {listed([f'{n:,}' for n in sorted(lengths)])} lines: delete it"
            " and its shard, make both again"
        )
