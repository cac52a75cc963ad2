"""Folders of NumPy columns: written as streams, published whole, mapped instead of loaded."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ocrbase.homes import writing_to


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

    def _write_header(self) -> None:
        description = np.lib.format.dtype_to_descr(self.dtype)
        header = {"descr": description, "fortran_order": False, "shape": (self.size,)}
        np.lib.format.write_array_header_1_0(self._stream, header)


def mapped(path: Path) -> NDArray[Any]:
    """A column, mapped read-only; an empty one is loaded, as nothing cannot be mapped."""
    array: NDArray[Any] = np.load(path, mmap_mode="r")
    return array


@contextmanager
def published(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes `folder` when the block ends, and vanishes if it raises.

    Of several processes that build the same folder at once the first one wins; the others throw
    their own, equal one away.

    Raises:
        CorpusError: if there is no room, or no permission to write.
    """
    with writing_to(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            yield draft
            try:
                draft.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
