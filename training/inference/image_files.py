"""Which image files a command line means: files, folders, patterns, and a list on stdin."""

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from training.errors import ReadError

# What a folder is searched for; a file named itself may be called anything.
_RASTER = ".avif .bmp .dib .gif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff .webp"
SUFFIXES = frozenset(_RASTER.split())


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
            lines = (line.rstrip("\r\n") for line in listing if line.strip())
            yield from image_paths(lines, (), more)
        else:
            yield from _named(argument, SUFFIXES | more)


def _named(argument: str, suffixes: frozenset[str]) -> list[Path]:
    path = Path(argument)
    if path.is_dir():
        paths = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
        if not paths:
            raise ReadError(f"the folder {path} holds no image ({' '.join(sorted(suffixes))})")
        return paths
    if not path.exists() and glob.has_magic(argument):
        paths = sorted(Path(p) for p in glob.glob(argument, recursive=True))  # noqa: PTH207
        if not paths:
            raise ReadError(f"nothing fits the pattern {argument}")
        return [p for p in paths if p.is_file()]
    return [path]
