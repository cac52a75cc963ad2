"""Whether the shards of a render would come out the same now, and what differs if not."""

from typing import Any

import msgspec

from datagen.errors import ShardError
from datagen.formats.manifest import RenderManifest
from ocrbase.errors import SettingsError, listed
from ocrbase.records import convert
from ocrbase.settings import differences


def goes_on(
    where: str,
    old: RenderManifest,
    new: RenderManifest,
    finished: int,
    *,
    overwrite: bool,
    shared: bool = False,
) -> bool:
    """Whether the shards of an earlier call are kept, as they are what this call would draw.

    Args:
        where: the folder or URL, for messages.
        old: manifest of what is there.
        new: manifest of what is to be drawn.
        finished: shards that are there, which bind the folder to its settings.
        overwrite: remove those of another render.
        shared: others may be drawing, so that the manifest binds even before the first shard.

    Raises:
        SettingsError: if there are shards that would come out differently now, naming what
            differs, or lines of another kind.
    """
    if old.plan is None:  # the same form, made by `ocrgen import`
        raise SettingsError(f"{where} holds lines that were imported: choose another --out")
    changes = _changes(old, new)
    if (finished or shared) and changes and not overwrite:
        raise SettingsError(
            f"{where} holds {finished:,} finished shard(s) of another render"
            f" ({listed(changes)}): choose another --out, or replace them with --overwrite"
        )
    return bool(finished or shared) and not changes


def grown(old: RenderManifest, new: RenderManifest) -> RenderManifest:
    """The manifest of a render that goes on: it keeps the larger number of lines."""
    return msgspec.structs.replace(new, n=max(old.n, new.n))


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
