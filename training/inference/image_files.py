"""Which image files a command line means: files, folders, patterns, and a list on stdin."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from training.errors import ReadError

MAX_LIST_BYTES = 64 << 20  # of a list on standard input

# What a folder is searched for; a file named itself may be called anything.
_RASTER = ".avif .bmp .dib .gif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff .webp"
SUFFIXES = frozenset(_RASTER.split())


def listed_names(stream: BinaryIO) -> list[str]:
    """The lines of a list of names, which need not be Unicode.

    Raises:
        ReadError: if it is longer than any list, or holds NUL, so is no list at all.
    """
    data = stream.read(MAX_LIST_BYTES + 1)
    if len(data) > MAX_LIST_BYTES or b"\0" in data:
        raise ReadError("standard input is no list of image files, one per line")
    return [os.fsdecode(line) for line in data.splitlines()]


def image_paths(
    arguments: Iterable[str], listing: Iterable[str] = (), more: frozenset[str] = frozenset()
) -> Iterator[Path]:
    """The files that arguments name, in order, those of a folder or pattern sorted.

    Args:
        arguments: files, folders (searched through), patterns with * ? [ ], or `-`.
        listing: lines with one argument each, which `-` stands for.
        more: suffixes that a folder is searched for besides those of images.

    Raises:
        ReadError: if a folder holds no image or a pattern fits nothing.
    """
    for argument in arguments:
        if argument == "-":
            for line in filter(str.strip, listing):
                yield from _named(line.rstrip("\r\n"), SUFFIXES | more, listed=True)
        else:
            yield from _named(argument, SUFFIXES | more)


def _named(argument: str, suffixes: frozenset[str], *, listed: bool = False) -> list[Path]:
    """What a name stands for; one of a list that is nowhere is that of a file that is gone."""
    path = Path(argument)
    if os.path.isdir(argument):  # noqa: PTH112 - takes names of any length
        paths = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
        if not paths:
            raise ReadError(f"the folder {path} holds no image ({' '.join(sorted(suffixes))})")
        return paths
    if not os.path.lexists(argument) and glob.has_magic(argument):
        paths = sorted(map(Path, _matching(argument)))
        if not paths and listed:
            return [path]
        if not paths:
            raise ReadError(f"nothing fits the pattern {argument}")
        return [p for p in paths if p.is_file()]
    return [path]


def _matching(pattern: str) -> list[str]:
    try:
        return glob.glob(pattern, recursive=True)  # noqa: PTH207
    except (OSError, ValueError) as error:  # a name that no file can have
        raise ReadError(f"the pattern {pattern} cannot be looked for: {error}") from error
