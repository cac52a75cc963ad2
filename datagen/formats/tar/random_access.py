"""Lines of a tar shard by their rows, in any order, with nothing of the shard in memory.

The columns of the sidecar are mapped where they lie, so all processes share the pages that the
system keeps of them, and images are read from the tar at the offsets that the sidecar names: a
line costs what it costs from LMDB, or less. Both files were read and checked when the dataset was
opened; here they are only compared with what they were then.
"""

import mmap
import os
import weakref
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.formats.reader import EncodedLines
from datagen.formats.tar.byte_ranges import read_ranges
from datagen.formats.tar.shard import shard_files
from datagen.formats.tar.sidecar import locate_lines
from ocrbase.arrays import StoredArray
from ocrbase.inputs import open_regular
from ocrbase.open_files import files_at_once

IntArray = NDArray[np.int64]
Identity = tuple[int, int]  # bytes of a file, and the time of its last change in ns

_MAX_OPEN_SHARDS = 1024


@dataclass(frozen=True, eq=False)
class TarLines:
    """Lines of one shard; opened when first read. Holds no open file: safe to pickle and to fork.

    Attributes:
        stem: of the shard.
        first_index: sample index of its first line.
        identity: of tar and sidecar.
        columns: where in the sidecar those of LINE_COLUMNS lie.
    """

    stem: Path
    first_index: int
    identity: tuple[Identity, Identity]
    columns: dict[str, StoredArray]

    @classmethod
    def locate(cls, stem: Path, first_index: int) -> "TarLines":
        """The lines of a shard whose first sample has this index.

        Raises:
            ShardError: if the sidecar is missing, truncated, damaged or of another version.
        """
        tar, sidecar = shard_files(stem)
        identity = (_identity(tar.stat()), _identity(sidecar.stat()))
        return cls(stem, first_index, identity, locate_lines(sidecar))

    def encoded(self, rows: IntArray) -> EncodedLines:
        """What training needs of some lines.

        Raises:
            ShardError: if the shard is missing, or has been replaced since it was located.
        """
        shard = _opened(self)
        texts = shard.texts(rows)
        length = max(map(len, texts), default=0)
        centres = shard.column("centres")[rows]
        return EncodedLines(
            shard.images(rows), texts, centres[:, :length], shard.column("width")[rows]
        )

    def texts(self, rows: IntArray) -> list[str]:
        """Labels alone.

        Raises:
            ShardError: as `encoded`.
        """
        return _opened(self).texts(rows)

    def names(self, rows: IntArray) -> list[str]:
        """How messages call some lines."""
        tar = shard_files(self.stem)[0]
        return [f"{tar} {self.first_index + row:09d}" for row in rows.tolist()]


class _OpenShard:
    """A tar that is open for reading, and a map of its sidecar."""

    def __init__(self, lines: TarLines) -> None:
        self.path, sidecar = shard_files(lines.stem)
        self.file = open_regular(self.path, error=ShardError)
        weakref.finalize(self, self.file.close)
        with open_regular(sidecar, error=ShardError) as file:
            found = (_identity(os.fstat(self.file.fileno())), _identity(os.fstat(file.fileno())))
            if found != lines.identity:
                raise ShardError(
                    f"{self.path} or its sidecar has been replaced while it was being read: run the"
                    " command again"
                )
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._places = lines.columns
        self._columns = {name: place.map(self._map) for name, place in lines.columns.items()}

    def column(self, name: str) -> NDArray[Any]:
        """A column of the sidecar, (n, ...)."""
        return self._columns[name]

    def texts(self, rows: IntArray) -> list[str]:
        """Labels of some lines."""
        start, ends = self._places["text"].offset, self._columns["text_end"]
        begins = np.where(rows > 0, ends[rows - 1], 0) + start
        spans = zip(begins.tolist(), (ends[rows] + start).tolist(), strict=True)
        return [self._map[begin:end].decode("utf-8") for begin, end in spans]

    def images(self, rows: IntArray) -> list[bytes]:
        """Encoded images of some lines."""
        offsets, sizes = self._columns["image_offset"][rows], self._columns["image_size"][rows]
        return read_ranges(self.file, self.path, offsets, sizes)


def _shards_at_once() -> int:
    """Shards to keep open, two files each: opening one takes as long as reading five lines."""
    return max(16, files_at_once(2 * _MAX_OPEN_SHARDS) // 2)


@lru_cache(maxsize=_shards_at_once())
def _opened(lines: TarLines) -> _OpenShard:
    """This process's open files of a shard; closed when others have taken its place."""
    return _OpenShard(lines)


def _identity(status: os.stat_result) -> Identity:
    return status.st_size, status.st_mtime_ns
