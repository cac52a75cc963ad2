"""How a file or a folder gets its final name: complete or not at all.

An attempt is written under a hidden name of its own beside the final one, so a kill leaves nothing
but that, and two attempts at one name (a dask cluster may start a second) never meet. The attempt
at a file that publishes removes what killed ones left; an attempt at a folder is locked while its
process lives, and the next one removes those that nobody holds.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from ocrbase.errors import DiskError

_MARK = ".part-"
OTHER_FOLDER = "choose another folder"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NUMPY_FULL = re.compile(r"^\d+ requested and \d+ written$")  # has no number of its own
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_IMPOSSIBLE = (
    errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EFBIG,
    errno.EIO,
)  # fmt: skip


def publish_bytes(final: Path, data: bytes, way_out: str = OTHER_FOLDER) -> None:
    """Write a small file so that it appears complete or not at all.

    Raises:
        DiskError: if there is no room, or the place cannot be written; ends in `way_out`.
    """
    with publish_file(final, way_out) as attempt, attempt.open("xb") as file:
        file.write(data)


def publish_text(final: Path, text: str, way_out: str = OTHER_FOLDER) -> None:
    """Write a small UTF-8 file, line ends as they stand, that appears complete or not at all.

    Raises:
        DiskError: as `publish_bytes`.
    """
    publish_bytes(final, text.encode("utf-8"), way_out)


@contextlib.contextmanager
def publish_file(final: Path, way_out: str = OTHER_FOLDER) -> Iterator[Path]:
    """A path to write a file under; it gets its final name when the block ends.

    When the block raises, nothing is left behind and an older file of that name stays. Folders
    above are made where missing.

    Raises:
        DiskError: if there is no room, or the place cannot be written; ends in `way_out`.
    """
    attempt = attempt_path(final)
    with disk_errors(final, way_out):
        final.parent.mkdir(parents=True, exist_ok=True)
        _refuse_special(final, way_out)
        try:
            yield attempt
            with contextlib.suppress(FileNotFoundError):  # `publish` tells whether that is wrong
                attempt.chmod(0o666 & ~_umask())  # some libraries write what only its owner reads
                with attempt.open("rb+") as file:
                    flush(file.fileno())
            publish(attempt, final)
        except Exception as error:
            # Libraries report a full disk in words of their own, or none at all.
            if not isinstance(error, OSError) and not shutil.disk_usage(final.parent).free:
                raise DiskError(full_disk_message(final, way_out)) from error
            raise
        finally:
            discard(attempt)


@contextlib.contextmanager
def publish_folder(
    final: Path, *, replace: bool = False, way_out: str = OTHER_FOLDER
) -> Iterator[Path]:
    """An empty folder to fill; it gets its final name when the block ends.

    When the block raises, nothing is left behind.

    Args:
        final: the name it gets.
        replace: take the place of an older folder of that name; else the older one stays, as of
            several processes that build the same folder at once the first one wins.
        way_out: what a message on a full disk advises.

    Raises:
        DiskError: if there is no room, or the place cannot be written; ends in `way_out`.
    """
    with disk_errors(final, way_out):
        final.parent.mkdir(parents=True, exist_ok=True)
        if replace:
            restore_folder(final)
        _remove_abandoned(final)
        attempt, lock = _locked_attempt(final)
        try:
            yield attempt
            if replace:
                replace_folder(attempt, final)
            else:
                _rename_unless_there(attempt, final)
        finally:
            shutil.rmtree(attempt, ignore_errors=True)
            os.close(lock)


@contextlib.contextmanager
def scratch_folder(name: Path) -> Iterator[Path]:
    """An empty folder that goes when the block ends; those that killed processes left go too.

    Args:
        name: beside which it lies; need not exist.

    Raises:
        DiskError: if there is no room, or the place cannot be written.
    """
    with disk_errors(name):
        name.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(name)
        folder, lock = _locked_attempt(name)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def replace_folder(complete: Path, final: Path) -> None:
    """Give a complete folder its final name; what had it before goes once that is done.

    A kill between the two renames leaves the old folder under its hidden name; `restore_folder`
    brings it back.
    """
    old = _old_path(final)
    if final.exists():
        final.rename(old)
    try:
        complete.rename(final)
    except BaseException:
        restore_folder(final)
        raise
    flush_folder(final.parent)
    shutil.rmtree(old, ignore_errors=True)


def restore_folder(final: Path) -> None:
    """Undo a `replace_folder` that was killed half-way, or finish its cleaning."""
    old = _old_path(final)
    if final.exists():
        shutil.rmtree(old, ignore_errors=True)
    elif old.exists():
        old.rename(final)


def attempt_path(final: Path) -> Path:
    """A name beside the final one that no other attempt has."""
    return final.with_name(f".{final.name}{_MARK}{secrets.token_hex(6)}")


def is_attempt(path: Path) -> bool:
    """Whether a name was made by `attempt_path`."""
    return path.name.startswith(".") and _MARK in path.name


def leftovers(final: Path) -> list[Path]:
    """What attempts at this file, killed or running, have left beside it."""
    prefix = f".{final.name}{_MARK}"
    return sorted(path for path in final.parent.iterdir() if path.name.startswith(prefix))


def clear_attempts(folder: Path) -> None:
    """Remove what attempts at any file of a folder left; none may be running."""
    for path in folder.glob(f".*{_MARK}*"):
        discard(path)


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder, which need not exist yet."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


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


def _refuse_special(final: Path, way_out: str) -> None:
    """A device, a fifo or a folder is not replaced by a file; a link is, not what it leads to."""
    mode = final.lstat().st_mode if os.path.lexists(final) else stat.S_IFREG
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise DiskError(f"{final} is there already and no file: {way_out}")


def discard(path: Path) -> None:
    """Remove a file if it is there and may be removed."""
    with contextlib.suppress(OSError):
        path.unlink()


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


def reserve(path: Path) -> None:
    """Take the room of a file that is about to be written through a map.

    A page of a map that finds no room on the disk kills the process; this fails instead.

    Raises:
        OSError: if the disk is full.
    """
    with path.open("rb+") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except (AttributeError, OSError) as error:  # macOS lacks it, and some network drives
            if isinstance(error, OSError) and error.errno in _FULL:
                raise


@contextlib.contextmanager
def disk_errors(path: Path, way_out: str = OTHER_FOLDER) -> Iterator[None]:
    """Turn what a user can mend (full disk, no rights, no such place) into one line.

    Args:
        path: what is written.
        way_out: what the message advises.

    Raises:
        DiskError: in place of an OSError of the block that says so.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or _NUMPY_FULL.search(str(error)):
            raise DiskError(full_disk_message(path, way_out)) from error
        if error.errno in _FORBIDDEN:
            raise DiskError(f"no right to write {path}: {error.strerror}; {way_out}") from error
        if error.errno in _IMPOSSIBLE:
            raise DiskError(f"cannot write {path}: {error.strerror}; {way_out}") from error
        raise


def full_disk_message(path: Path, way_out: str = OTHER_FOLDER) -> str:
    """The line that a full disk gets."""
    return (
        f"the disk is full at {path}; nothing that was published is lost: free space, or"
        f" {way_out}, and run the same command again"
    )


def _old_path(final: Path) -> Path:
    return final.with_name(f".{final.name}.old")


def _rename_unless_there(attempt: Path, final: Path) -> None:
    try:
        attempt.rename(final)
    except OSError:
        if not final.is_dir():
            raise
    flush_folder(final.parent)


def _remove_abandoned(final: Path) -> None:
    """Remove attempts at a folder whose processes have ended."""
    for path in leftovers(final):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def _locked_attempt(final: Path) -> tuple[Path, int]:
    """A new folder and a descriptor that locks it; the lock ends with the process at the latest."""
    while True:
        attempt = attempt_path(final)
        attempt.mkdir()
        try:
            descriptor = os.open(attempt, os.O_RDONLY)
        except FileNotFoundError:  # as below, a moment earlier
            continue
        with contextlib.suppress(OSError):  # some network drives know no locks on folders
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if attempt.exists():  # else another process took it for abandoned before it was locked
            return attempt, descriptor
        os.close(descriptor)


def _umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
