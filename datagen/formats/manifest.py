"""manifest.json of a dataset folder: what it holds, how it was made, and in which version."""

import json
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from datagen.alphabet import Alphabet
from datagen.errors import ShardError
from datagen.formats.reader import DatasetInfo
from ocrbase.publishing import publish_text

RENDER = "ocrgen-render"
LMDB = "ocrgen-lmdb"
VERSION = 1
FILE = "manifest.json"

_MADE_BY = {RENDER: "ocrgen render", LMDB: "ocrgen pack"}


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write a folder's manifest; it appears complete or not at all.

    Raises:
        ShardError: if the disk is full or may not be written.
    """
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    publish_text(folder / FILE, text)


def read_manifest(folder: Path, kind: str | None = None) -> dict[str, Any]:
    """Read a folder's manifest.

    Args:
        folder: the dataset folder.
        kind: RENDER or LMDB, where only that will do.

    Raises:
        ShardError: if there is none, or it is damaged, of another kind or of another version.
    """
    path = folder / FILE
    made_by = _MADE_BY.get(kind or "", "ocrgen render or ocrgen pack")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ShardError(f"{folder} holds no {FILE}: no folder that {made_by} made") from error
    except OSError as error:
        raise ShardError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ShardError(f"{path} is damaged: {error}") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found not in _MADE_BY or kind not in (None, found):
        raise ShardError(f"{folder} is of the format {found!r}, not one that {made_by} made")
    if manifest.get("version") != VERSION:
        raise ShardError(
            f"{folder} is of version {manifest.get('version')}, this program reads {VERSION}:"
            " use the release that made it, or make it anew"
        )
    return dict(manifest)


def dataset_info(manifest: Mapping[str, Any]) -> DatasetInfo:
    """The part of a manifest that readers of samples need; all of it in `extra`."""
    return DatasetInfo(
        alphabet=Alphabet.from_json(manifest["alphabet"]),
        corpora=tuple(manifest.get("corpora", ())),
        faces=tuple(manifest.get("faces", ())),
        extra=dict(manifest),
    )


def library_versions(
    names: tuple[str, ...] = ("ocrgen", "numpy", "opencv-python-headless", "lmdb"),
) -> dict[str, str]:
    """Versions of Python and of installed packages, for a manifest."""
    found = {"python": sys.version.split()[0]}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def cpu_name() -> str:
    """The processor's name as the system gives it."""
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
