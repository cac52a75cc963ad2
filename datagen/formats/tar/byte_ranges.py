"""Parts of a tar: the one place where bytes of samples are fetched."""

import os
from io import BufferedReader
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.formats.tar.ustar import RECORD

IntArray = NDArray[np.int64]

_SPAN_WASTE = 4  # bytes read for each byte wanted, at most, before parts are read one by one
_MAX_SPAN = 1 << 26


def read_ranges(
    file: BufferedReader, path: Path, offsets: IntArray, sizes: IntArray
) -> list[bytes]:
    """Some parts of an open file; moves no position, so threads and forks may share the file.

    Args:
        file: a tar.
        path: of the tar, for messages.
        offsets: of the first byte of each part, (B,).
        sizes: bytes of each part, (B,).

    Raises:
        ShardError: if the file ends before a part does.
    """
    if not len(offsets):
        return []
    start, end = int(offsets.min()), int((offsets + sizes).max())
    spots = list(zip(offsets.tolist(), sizes.tolist(), strict=True))
    descriptor = file.fileno()
    if end - start <= min(_SPAN_WASTE * int(sizes.sum()) + RECORD, _MAX_SPAN):
        span = os.pread(descriptor, end - start, start)
        parts = [span[o - start : o - start + size] for o, size in spots]
    else:
        parts = [os.pread(descriptor, size, offset) for offset, size in spots]
    if any(len(data) != size for data, (_, size) in zip(parts, spots, strict=True)):
        raise ShardError(f"{path} ended early: delete it and make it again")
    return parts
