"""Chinese faces installed on this machine: a scan of the folders that fontconfig reads."""

import os
import struct
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from fonts.added import default_weights, entry
from fonts.errors import FontError
from fonts.inspection import SUFFIXES, describe, sha256_of

PREFIX = "system-"


@lru_cache(maxsize=1)
def installed_entries() -> tuple[dict[str, Any], ...]:
    """Manifest entries of installed faces that claim simplified Chinese, sorted by name.

    Files that cannot be read are passed over: they belong to the machine, not to the user's task.
    """
    entries: dict[str, dict[str, Any]] = {}
    for path in _font_files():
        try:
            faces = [face for face in describe(path) if face.simplified]
        except (FontError, KeyError, AttributeError, struct.error):
            continue
        if faces:
            sha256 = sha256_of(path)
            for face in faces:
                for weight in default_weights(face):
                    found = entry(face, str(path), sha256, weight)
                    entries.setdefault(PREFIX + found["name"], found)
    return tuple({**entries[name], "name": name} for name in sorted(entries))


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
