"""Unpacked faces and their coverage on disk, made once and shared by all processes.

Web fonts are compressed: drawing from them would decompress at every open (11 to 145 ms).
Names hold the checksum of the source, so a new version of a face never meets an old file.
"""

import hashlib
from pathlib import Path

from fonts.errors import FontError
from ocrbase.homes import OTHER_CACHE, cache_home
from ocrbase.publishing import publish_file

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
        if not source.exists():
            raise FontError(f"{source} is gone; `ocrgen fonts remove` forgets a face")
        return source
    target = cache_folder() / f"{sha256}.ttf"
    if not target.exists():
        check(source, sha256)
        with publish_file(target, OTHER_CACHE) as attempt:
            _decompress(source, attempt)
    return target


def check(source: Path, sha256: str) -> None:
    """Compare a file with its checksum.

    Raises:
        FontError: if it is missing or differs.
    """
    try:
        found = hashlib.sha256(source.read_bytes()).hexdigest()
    except OSError as error:
        raise FontError(f"cannot read {source} ({error.strerror}); reinstall ocrgen") from error
    if found != sha256:
        raise FontError(
            f"{source} has sha256 {found[:12]}…, expected {sha256[:12]}…; reinstall ocrgen,"
            " or remove and add the face again"
        )


def code_points(path: Path, index: int, sha256: str) -> frozenset[int]:
    """What a face covers, from the cache; read from the font once."""
    import numpy as np

    stored = cache_folder() / f"{sha256}-{index}.npy"
    if not stored.exists():
        from fonts.charmap import drawn_points

        points = np.array(sorted(drawn_points(path, index)), dtype=np.uint32)
        with publish_file(stored, OTHER_CACHE) as attempt, attempt.open("wb") as stream:
            np.save(stream, points)
    return frozenset(np.load(stored).tolist())


def _decompress(source: Path, target: Path) -> None:
    from fontTools.ttLib import TTFont

    with TTFont(source, recalcBBoxes=False, recalcTimestamp=False) as font:
        font.flavor = None
        font.save(target)
