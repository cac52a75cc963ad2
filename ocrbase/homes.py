"""Where a user's own texts and faces live, and where what can be rebuilt is cached."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from ocrbase.errors import DiskError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS)


def data_home(home: str | Path | None = None) -> Path:
    """The user data directory: the one given, else OCRGEN_HOME, else the platform's own."""
    chosen = home or os.environ.get("OCRGEN_HOME")
    return Path(chosen).expanduser() if chosen else user_data_path("ocrgen", appauthor=False)


def cache_home() -> Path:
    """The cache directory: OCRGEN_CACHE, else the platform's own; may be deleted at any time."""
    chosen = os.environ.get("OCRGEN_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("ocrgen", appauthor=False)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn a full or forbidden disk into one line with the way out.

    Raises:
        DiskError: if the block cannot write for want of room or of permission.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise DiskError(
            f"cannot write to {folder}: {error.strerror}; make room there, or choose other folders"
            " with OCRGEN_CACHE (what can be rebuilt) and --home (your own texts)"
        ) from error
