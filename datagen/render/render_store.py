"""A render's shards in an object store, written from any number of machines at once.

A worker draws a shard on its own disk, then writes sidecar and tar with one request each, so both
are there whole or not at all. There is no lock: a shard has the same bytes whoever draws it, and
the manifest, which one process creates, binds all others to its settings.
"""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np

from datagen.errors import ShardError
from datagen.formats.card import FILE as CARD
from datagen.formats.card import card_text
from datagen.formats.manifest import (
    FILE,
    RenderManifest,
    decode_render_manifest,
    encode_manifest,
)
from datagen.formats.tar.reader import finished_numbers, shard_stem
from datagen.formats.tar.shard import TarShardWriter, checksums, shard_files
from datagen.formats.tar.sidecar import Sidecar, read_sidecar
from datagen.render.changes import goes_on, grown
from datagen.render.shard_state import ShardState, holds
from ocrbase.errors import SettingsError
from ocrbase.homes import cache_home
from ocrbase.publishing import scratch_folder
from ocrbase.stores import Store


class RenderStore:
    """The folder of a render behind a URL; a `Destination`.

    Args:
        store: of the folder.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def only_writer(self) -> AbstractContextManager[None]:
        """Nothing: others may write the same render, and write the same bytes."""
        return nullcontext()

    def begin(self, manifest: RenderManifest, *, overwrite: bool) -> int:
        """Begin a render, or go on with one that this or another machine began.

        Raises:
            SettingsError: as `goes_on`, and if the folder holds objects of another kind.
            ShardError: if the manifest is damaged.
            StoreError: if the store cannot be reached or refuses.
        """
        objects = self.store.objects()
        if FILE not in objects:
            if objects:
                raise SettingsError(f"{self.store} holds objects but no render: name another --out")
            if self.store.create(FILE, encode_manifest(manifest)):
                return manifest.n
        old, finished = self._manifest(), len(finished_numbers(objects))
        if goes_on(str(self.store), old, manifest, finished, overwrite=overwrite, shared=True):
            manifest = grown(old, manifest)
            if manifest.n == old.n:
                return old.n
        else:
            for name in objects:
                if name.startswith("shard-"):
                    self.store.remove(name)
        self.store.publish_bytes(FILE, encode_manifest(manifest))
        return manifest.n

    def order(self, shards: list[int]) -> list[int]:
        """Any order: machines that draw the same render then seldom draw the same shard."""
        return random.SystemRandom().sample(shards, len(shards))

    def state(self, shard: int, lines: range) -> ShardState:
        """How a shard stands, by its sidecar, the tar's size, and its first and last image.

        Objects appear whole, so this is what can differ; `ocrgen verify` reads every byte.
        """
        tar, sidecar = self._names(shard)
        held = self.store.find(tar)
        if held is None or self.store.find(sidecar) is None:
            return ShardState.MISSING
        try:
            table = self.sidecar(shard)
            if held.size != table.tar_size or not holds(table, lines):
                return ShardState.DAMAGED
            if not all(self._agrees(tar, table, row) for row in (0, len(table) - 1)):
                return ShardState.DAMAGED
        except ShardError:
            return ShardState.DAMAGED
        return ShardState.COMPLETE if len(table) >= len(lines) else ShardState.SHORT

    @contextmanager
    def writer(self, shard: int) -> Iterator[TarShardWriter]:
        """Writes a shard on this machine's disk, and to the store when the block ends."""
        with scratch_folder(cache_home() / "shards") as folder:
            stem = shard_stem(folder, shard)
            with TarShardWriter(stem) as writer:
                yield writer
            tar, sidecar = shard_files(stem)
            for file in (sidecar, tar):  # a tar means that both are complete
                self.store.publish_file(file.name, file)

    def sidecar(self, shard: int) -> Sidecar:
        """The table of a finished shard."""
        name = self._names(shard)[1]
        with scratch_folder(cache_home() / "shards") as folder:
            (folder / name).write_bytes(self.store.read(name))
            return read_sidecar(folder / name)

    def finish(self) -> None:
        """Write the card."""
        text = card_text(self.store.name, self._manifest())
        self.store.publish_bytes(CARD, text.encode("utf-8", "replace"))

    def clear(self) -> None:
        """Nothing: what killed workers left lies on this machine, and the next call removes it."""

    def free_bytes(self) -> int | None:
        """A store has no end that it would tell."""
        return None

    def _manifest(self) -> RenderManifest:
        return decode_render_manifest(self.store.read(FILE), f"{self.store}/{FILE}")

    def _names(self, shard: int) -> tuple[str, str]:
        return f"shard-{shard:05d}.tar", f"shard-{shard:05d}.npz"

    def _agrees(self, tar: str, table: Sidecar, row: int) -> bool:
        """Whether the tar holds an image of the sidecar where it says."""
        start = int(table.image_offset[row])
        image = self.store.read(tar, start, start + int(table.image_size[row]))
        label = table.labels.texts[row].encode("utf-8")
        return bool(np.array_equal(checksums([image], [label]), table.crc32[[row]]))
