"""The folder of a render: begun, gone on with, or refused because it would mix two renders."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen.formats.manifest import FILE, RENDER, read_manifest, write_manifest
from datagen.formats.tar.reader import finished_shards
from ocrbase.errors import SettingsError, listed
from ocrbase.publishing import disk_errors, is_attempt
from ocrbase.settings import differences


def open_folder(folder: Path, manifest: dict[str, Any], *, overwrite: bool) -> int:
    """Begin a render or go on with one, and write its manifest.

    Only finished shards bind a folder to its settings.

    Args:
        folder: made where it is missing.
        manifest: of what is to be drawn; a larger `n` of an earlier call stays.
        overwrite: remove the shards of another render.

    Returns:
        Lines that the folder is to hold, perhaps more than this call asks for.

    Raises:
        SettingsError: if the folder holds shards that would come out differently now, naming what
            differs, or files of another kind.
        ShardError: if its manifest is damaged.
        DiskError: if the folder cannot be written.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        entries = [path for path in folder.iterdir() if not is_attempt(path)]
    if (folder / FILE).exists():
        old = read_manifest(folder, RENDER)
        finished = len(finished_shards(folder))
        changes = _changes(old, manifest)
        if finished and changes and not overwrite:
            raise SettingsError(
                f"{folder} holds {finished:,} finished shard(s) of another render"
                f" ({listed(changes)}): choose another --out, or replace them with --overwrite"
            )
        if changes or not finished:
            _remove_shards(folder)
        else:
            manifest["n"] = max(int(old["n"]), manifest["n"])
    elif entries:
        raise SettingsError(f"{folder} holds files but no render: choose another --out")
    write_manifest(folder, manifest)
    return int(manifest["n"])


def _remove_shards(folder: Path) -> None:
    """Remove what `ocrgen render` writes for each shard, and no other file."""
    with disk_errors(folder):
        for pattern in ("shard-[0-9]*.tar", "shard-[0-9]*.npz"):
            for path in folder.glob(pattern):
                path.unlink()


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why the shards of a folder would come out differently now; empty if they would not."""
    if _identity(old) == _identity(new):
        return []
    changes = differences(dict(old.get("settings", {})), dict(new["settings"]))
    changes += _named(old, new, "shard_size") + _text_changes(old, new)
    if not changes:
        changes = differences(dict(old.get("style", {})), dict(new["style"]), "style.")
        changes += _named(old, new, "faces")
    if not changes and old.get("plan") != new["plan"]:
        changes = ["the text, or how this release cuts lines from it, has changed"]
    elif not changes:
        changes = ["a face's file, the backgrounds or this release's drawing have changed"]
    return changes


def _identity(manifest: Mapping[str, Any]) -> list[Any]:
    """What every byte of a render's shards depends on, versions of libraries aside."""
    look = manifest.get("settings", {}).get("look", {})
    keys = ("plan", "engine", "shard_size")
    return [*map(manifest.get, keys), look.get("boxes", False), look.get("masks", False)]


def _text_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    before, now = old.get("texts", {}), new["texts"]
    changes = [
        f"the content of {name} has changed"
        for name, fingerprint in now.items()
        if before.get(name, fingerprint) != fingerprint
    ]
    if old["alphabet"] != new["alphabet"]:
        sizes = [len(manifest["alphabet"]["characters"]) for manifest in (old, new)]
        changes.append(
            f"alphabet: {sizes[0]:,} characters, now {sizes[1]:,}"
            if sizes[0] != sizes[1]
            else "the characters of the alphabet have changed"
        )
    return changes


def _named(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> list[str]:
    return differences({name: old.get(name)}, {name: new[name]})
