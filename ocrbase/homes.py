"""Default places: a user's own texts and faces, caches, and what the commands make."""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

RENDERS = Path("data/renders")  # rendered lines, one folder per corpus
PACKED = Path("data/lmdb")  # packed lines
RUNS = Path("runs")  # trained networks, one folder per run

OTHER_HOME = "choose another folder with --home or OCRGEN_HOME"
OTHER_CACHE = "choose another cache folder with OCRGEN_CACHE"


def data_home(home: str | Path | None = None) -> Path:
    """The user data directory: the one given, else OCRGEN_HOME, else the platform's own."""
    chosen = home or os.environ.get("OCRGEN_HOME")
    return expanded(chosen) if chosen else user_data_path("ocrgen", appauthor=False)


def cache_home() -> Path:
    """The cache directory: OCRGEN_CACHE, else the platform's own; may be deleted at any time."""
    chosen = os.environ.get("OCRGEN_CACHE")
    return expanded(chosen) if chosen else user_cache_path("ocrgen", appauthor=False)


def expanded(path: str | Path) -> Path:
    """A path with `~` replaced by a home folder, as it stands where that user is unknown."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
