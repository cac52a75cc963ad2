"""How loops are compiled: once for each state of the sources beside them.

numba notices a change in the file of a function, but not in the functions of other files that it
calls. So the compiled code is kept in a folder that is named after all sources of the function's
folder together, in which its callees stand too.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from ocrbase.homes import cache_home

_ROOM_BYTES = 64 << 20  # with less, compiled code is not kept: saving it would fail half-way


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on first call, without the interpreter's lock; division by zero gives infinity.

    Where nothing can be written, each process compiles anew.
    """
    import numba

    folder = _folder(Path(function.__code__.co_filename).parent)
    config: Any = numba.config
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder or "")
    try:
        keep = folder is not None
        return numba.njit(cache=keep, nogil=True, error_model="numpy")(function)
    finally:
        config.CACHE_DIR = before


def cpu_features() -> str:
    """What the compiler may use of this processor: the same features give the same bytes."""
    from llvmlite import binding

    return " ".join(sorted(name for name, has in binding.get_host_cpu_features().items() if has))


@cache
def _folder(sources: Path) -> Path | None:
    """Beside the sources where that can be written, else in the user's cache, else nowhere."""
    code = b"".join(path.read_bytes() for path in sorted(sources.glob("*.py")))
    digest = hashlib.sha256(code).hexdigest()[:16]
    for folder in (sources / "__pycache__" / digest, cache_home() / "compiled" / digest):
        if _is_writable(folder):
            return folder
    return None


def _is_writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    room = folder.is_dir() and shutil.disk_usage(folder).free > _ROOM_BYTES
    return room and os.access(folder, os.W_OK | os.X_OK)
