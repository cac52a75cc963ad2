"""LMDB handles of this process, and LMDB's errors in the words of this program."""

import os
import shutil
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import lmdb

from datagen.errors import ShardError
from datagen.formats.lmdb.meta_pages import check_file
from ocrbase.errors import DiskError
from ocrbase.open_files import make_room
from ocrbase.publishing import full_disk_message

COMMIT_BYTES = 16 << 20  # dirty pages of a writer in memory at a time

# An LMDB may be opened once in a process, so all readers of one share its handle. A child of a
# fork closes what it inherited and opens its own.
_environments: dict[str, tuple[tuple[int, int], Any]] = {}
_owner = os.getpid()
_guard = threading.Lock()


def environment(folder: Path) -> Any:
    """This process's handle of an LMDB folder, opened anew if the folder has been replaced.

    Raises:
        ShardError: if there is none, or it is no LMDB.
    """
    global _owner
    path = os.path.realpath(folder)
    with _guard:
        if _owner != os.getpid():
            _close(list(_environments))
            _owner = os.getpid()
        try:
            status = (folder / "data.mdb").stat()
        except OSError as error:
            raise ShardError(f"{folder} holds no data.mdb: not an LMDB folder") from error
        identity = (status.st_dev, status.st_ino)
        held = _environments.get(path)
        if held is None or held[0] != identity:
            _close([path])
            _environments[path] = held = (identity, _open(path))
        return held[1]


def release(folder: Path) -> None:
    """Close the handles of all LMDBs below a folder, so that it can be removed."""
    root = os.path.realpath(folder)
    with _guard:
        _close([p for p in _environments if p == root or p.startswith(root + os.sep)])


def _close(paths: list[str]) -> None:
    for path in paths:
        if path in _environments:
            _environments.pop(path)[1].close()


def _open(path: str) -> Any:
    make_room(len(_environments))
    check_file(Path(path) / "data.mdb")
    with lmdb_errors(Path(path)):
        return lmdb.open(path, readonly=True, lock=False, readahead=False, meminit=False)


class lmdb_errors:  # noqa: N801 - used as a with statement
    """Turn LMDB's errors into one line that names the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, lmdb.Error) and _disk_is_full(self.folder, error):
            raise DiskError(full_disk_message(self.folder)) from error
        if isinstance(error, lmdb.Error):
            raise ShardError(f"{self.folder}: {error}; the LMDB is damaged or no LMDB") from error


def _disk_is_full(folder: Path, error: BaseException) -> bool:
    """Whether an LMDB error means a full disk; LMDB calls a write that broke off an I/O error."""
    if isinstance(error, lmdb.DiskError) or "No space left" in str(error):
        return True
    if "Input/output error" not in str(error) or not folder.parent.exists():
        return False
    return shutil.disk_usage(folder.parent).free < 2 * COMMIT_BYTES
