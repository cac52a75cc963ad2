"""Chinese faces installed on this machine: a scan of the folders that fontconfig reads."""

import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from fonts.added import default_weights, record
from fonts.errors import FontError
from fonts.inspection import SUFFIXES, describe, sha256_of
from fonts.manifest import FaceRecord

PREFIX = "system-"


@lru_cache(maxsize=1)
def installed_records() -> tuple[FaceRecord, ...]:
    """Installed faces that claim simplified Chinese, as manifests list faces, sorted by name.

    Files that cannot be read are passed over: they belong to the machine, not to the user's task.
    """
    records: dict[str, FaceRecord] = {}
    for path in _font_files():
        try:
            faces = [face for face in describe(path) if face.simplified]
            sha256 = sha256_of(path) if faces else ""
        except FontError:
            continue
        for face in faces:
            for weight in default_weights(face):
                listed = record(face, str(path), sha256, weight)
                name = PREFIX + listed.name
                records.setdefault(name, msgspec.structs.replace(listed, name=name))
    return tuple(records[name] for name in sorted(records))


def font_folders() -> list[Path]:
    """Where fonts are installed, by the customs of the platform."""
    home = Path.home()
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"]
    data = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = os.environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    return [Path(own) / "fonts", home / ".fonts"] + [Path(d) / "fonts" for d in data.split(":")]


def _font_files() -> Iterator[Path]:
    for folder in font_folders():
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield path
