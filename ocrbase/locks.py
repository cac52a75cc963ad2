"""One process at a time builds a folder: the second gets one line that names the first.

The lock is a hidden file beside the folder, `.NAME.lock`, with the owner's process and machine in
it. The system releases it when the owner ends, however it ends, so a killed command leaves a file
that holds nobody back. Where a drive has no such locks, or the file names another machine, what it
says is believed, unless it names a process of this machine that is gone.
"""

import contextlib
import errno
import fcntl
import os
import platform
import stat
from collections.abc import Iterator
from pathlib import Path

from ocrbase.errors import DiskError, UserError
from ocrbase.publishing import OTHER_FOLDER, discard, disk_errors

_HELD = (errno.EAGAIN, errno.EACCES)
_MAX_BYTES = 1000  # of a lock file


class LockError(UserError):
    """A folder that another process is writing."""


@contextlib.contextmanager
def owned(folder: Path, way_out: str = OTHER_FOLDER) -> Iterator[None]:
    """Be the only process that writes a folder while the block runs.

    Args:
        folder: what is built; need not exist yet, and may be renamed or replaced meanwhile.
        way_out: what a message advises where the place cannot be written.

    Raises:
        LockError: if another process, or another thread of this one, is writing it; names it.
        DiskError: if the place cannot be written.
    """
    path = lock_path(folder)
    with disk_errors(path, way_out):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _locked(path, folder)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {platform.node()}\n".encode(), 0)
        yield
    finally:
        discard(path)  # while it is still locked, so that nobody else's is removed
        os.close(descriptor)


def lock_path(folder: Path) -> Path:
    """The lock file of a folder, beside it."""
    folder = folder.absolute()
    return folder.with_name(f".{folder.name}.lock")


def _locked(path: Path, folder: Path) -> int:
    """A descriptor that holds the lock file."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DiskError(f"{path} is a device or pipe where a lock file goes: remove it")
            released = _take(descriptor)
            if released and _is_at(descriptor, path):
                _refuse_other_machine(descriptor, path, folder)
                return descriptor
            if not released:
                raise LockError(_message(descriptor, path, folder))
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its owner has just ended and removed it: try the next one


def _take(descriptor: int) -> bool:
    """Lock an open file; False if another has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        owner = _owner(descriptor)  # a drive without locks
        return owner is None or (owner[1] == platform.node() and not _alive(owner[0]))
    return True


def _refuse_other_machine(descriptor: int, path: Path, folder: Path) -> None:
    """Locks of some network drives are known to one machine only."""
    owner = _owner(descriptor)
    if owner is not None and owner[1] != platform.node():
        raise LockError(_message(descriptor, path, folder))


def _message(descriptor: int, path: Path, folder: Path) -> str:
    owner = _owner(descriptor)
    if owner is None:
        return f"{folder} is being written by another process: wait until it ends"
    process, machine = owner
    if machine == platform.node():
        return f"{folder} is being written by process {process}: wait until it ends, or end it"
    return (
        f"{folder} is being written by process {process} on {machine}: wait until it ends; if it"
        f" is gone, delete {path}"
    )


def _owner(descriptor: int) -> tuple[int, str] | None:
    """Process and machine that a lock file names; None if it names none."""
    text = os.pread(descriptor, _MAX_BYTES, 0).decode("utf-8", "replace")
    process, _, machine = text.strip().partition(" ")
    return (int(process), machine) if process.isascii() and process.isdigit() else None


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still has its name."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
