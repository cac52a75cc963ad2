"""Unpacked faces and their coverage on disk, made once and shared by all processes.

Web fonts are compressed: drawing from them would decompress at every open (11 to 145 ms).
Names hold the checksum of the source, so a new version of a face never meets an old file.
"""

import contextlib
import hashlib
import io
from pathlib import Path

from fonts.errors import FontError
from fonts.headers import MAX_FILE_BYTES
from ocrbase.homes import OTHER_CACHE, cache_home
from ocrbase.inputs import read_bytes
from ocrbase.publishing import discard, publish_bytes, publish_file

COMPRESSED = (".woff", ".woff2")


def cache_folder() -> Path:
    """Where unpacked faces and their coverage are kept; may not exist yet."""
    return cache_home() / "fonts"


def unpacked(source: Path, sha256: str) -> Path:
    """Path of a face's bytes ready for drawing; a compressed source is unpacked first.

    Raises:
        FontError: if the source is missing or its checksum differs.
    """
    if source.suffix.lower() not in COMPRESSED:
        if not source.is_file():
            raise FontError(f"{source} is gone; `ocrgen fonts remove` forgets a face")
        return source
    target = _unpacked_file(sha256)
    if not target.exists():
        check(source, sha256)
        publish_bytes(target, _decompressed(source), OTHER_CACHE)
    return target


def check(source: Path, sha256: str) -> None:
    """Compare a file with its checksum.

    Raises:
        FontError: if it is missing or differs.
    """
    try:
        content = read_bytes(source, MAX_FILE_BYTES, error=FontError)
    except FontError as error:
        raise FontError(f"{error}; reinstall ocrgen, or remove and add the face again") from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        raise FontError(
            f"{source} has sha256 {actual[:12]}…, expected {sha256[:12]}…; reinstall ocrgen,"
            " or remove and add the face again"
        )


def code_points(path: Path, index: int, sha256: str) -> frozenset[int]:
    """What a face covers, from the cache; read from the font once.

    Raises:
        FontError: if the font is damaged.
        DiskError: if the cache cannot be written.
    """
    import numpy as np

    stored = _coverage_file(index, sha256)
    with contextlib.suppress(OSError, ValueError, EOFError):  # missing, or damaged: made anew
        return frozenset(np.load(stored, mmap_mode="r").tolist())
    from fonts.charmap import drawn_points

    points = np.array(sorted(drawn_points(path, index)), dtype=np.uint32)
    with publish_file(stored, OTHER_CACHE) as attempt, attempt.open("wb") as stream:
        np.save(stream, points)
    return frozenset(points.tolist())


def forget(index: int, sha256: str) -> None:
    """Remove what is kept of a face."""
    discard(_unpacked_file(sha256))
    discard(_coverage_file(index, sha256))


def _unpacked_file(sha256: str) -> Path:
    return cache_folder() / f"{sha256}.ttf"


def _coverage_file(index: int, sha256: str) -> Path:
    return cache_folder() / f"{sha256}-{index}.npy"


def _decompressed(source: Path) -> bytes:
    from fontTools.ttLib import TTFont

    from fonts.charmap import font_errors
    from fonts.headers import open_font_file

    with (
        font_errors(source),
        open_font_file(source) as stream,
        TTFont(stream, recalcBBoxes=False, recalcTimestamp=False) as font,
    ):
        font.flavor = None
        buffer = io.BytesIO()
        font.save(buffer)
        return buffer.getvalue()
