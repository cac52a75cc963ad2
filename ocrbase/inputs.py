"""Opening what a user names: regular files only, of a bounded size, or one line that says why not.

A fifo or a device would hang the reader or feed it for ever, so nothing else is opened at all.
"""

import os
import stat
from io import BufferedReader
from pathlib import Path

from ocrbase.errors import InputError, UserError

MAX_BYTES = 256 << 20  # of a file that is read whole


def open_regular(path: Path, *, error: type[UserError] = InputError) -> BufferedReader:
    """Open a regular file for reading; links are followed.

    Args:
        path: of the file.
        error: class of what is raised.

    Raises:
        UserError: of the class `error`, if there is no such file, it may not be read, or it is a
            folder, fifo, socket or device.
    """
    try:
        # O_NONBLOCK: opening a fifo that nobody writes would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except OSError as reason:
        raise error(f"cannot read {path}: {reason.strerror}") from reason
    except ValueError as reason:  # a NUL or a lone surrogate in the name
        raise error(f"cannot read {str(path)!r}: no such name is possible ({reason})") from reason
    try:
        problem = _not_regular(os.fstat(descriptor).st_mode)
        if problem:
            raise error(f"cannot read {path}: it is {problem}, not a regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(
    path: Path, max_bytes: int = MAX_BYTES, *, error: type[UserError] = InputError
) -> bytes:
    """The content of a regular file of at most `max_bytes`.

    Raises:
        UserError: of the class `error`, naming the file and why it cannot be read.
    """
    with open_regular(path, error=error) as file:
        try:
            data = file.read(max_bytes + 1)
        except OSError as reason:
            raise error(f"cannot read {path}: {reason.strerror}") from reason
    if len(data) > max_bytes:
        raise error(f"{path} is larger than {max_bytes:,} bytes, the limit for files of its kind")
    return data


def read_text(
    path: Path, max_bytes: int = MAX_BYTES, *, error: type[UserError] = InputError
) -> str:
    """The content of a regular UTF-8 file, its line ends as they stand; a BOM is dropped.

    Raises:
        UserError: of the class `error`, naming the file and the byte that is no UTF-8.
    """
    data = read_bytes(path, max_bytes, error=error)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        raise error(f"{path} is not UTF-8: {reason.reason} at byte {reason.start:,}") from reason


def is_there(path: Path) -> bool:
    """Whether a file or folder of that name exists; for a name that cannot be, too."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, a NUL
        return False


def path_below(folder: Path, name: str, *, error: type[UserError] = InputError) -> Path:
    """The path of a file that a manifest, registry or list names, below the folder that holds it.

    Args:
        folder: that holds the list; nothing outside is named, by links neither.
        name: as the list has it.
        error: class of what is raised.

    Raises:
        UserError: of the class `error`, if the name is absolute, holds `..`, or leaves the folder.
    """
    path = folder / name
    parts = Path(name).parts
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL, a name too long, a loop of links
        inside = False
    if not parts or Path(name).is_absolute() or ".." in parts or not inside:
        raise error(f"{folder}: the name {name[:200]!r} leads out of that folder")
    return path


def _not_regular(mode: int) -> str:
    """What a file is, if it is not a regular one."""
    if stat.S_ISREG(mode):
        return ""
    kinds = {
        stat.S_IFDIR: "a folder", stat.S_IFIFO: "a fifo", stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
    }  # fmt: skip
    return kinds.get(stat.S_IFMT(mode), "something else")
