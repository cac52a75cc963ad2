"""Arrays in .npz files from anywhere, checked before memory is taken for them.

`numpy.load` would take what a header claims, gigabytes of it for a file of some bytes, so only
stored entries are accepted, each as large as its shape says.
"""

import io
import math
import mmap
import struct
import zipfile
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

# What zipfile and numpy raise on damaged bytes.
DAMAGE = (
    OSError, ValueError, KeyError, EOFError, OverflowError, RuntimeError, SyntaxError, TypeError,
    MemoryError, struct.error, zipfile.BadZipFile,
)  # fmt: skip


_LOCAL_HEADER = struct.Struct("<4s22xHH")  # of a zip entry: signature, -, bytes of name and extra
_SIGNATURE = b"PK\x03\x04"


@dataclass(frozen=True)
class StoredArray:
    """Where in an uncompressed .npz an array lies.

    Attributes:
        offset: of its first byte in the file.
        dtype: as NumPy spells it, such as "<i8".
        shape: of the array.
    """

    offset: int
    dtype: str
    shape: tuple[int, ...]

    def map(self, file: mmap.mmap) -> NDArray[Any]:
        """The array over a map of the file, read-only; costs no memory of its own."""
        flat = np.frombuffer(file, self.dtype, math.prod(self.shape), self.offset)
        return flat.reshape(self.shape)


def read_stored(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """One array of an uncompressed .npz, read-only, its checksum compared.

    Raises:
        ValueError: if it is compressed, of another kind, or not as long as its shape says; also
            the other exceptions of DAMAGE.
    """
    data = archive.read(_stored_entry(archive, name))
    array = _array_at(io.BytesIO(data), len(data), name)
    return np.frombuffer(data, array.dtype, offset=array.offset).reshape(array.shape)


def locate_stored(file: BinaryIO, archive: zipfile.ZipFile, name: str) -> StoredArray:
    """Where one array of an uncompressed .npz lies; reads its headers alone.

    Args:
        file: the .npz, which `archive` is open on.
        archive: its entries.
        name: of the array.

    Raises:
        ValueError: as `read_stored`, but that no checksum is compared.
    """
    entry = _stored_entry(archive, name)
    file.seek(entry.header_offset)
    signature, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if signature != _SIGNATURE:
        raise ValueError(f"{name} does not begin where the file says")
    start = entry.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
    if start + entry.file_size > archive.start_dir:
        raise ValueError(f"{name} claims more bytes than the file has")
    file.seek(start)
    return _array_at(file, start + entry.file_size, name)


def _stored_entry(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    entry = archive.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
        raise ValueError(f"{name} is compressed or encrypted")
    if max(entry.compress_size, entry.file_size) > archive.start_dir:
        raise ValueError(f"{name} claims more bytes than the file has")
    return entry


def _array_at(stream: BinaryIO, end: int, name: str) -> StoredArray:
    """The array whose .npy header comes next, and whose bytes reach to `end`."""
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{name} has another header than version 1.0")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    length = end - stream.tell()
    if length != dtype.itemsize * math.prod(shape):
        raise ValueError(f"{name} has {length:,} bytes, not {dtype.itemsize * math.prod(shape):,}")
    if dtype.hasobject or (fortran and len(shape) > 1):
        raise ValueError(f"{name} is of type {dtype.str}, or stored column by column")
    return StoredArray(stream.tell(), dtype.str, shape)
