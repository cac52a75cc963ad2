"""How the loops of this folder are compiled: once for each state of its sources.

numba notices a change in the file of a function, but not in the functions of other files that it
calls. So the compiled code is kept in a folder that is named after all sources together.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

from ocrbase.homes import cache_home


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on first call, without the interpreter's lock; division by zero gives infinity."""
    config: Any = numba.config
    before, config.CACHE_DIR = config.CACHE_DIR, str(_folder())
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    finally:
        config.CACHE_DIR = before


def cpu_features() -> str:
    """What the compiler may use of this processor: the same features give the same bytes."""
    from llvmlite import binding

    return " ".join(sorted(name for name, has in binding.get_host_cpu_features().items() if has))


@cache
def _folder() -> Path:
    """Beside the sources where that can be written, else in the user's cache."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py"))))
    beside = here / "__pycache__"
    writable = os.access(beside if beside.exists() else here, os.W_OK)
    return (beside if writable else cache_home() / "compiled") / digest.hexdigest()[:16]
