"""Files that appear under their final name complete or not at all."""

import os
from collections.abc import Callable
from pathlib import Path


def publish(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, force it to disk, then rename it.

    On an exception nothing is left behind and an older file of that name stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(aside)
        aside.chmod(0o666 & ~_umask())  # safetensors creates files that only their owner reads
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def publish_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file that appears complete or not at all."""
    publish(path, lambda aside: _write(aside, text))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
