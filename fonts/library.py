"""Which faces there are, and choosing among them by name, style or pattern."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from fonts import cache
from fonts.errors import FontError
from fonts.manifest import ROOM, STYLES, read_manifest
from ocrbase.homes import data_home


@dataclass(frozen=True, slots=True)
class Face:
    """One face that can draw.

    Attributes:
        name: stable id that users type.
        path: an unpacked .ttf, .otf or .ttc file.
        index: number of the face within a collection, 0 elsewhere.
        style: one of STYLES.
        weight: 100 (thin) to 900 (black).
        licence: SPDX id, "Arphic-1999", or what the user said; empty where unknown.
        sampling_weight: how often the face is chosen, relative to others.
        axes: all axis settings of a variable font in the file's order; empty for a static one.
        sha256: of the file as published, hexadecimal.
    """

    name: str
    path: Path
    index: int
    style: str
    weight: int
    licence: str
    sampling_weight: float
    axes: tuple[tuple[str, float], ...]
    sha256: str


def select(
    names: Sequence[str] = (), *, home: Path | None = None, system: bool = False
) -> tuple[Face, ...]:
    """The faces of some names, in the order of the library; all bundled and added by default.

    Args:
        names: face names, styles (`song`) or glob patterns (`noto-*`); empty for all.
        home: folder of user-added faces, `ocrbase.homes.data_home()` where None.
        system: also offer the Chinese faces that are installed on this machine; off by default,
            because then pixels differ from machine to machine.

    Raises:
        FontError: if a name fits nothing (lists all such names and what there is), or a file
            does not match its checksum.
    """
    entries = list_entries(home, system)
    chosen = _chosen(entries, names)
    return tuple(_face(folder, entry) for folder, entry in chosen)


def coverage(face: Face) -> frozenset[int]:
    """Code points that a face draws, by its character map; cached beside the unpacked faces."""
    return _coverage(face.path, face.index, face.sha256)


@lru_cache(maxsize=256)
def _coverage(path: Path, index: int, sha256: str) -> frozenset[int]:
    return cache.code_points(path, index, sha256)


def list_entries(home: Path | None, system: bool) -> list[tuple[Path, dict[str, Any]]]:
    """Manifest entries of all faces with the folder that their paths start from."""
    entries = [(ROOM, entry) for entry in read_manifest(ROOM / "manifest.json")]
    added = data_home(home) / "fonts"
    entries += [(added, entry) for entry in read_manifest(added / "manifest.json")]
    if system:
        from fonts.system import installed_entries

        entries += [(Path("/"), entry) for entry in installed_entries()]
    return entries


def _chosen(
    entries: list[tuple[Path, dict[str, Any]]], names: Sequence[str]
) -> list[tuple[Path, dict[str, Any]]]:
    unknown = [name for name in names if not any(_fits(entry, name) for _, entry in entries)]
    if unknown:
        known = ", ".join(str(entry["name"]) for _, entry in entries)
        raise FontError(
            f"no face fits {', '.join(map(repr, unknown))}; there are: {known};"
            f" or a style ({', '.join(_styles(entries))}), or a pattern such as 'noto-*';"
            " `ocrgen fonts add FILE` adds a face"
        )
    return [e for e in entries if not names or any(_fits(e[1], name) for name in names)]


def _fits(entry: dict[str, Any], name: str) -> bool:
    return name == entry["style"] or fnmatchcase(entry["name"], name)


def _styles(entries: Iterable[tuple[Path, dict[str, Any]]]) -> list[str]:
    present = {entry["style"] for _, entry in entries}
    return [style for style in STYLES if style in present]


def _face(folder: Path, entry: dict[str, Any]) -> Face:
    return Face(
        name=entry["name"],
        path=cache.unpacked(folder / entry["file"], entry["sha256"]),
        index=entry.get("index", 0),
        style=entry["style"],
        weight=entry["weight"],
        licence=entry["licence"],
        sampling_weight=float(entry["sampling_weight"]),
        axes=tuple((tag, float(value)) for tag, value in entry.get("axes", ())),
        sha256=entry["sha256"],
    )
