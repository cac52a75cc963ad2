"""Folders of NumPy columns in the cache: written as streams, published whole, mapped read-only."""

import contextlib
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec
import numpy as np
from numpy.typing import DTypeLike, NDArray

from ocrbase.errors import UserError
from ocrbase.homes import OTHER_CACHE
from ocrbase.publishing import publish_folder
from ocrbase.records import encode, read_json

_CHECKSUMS = "checksums.json"
_READ_AT_ONCE = 1 << 20

Opened = TypeVar("Opened")


class ColumnError(UserError):
    """A folder of columns that is not there, or damaged."""


class ColumnWriter:
    """A one-dimensional .npy file that grows by `append`, its length known only at the end."""

    def __init__(self, path: Path, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.size = 0
        self._stream: BinaryIO = path.open("wb")
        self._write_header()

    def append(self, values: NDArray[Any]) -> None:
        """Write values behind those before, converted to the column's type."""
        self._stream.write(np.ascontiguousarray(values, dtype=self.dtype).tobytes())
        self.size += len(values)

    def close(self) -> None:
        """Write the final length into the header; NumPy leaves room there for growth."""
        if not self._stream.closed:
            self._stream.seek(0)
            self._write_header()
            self._stream.close()

    def abandon(self) -> None:
        """Let go of the file as it is, for which there may be no room."""
        with contextlib.suppress(OSError):
            self._stream.close()

    def _write_header(self) -> None:
        description = np.lib.format.dtype_to_descr(self.dtype)
        header = {"descr": description, "fortran_order": False, "shape": (self.size,)}
        np.lib.format.write_array_header_1_0(self._stream, header)


class Checksums(msgspec.Struct, frozen=True):
    """CRC-32 of every other file of a folder; each is read once when the folder is opened."""

    crc32: dict[str, int]

    @classmethod
    def of(cls, folder: Path) -> "Checksums":
        files = sorted(path for path in folder.iterdir() if path.name != _CHECKSUMS)
        return cls({path.name: _crc32(path) for path in files})


def map_column(path: Path, dtype: DTypeLike, ndim: int = 1) -> NDArray[Any]:
    """A column, mapped read-only; an empty one is loaded, as nothing cannot be mapped.

    Raises:
        ColumnError: if the file is missing, or of another type.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ColumnError(f"cannot map {path}: {error}") from error
    if array.dtype != np.dtype(dtype) or array.ndim != ndim:
        raise ColumnError(
            f"{path} holds {array.ndim} dimensions of {array.dtype}, expected {ndim} of"
            f" {np.dtype(dtype)}"
        )
    return array


def open_or_build(
    folder: Path, open_folder: Callable[[Path], Opened], build: Callable[[Path], None]
) -> Opened:
    """What a cached folder holds, built where it is missing and built anew where it is damaged.

    Of several processes that build the same folder at once the first one wins.

    Args:
        folder: in the cache.
        open_folder: maps its columns; raises a ColumnError for what it cannot use.
        build: fills an empty folder with files.

    Raises:
        DiskError: if there is no room, or no permission to write.
    """
    try:
        _check(folder)
        return open_folder(folder)
    except ColumnError:
        shutil.rmtree(folder, ignore_errors=True)
    with publish_folder(folder, way_out=OTHER_CACHE) as draft:
        build(draft)
        (draft / _CHECKSUMS).write_text(encode(Checksums.of(draft)), encoding="utf-8")
    return open_folder(folder)


def _check(folder: Path) -> None:
    """Compare a folder with its checksums.

    Raises:
        ColumnError: if it is missing or damaged.
    """
    expected = read_json(folder / _CHECKSUMS, Checksums, error=ColumnError)
    try:
        if Checksums.of(folder) != expected:
            raise ColumnError(f"{folder} is damaged")
    except OSError as error:
        raise ColumnError(f"cannot read {folder}: {error.strerror}") from error


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while piece := file.read(_READ_AT_ONCE):
            checksum = zlib.crc32(piece, checksum)
    return checksum
