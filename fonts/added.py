"""Faces that users add: copied into their own folder, listed in a manifest beside them."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fonts.errors import FontError
from fonts.inspection import SUFFIXES, Description, describe, preferred, sha256_of
from fonts.manifest import ROOM, STYLES, read_manifest
from ocrbase.homes import OTHER_HOME
from ocrbase.publishing import publish_file, publish_text

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
        if self.name is not None and not re.fullmatch(r"[\w-]+", self.name):
            problems.append(f"a face name is letters, digits and dashes, not {self.name!r}")
        if self.style is not None and self.style not in STYLES:
            problems.append(f"style {self.style!r} is none of {', '.join(STYLES)}")
        if self.sampling_weight < 0:
            problems.append(f"sampling weight {self.sampling_weight:g} is below 0")
        if problems:
            raise FontError("; ".join(problems))


def font_files(paths: Sequence[Path]) -> list[Path]:
    """The font files among some paths, folders searched through.

    Raises:
        FontError: if a path does not exist, or there is no font file at all.
    """
    gone = [str(path) for path in paths if not path.exists()]
    if gone:
        raise FontError(f"no such file or folder: {', '.join(gone)}")
    files = [p for path in paths for p in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    given = {path for path in paths if path.is_file()}
    found = [path for path in files if path in given or path.suffix.lower() in SUFFIXES]
    if not found:
        raise FontError(f"no font file ({' '.join(SUFFIXES)}) in {', '.join(map(str, paths))}")
    return found


@dataclass(frozen=True, slots=True)
class Added:
    """A face that was added: its manifest entry, and what a user should know of it."""

    entry: dict[str, Any]
    warnings: tuple[str, ...]


def add(paths: Sequence[Path], home: Path, choices: Choices) -> list[Added]:
    """Copy faces into the user's folder and list them there; all of them, or none.

    Raises:
        FontError: if a file is no font, or a name is taken by another face.
    """
    added: list[Added] = []
    sources: dict[str, Path] = {}
    for path in font_files(paths):
        face = _wanted(describe(path), choices.index)
        sha256 = sha256_of(path)
        file = f"{sha256[:12]}-{path.name}"
        sources[file] = path
        weights = choices.weights or default_weights(face)
        warnings = tuple(w for w in face.warnings if not (choices.licence and "licence" in w))
        added += [
            Added(_entry_as_chosen(face, file, sha256, weight, choices), warnings)
            for weight in weights
        ]
    folder = home / "fonts"
    listed = read_manifest(folder / "manifest.json")
    entries = [face.entry for face in added]
    _check_names(entries, listed)
    for file, path in sources.items():
        if not (folder / file).exists():
            with publish_file(folder / file, OTHER_HOME) as attempt:
                shutil.copyfile(path, attempt)
    names = {entry["name"] for entry in entries}
    _write(folder, [entry for entry in listed if entry["name"] not in names] + entries)
    return added


def remove(names: Sequence[str], home: Path) -> list[str]:
    """Forget user-added faces and delete files that no other face needs.

    Raises:
        FontError: if a name is not among them; nothing is removed then.
    """
    folder = home / "fonts"
    listed = read_manifest(folder / "manifest.json")
    known = [entry["name"] for entry in listed]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise FontError(
            f"not among the added faces: {', '.join(unknown)}; there are:"
            f" {', '.join(known) or 'none'} (bundled faces stay; choose with --faces)"
        )
    kept = [entry for entry in listed if entry["name"] not in names]
    _write(folder, kept)
    needed = {entry["file"] for entry in kept}
    for entry in listed:
        if entry["file"] not in needed:
            (folder / entry["file"]).unlink(missing_ok=True)
    return [name for name in known if name in names]


def default_weights(face: Description) -> tuple[float | None, ...]:
    """Regular and bold of a variable font as far as it varies; (None,) where weight is fixed."""
    if face.weights is None:
        return (None,)
    low, high = face.weights
    return tuple(dict.fromkeys(min(max(weight, low), high) for weight in _USUAL_WEIGHTS))


def entry(face: Description, file: str, sha256: str, weight: float | None) -> dict[str, Any]:
    """A manifest entry; a variable font's weight becomes part of the name."""
    if weight is not None:
        axes = face.settings(weight)
    else:
        axes = tuple((tag, usual) for tag, _, usual, _ in face.axes)
    return {
        "name": face.slug if weight is None else f"{face.slug}-{weight:g}",
        "file": file,
        "sha256": sha256,
        "index": face.index,
        "axes": [list(setting) for setting in axes],
        "family": face.full_name,
        "licence": face.licence,
        "style": face.style,
        "weight": face.weight if weight is None else round(weight),
        "sampling_weight": 1.0,
    }


def _wanted(faces: list[Description], index: int | None) -> Description:
    if index is None:
        return preferred(faces)
    if not 0 <= index < len(faces):
        raise FontError(f"{faces[0].path} holds {len(faces)} faces; there is no index {index}")
    return faces[index]


def _entry_as_chosen(
    face: Description, file: str, sha256: str, weight: float | None, choices: Choices
) -> dict[str, Any]:
    if choices.name is not None:
        face = replace(face, full_name=choices.name)
    chosen = entry(face, file, sha256, weight)
    chosen["sampling_weight"] = choices.sampling_weight
    for key in ("style", "licence"):
        value = getattr(choices, key)
        if value is not None:
            chosen[key] = value
    return chosen


def _check_names(added: list[dict[str, Any]], listed: list[dict[str, Any]]) -> None:
    taken = {entry["name"]: "" for entry in read_manifest(ROOM / "manifest.json")}
    taken |= {entry["name"]: entry["sha256"] for entry in listed}
    clashes = []
    for entry in added:
        if taken.get(entry["name"], entry["sha256"]) != entry["sha256"]:
            clashes.append(entry["name"])
        taken[entry["name"]] = entry["sha256"]
    if clashes:
        raise FontError(
            f"the name {', '.join(clashes)} is taken by another face; give one with --name"
        )


def _write(folder: Path, entries: list[dict[str, Any]]) -> None:
    text = json.dumps({"version": 1, "faces": entries}, ensure_ascii=False, indent=1) + "\n"
    publish_text(folder / "manifest.json", text, OTHER_HOME)
