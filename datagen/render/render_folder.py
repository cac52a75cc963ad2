"""The folder of a render: begun, gone on with, or refused because it would mix two renders."""

from pathlib import Path
from typing import Any

import msgspec

from datagen.errors import ShardError
from datagen.formats.manifest import (
    FILE,
    RenderManifest,
    read_render_manifest,
    write_manifest,
)
from datagen.formats.tar.reader import finished_shards
from ocrbase.errors import SettingsError, listed
from ocrbase.publishing import disk_errors, is_attempt
from ocrbase.records import convert
from ocrbase.settings import differences


def open_folder(folder: Path, manifest: RenderManifest, *, overwrite: bool) -> int:
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
        old = read_render_manifest(folder)
        if old.plan is None:  # the same form, made by `ocrgen import`
            raise SettingsError(f"{folder} holds lines that were imported: choose another --out")
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
            manifest = msgspec.structs.replace(manifest, n=max(old.n, manifest.n))
    elif entries:
        raise SettingsError(f"{folder} holds files but no render: choose another --out")
    write_manifest(folder, manifest)
    return manifest.n


def _remove_shards(folder: Path) -> None:
    """Remove what `ocrgen render` writes for each shard, and no other file."""
    with disk_errors(folder):
        for pattern in ("shard-[0-9]*.tar", "shard-[0-9]*.npz"):
            for path in folder.glob(pattern):
                path.unlink()


class _Look(msgspec.Struct):
    """What settings say of the columns that a shard has."""

    boxes: bool = False
    masks: bool = False


class _Settings(msgspec.Struct):
    look: _Look = msgspec.field(default_factory=_Look)


def _changes(old: RenderManifest, new: RenderManifest) -> list[str]:
    """Why the shards of a folder would come out differently now; empty if they would not."""
    if _identity(old) == _identity(new):
        return []
    changes = differences(old.settings, new.settings)
    changes += differences({"shard_size": old.shard_size}, {"shard_size": new.shard_size})
    changes += _text_changes(old, new)
    if not changes:
        changes = differences(old.style or {}, new.style or {}, "style.")
        changes += differences({"faces": old.faces}, {"faces": new.faces})
    if not changes and old.plan != new.plan:
        changes = ["the text, or how this release cuts lines from it, has changed"]
    elif not changes:
        changes = ["a face's file, the backgrounds or this release's drawing have changed"]
    return changes


def _identity(manifest: RenderManifest) -> list[Any]:
    """What every byte of a render's shards depends on, versions of libraries aside."""
    look = convert(manifest.settings, _Settings, "settings of a render", error=ShardError).look
    return [manifest.plan, manifest.engine, manifest.shard_size, look.boxes, look.masks]


def _text_changes(old: RenderManifest, new: RenderManifest) -> list[str]:
    changes = [
        f"the content of {name} has changed"
        for name, fingerprint in new.texts.items()
        if old.texts.get(name, fingerprint) != fingerprint
    ]
    if old.alphabet != new.alphabet:
        before, now = len(old.alphabet.characters), len(new.alphabet.characters)
        changes.append(
            f"alphabet: {before:,} characters, now {now:,}"
            if before != now
            else "the characters of the alphabet have changed"
        )
    return changes
