"""Arrays in .npz files from anywhere, checked before memory is taken for them.

`numpy.load` would take what a header claims, gigabytes of it for a file of some bytes, so only
stored entries are accepted, each as large as its shape says.
"""

import io
import struct
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What zipfile and numpy raise on damaged bytes.
DAMAGE = (
    OSError, ValueError, KeyError, EOFError, OverflowError, RuntimeError, SyntaxError, TypeError,
    MemoryError, struct.error, zipfile.BadZipFile,
)  # fmt: skip


def read_stored(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """One array of an uncompressed .npz, read-only.

    Raises:
        ValueError: if it is compressed, of another kind, or not as long as its shape says; also
            the other exceptions of DAMAGE.
    """
    entry = archive.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
        raise ValueError(f"{name} is compressed or encrypted")
    if max(entry.compress_size, entry.file_size) > archive.start_dir:
        raise ValueError(f"{name} claims more bytes than the file has")
    data = archive.read(entry)
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{name} has another header than version 1.0")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    expected = dtype.itemsize
    for length in shape:
        expected *= length
    if len(data) - stream.tell() != expected:
        raise ValueError(f"{name} has {len(data) - stream.tell():,} bytes, not {expected:,}")
    if dtype.hasobject or (fortran and len(shape) > 1):
        raise ValueError(f"{name} is of type {dtype.str}, or stored column by column")
    return np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape)
