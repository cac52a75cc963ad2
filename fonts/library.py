"""Which faces there are, and choosing among them by name, style or pattern."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import msgspec

from fonts import cache
from fonts.errors import FontError
from fonts.manifest import LATIN_STYLES, PACKAGE, STYLES, FaceRecord, read_manifest
from ocrbase.homes import data_home
from ocrbase.weights import split_weights

SETS_FOLDER = "font-sets"  # of the user's data home: downloaded sets, a folder each


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

    Latin faces are not among them: they draw no line by themselves, see `companions`.

    Args:
        names: face names, styles (`song`), downloaded sets (`rounded`) or glob patterns
            (`noto-*`); empty for all. `NAME:WEIGHT` gives each face that fits this sampling
            weight in place of its own; where several fit, the last that has a weight.
        home: folder of user-added faces, `ocrbase.homes.data_home()` where None.
        system: also offer the Chinese faces that are installed on this machine; off by default,
            because then pixels differ from machine to machine.

    Raises:
        FontError: if a name fits nothing (lists all such names and what there is), a weight is
            out of range, or a file does not match its checksum.
    """
    records = list_records(home, system)
    return _opened(_chosen([r for r in records if not is_latin(r[1])], names))


def companions(names: Sequence[str] = (), *, home: Path | None = None) -> tuple[Face, ...]:
    """The Latin faces that lines may set their letters and digits in, chosen as `select` does."""
    return _opened(_chosen([r for r in list_records(home, False) if is_latin(r[1])], names))


def select_any(
    names: Sequence[str] = (), *, home: Path | None = None, system: bool = False
) -> tuple[Face, ...]:
    """Faces and companions alike, chosen as `select` does: for lists and specimen sheets."""
    return _opened(_chosen(list_records(home, system), names))


def is_latin(face: FaceRecord | Face) -> bool:
    """Whether a face is a companion, for Latin letters and digits alone."""
    return face.style in LATIN_STYLES


def _opened(records: Iterable[tuple[Path, FaceRecord]]) -> tuple[Face, ...]:
    return tuple(open_record(folder, face) for folder, face in records)


def coverage(face: Face) -> frozenset[int]:
    """Code points that a face draws, by its character map; cached beside the unpacked faces."""
    return _coverage(face.path, face.index, face.sha256)


@lru_cache(maxsize=256)
def _coverage(path: Path, index: int, sha256: str) -> frozenset[int]:
    return cache.code_points(path, index, sha256)


def list_records(home: Path | None, system: bool) -> list[tuple[Path, FaceRecord]]:
    """All faces as their manifests list them, with the folder that their paths start from."""
    added = data_home(home) / "fonts"
    folders = (PACKAGE, added, *sorted((data_home(home) / SETS_FOLDER).glob("*")))
    records = [(folder, face) for folder in folders for face in read_manifest(folder)]
    if system:
        from fonts.system import installed_records

        records += [(Path("/"), face) for face in installed_records()]
    return records


def face_names(home: Path | None = None) -> list[str]:
    """Names of the bundled and added faces that lines can be drawn in."""
    return [face.name for _, face in list_records(home, system=False) if not is_latin(face)]


def _chosen(
    records: list[tuple[Path, FaceRecord]], names: Sequence[str]
) -> list[tuple[Path, FaceRecord]]:
    wanted = split_weights(names, "face", FontError)
    unknown = [name for name, _ in wanted if not any(_fits(*record, name) for record in records)]
    if unknown:
        known = ", ".join(face.name for _, face in records)
        raise FontError(
            f"no face fits {', '.join(map(repr, unknown))}; there are: {known};"
            f" or a style ({', '.join(_styles(records))}), or a pattern such as 'noto-*';"
            " `ocrgen fonts add FILE` adds a face"
        )
    if not wanted:
        return records
    chosen = []
    for folder, face in records:
        weights = [weight for name, weight in wanted if _fits(folder, face, name)]
        if weights:
            chosen.append((folder, _weighted(face, weights)))
    return chosen


def _weighted(face: FaceRecord, weights: list[float | None]) -> FaceRecord:
    """A face with the last weight that is given, or as listed where none is."""
    given = [weight for weight in weights if weight is not None]
    return msgspec.structs.replace(face, sampling_weight=given[-1]) if given else face


def _fits(folder: Path, face: FaceRecord, name: str) -> bool:
    in_set = folder.parent.name == SETS_FOLDER and name == folder.name
    return in_set or name == face.style or fnmatchcase(face.name, name)


def _styles(records: Iterable[tuple[Path, FaceRecord]]) -> list[str]:
    present = {face.style for _, face in records}
    return [style for style in STYLES if style in present]


def open_record(folder: Path, face: FaceRecord) -> Face:
    """A listed face ready for drawing, its file unpacked.

    Raises:
        FontError: if the file is missing, damaged, or not the one that was listed.
        DiskError: if it cannot be unpacked into the cache.
    """
    return Face(
        name=face.name,
        path=cache.unpacked(folder / face.file, face.sha256),
        index=face.index,
        style=face.style,
        weight=face.weight,
        licence=face.licence,
        sampling_weight=face.sampling_weight,
        axes=face.axes,
        sha256=face.sha256,
    )
