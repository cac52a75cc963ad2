"""Chinese faces installed on this machine: a scan of the folders that fontconfig reads."""

import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from fonts.errors import FontError
from fonts.inspection import SUFFIXES, Description, describe, sha256_of

PREFIX = "system-"


@lru_cache(maxsize=1)
def installed_entries() -> tuple[dict[str, Any], ...]:
    """Manifest entries of installed faces that claim simplified Chinese, sorted by name.

    Files that cannot be read are passed over: they belong to the machine, not to the user's task.
    """
    entries: dict[str, dict[str, Any]] = {}
    for path in _font_files():
        try:
            descriptions = [d for d in describe(path) if d.simplified]
        except (FontError, KeyError, AttributeError):
            continue
        if descriptions:
            sha256 = sha256_of(path)
            for description in descriptions:
                entries.setdefault(PREFIX + description.slug, entry(description, path, sha256))
    return tuple({"name": name, **entries[name]} for name in sorted(entries))


def entry(description: Description, path: Path, sha256: str) -> dict[str, Any]:
    """A manifest entry without its name."""
    return {
        "file": str(path),
        "sha256": sha256,
        "index": description.index,
        "axes": [list(setting) for setting in description.axes],
        "family": description.full_name,
        "style": description.style,
        "weight": description.weight,
        "licence": description.licence,
        "sampling_weight": 1.0,
    }


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
