"""How a file gets its final name: complete or not at all.

An attempt writes under a hidden name of its own beside the final one, so a kill leaves nothing but
that, and two attempts at one file (a dask cluster may start a second) never share a name. The
attempt that publishes removes what killed ones left.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from ocrbase.errors import DiskError

_MARK = ".part-"


def attempt_path(final: Path) -> Path:
    """A name beside the final one that no other attempt has."""
    return final.with_name(f".{final.name}{_MARK}{secrets.token_hex(6)}")


def is_attempt(path: Path) -> bool:
    """Whether a name was made by `attempt_path`."""
    return path.name.startswith(".") and _MARK in path.name


def leftovers(final: Path) -> list[Path]:
    """What attempts at this file, killed or running, have left beside it."""
    return sorted(final.parent.glob(f".{final.name}{_MARK}*"))


def clear_attempts(folder: Path) -> None:
    """Remove what attempts at any file of a folder left; none may be running."""
    for path in folder.glob(f".*{_MARK}*"):
        discard(path)


def publish(attempt: Path, final: Path) -> None:
    """Give a complete file, already flushed to disk, its final name; remove other attempts at it.

    An attempt that finds its own file removed has been overtaken by another that published, which
    is as good: what is written does not depend on who writes it.
    """
    try:
        attempt.replace(final)
    except FileNotFoundError:
        if not final.exists():
            raise
    flush_folder(final.parent)
    for path in leftovers(final):
        discard(path)


def discard(path: Path) -> None:
    """Remove a file if it is there and may be removed."""
    with contextlib.suppress(OSError):
        path.unlink()


def write_whole(final: Path, data: bytes) -> None:
    """Write a small file so that it appears complete or not at all."""
    attempt = attempt_path(final)
    with disk_errors(final):
        try:
            with attempt.open("xb") as file:
                file.write(data)
                flush(file.fileno())
            publish(attempt, final)
        except BaseException:
            discard(attempt)
            raise


def flush(descriptor: int) -> None:
    """Wait until what was written to a file has reached the disk."""
    os.fsync(descriptor)


def flush_folder(folder: Path) -> None:
    """Wait until a folder's names have reached the disk, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what a user can mend (full disk, no rights) into one line.

    Raises:
        DiskError: in place of an OSError of the block that says so.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskError(full_disk_message(path)) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise DiskError(
                f"no right to write {path}: {error.strerror}; choose another folder with --out"
            ) from error
        raise


def full_disk_message(path: Path) -> str:
    """The line that a full disk gets."""
    return (
        f"the disk is full at {path}; nothing that was published is lost: free space, or choose"
        " another folder with --out, and run the same command again"
    )
