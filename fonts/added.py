"""Faces that users add: copied into their own folder, listed in a manifest beside them."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from msgspec import structs

from fonts.drawing_check import check_drawing
from fonts.errors import FontError
from fonts.inspection import SUFFIXES, Description, describe, preferred, sha256_of
from fonts.manifest import PACKAGE, STYLES, FaceRecord, Style, read_manifest, write_manifest
from ocrbase.errors import listed, one_line
from ocrbase.homes import OTHER_HOME
from ocrbase.inputs import is_there, path_below
from ocrbase.locks import owned
from ocrbase.publishing import discard, publish_file
from ocrbase.weights import MAX_WEIGHT

_USUAL_WEIGHTS = (400.0, 700.0)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a user says of the faces being added; None leaves it to the file.

    Attributes:
        name: face name, in place of the one made from the font's own.
        style: one of STYLES.
        licence: free text, at best an SPDX id.
        sampling_weight: how often the faces are chosen, relative to others.
        weights: weight axis settings of a variable font; empty for regular and bold.
        index: number of the face within a collection.
    """

    name: str | None = None
    style: str | None = None
    licence: str | None = None
    sampling_weight: float = 1.0
    weights: tuple[float, ...] = ()
    index: int | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.name is not None and not re.fullmatch(r"[\w-]{1,100}", self.name):
            problems.append(
                f"a face name is 1 to 100 letters, digits and dashes, not {self.name!r}"
            )
        if self.style is not None and self.style not in STYLES:
            problems.append(f"style {self.style!r} is none of {', '.join(STYLES)}")
        if not 0 < self.sampling_weight <= MAX_WEIGHT:
            problems.append(
                f"sampling weight {self.sampling_weight:g} is not above 0 and at most"
                f" {MAX_WEIGHT:g}"
            )
        if self.licence is not None and self.licence != one_line(self.licence):
            problems.append(f"a licence is one line of text, not {self.licence!r}")
        if problems:
            raise FontError("; ".join(problems))


def font_files(paths: Sequence[Path]) -> list[Path]:
    """The font files among some paths, folders searched through.

    Raises:
        FontError: if a path does not exist, or there is no font file at all.
    """
    gone = [str(path) for path in paths if not is_there(path)]
    if gone:
        raise FontError(f"no such file or folder: {listed(gone)}")
    files = [file for path in paths for file in (_inside(path) if path.is_dir() else [path])]
    if not files:
        raise FontError(f"no font file ({' '.join(SUFFIXES)}) in {', '.join(map(str, paths))}")
    return files


@dataclass(frozen=True, slots=True)
class Added:
    """A face that was added: how it is listed, and what a user should know of it."""

    record: FaceRecord
    warnings: tuple[str, ...]


def add(paths: Sequence[Path], home: Path, choices: Choices) -> list[Added]:
    """Copy faces into the user's folder and list them there; all of them, or none.

    Each character that a face claims is drawn once before, so that none fails in a render.

    Raises:
        FontError: if a file is no font, damaged, or a name is taken by another face.
        DiskError: if there is no room, or no permission to write.
    """
    added: list[Added] = []
    sources: dict[str, Path] = {}
    for path in font_files(paths):
        face = _wanted(describe(path), choices.index)
        sha256 = sha256_of(path)
        file = _stored_name(path, sha256)
        sources[file] = path
        warnings = tuple(w for w in face.warnings if not (choices.licence and "licence" in w))
        for weight in choices.weights or default_weights(face):
            as_chosen = _as_chosen(record(face, file, sha256, weight), face, weight, choices)
            check_drawing(path, as_chosen)
            added.append(Added(as_chosen, warnings))
    folder = home / "fonts"
    records = [face.record for face in added]
    names = {face.name for face in records}
    with owned(folder, OTHER_HOME):  # or a call at the same time would be left out of the list
        before = read_manifest(folder)
        _check_names(records, before)
        for file, path in sources.items():
            if not (folder / file).exists():
                with publish_file(folder / file, OTHER_HOME) as attempt:
                    shutil.copyfile(path, attempt)
        write_manifest(folder, (*(face for face in before if face.name not in names), *records))
    return added


def remove(names: Sequence[str], home: Path) -> list[str]:
    """Forget user-added faces and delete files that no other face needs.

    Raises:
        FontError: if a name is not among them; nothing is removed then.
        DiskError: if there is no permission to write.
    """
    folder = home / "fonts"
    with owned(folder, OTHER_HOME):
        before = read_manifest(folder)
        known = [face.name for face in before]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise FontError(
                f"not among the added faces: {', '.join(unknown)}; there are:"
                f" {', '.join(known) or 'none'} (bundled faces stay; choose with --faces)"
            )
        kept = tuple(face for face in before if face.name not in names)
        write_manifest(folder, kept)
        needed = {face.file for face in kept}
        for face in before:
            if face.file not in needed:
                discard(path_below(folder, face.file, error=FontError))
    return [name for name in known if name in names]


def default_weights(face: Description) -> tuple[float | None, ...]:
    """Regular and bold of a variable font as far as it varies; (None,) where weight is fixed."""
    if face.weights is None:
        return (None,)
    low, high = face.weights
    return tuple(dict.fromkeys(min(max(weight, low), high) for weight in _USUAL_WEIGHTS))


def record(face: Description, file: str, sha256: str, weight: float | None) -> FaceRecord:
    """A face as manifests list it; a variable font's weight becomes part of the name."""
    if weight is not None:
        axes = face.settings(weight)
    else:
        axes = tuple((tag, usual) for tag, _, usual, _ in face.axes)
    return FaceRecord(
        name=face.slug if weight is None else f"{face.slug}-{weight:g}",
        file=file,
        sha256=sha256,
        index=face.index,
        axes=axes,
        family=face.full_name,
        licence=face.licence,
        style=cast(Style, face.style),
        weight=face.weight if weight is None else round(weight),
    )


def _inside(folder: Path) -> list[Path]:
    """The font files of a folder and the folders in it, sorted."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def _stored_name(path: Path, sha256: str) -> str:
    """The name of a copy: that of the source after its checksum, or its ending alone."""
    known = re.fullmatch(r"[\w.+ -]{1,60}", path.name)
    return f"{sha256[:12]}-{path.name if known else f'font{path.suffix.lower()[:6]}'}"


def _wanted(faces: list[Description], index: int | None) -> Description:
    if index is None:
        return preferred(faces)
    if not 0 <= index < len(faces):
        raise FontError(f"{faces[0].path} holds {len(faces)} faces; there is no index {index}")
    return faces[index]


def _as_chosen(
    face: FaceRecord, description: Description, weight: float | None, choices: Choices
) -> FaceRecord:
    """A face with what the user said of it."""
    changes: dict[str, object] = {"sampling_weight": choices.sampling_weight}
    if choices.name is not None:
        slug = replace(description, full_name=choices.name).slug
        changes["name"] = slug if weight is None else f"{slug}-{weight:g}"
        changes["family"] = choices.name
    if choices.style is not None:
        changes["style"] = choices.style
    if choices.licence is not None:
        changes["licence"] = choices.licence
    return structs.replace(face, **changes)


def _check_names(added: Sequence[FaceRecord], before: Sequence[FaceRecord]) -> None:
    taken = {face.name: "" for face in read_manifest(PACKAGE)}
    taken |= {face.name: face.sha256 for face in before}
    clashes = []
    for face in added:
        if taken.get(face.name, face.sha256) != face.sha256:
            clashes.append(face.name)
        taken[face.name] = face.sha256
    if clashes:
        raise FontError(
            f"the name {', '.join(clashes)} is taken by another face; give one with --name"
        )
