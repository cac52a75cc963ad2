"""A render's shards in a folder that one process at a time writes."""

from contextlib import AbstractContextManager
from pathlib import Path

from datagen.formats.card import write_card
from datagen.formats.manifest import (
    FILE,
    RenderManifest,
    read_render_manifest,
    write_manifest,
)
from datagen.formats.tar.reader import finished_shards, shard_stem
from datagen.formats.tar.shard import TarShardWriter, shard_files
from datagen.formats.tar.sidecar import Sidecar, read_sidecar
from datagen.render.changes import goes_on, grown
from datagen.render.shard_state import ShardState, shard_state
from ocrbase.errors import SettingsError
from ocrbase.locks import owned
from ocrbase.publishing import clear_attempts, disk_errors, free_bytes, is_attempt


class RenderFolder:
    """The folder of a render; a `Destination`.

    Args:
        folder: absolute, as workers may run elsewhere; need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def only_writer(self) -> AbstractContextManager[None]:
        """Be the only process that writes the folder.

        Raises:
            LockError: if another one does; names it.
        """
        return owned(self.folder)

    def begin(self, manifest: RenderManifest, *, overwrite: bool) -> int:
        """Begin a render or go on with one, and write its manifest.

        Raises:
            SettingsError: as `goes_on`, and if the folder holds files of another kind.
            ShardError: if its manifest is damaged.
            DiskError: if the folder cannot be written.
        """
        folder = self.folder
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            entries = [path for path in folder.iterdir() if not is_attempt(path)]
        if (folder / FILE).exists():
            old, finished = read_render_manifest(folder), len(finished_shards(folder))
            if goes_on(str(folder), old, manifest, finished, overwrite=overwrite):
                manifest = grown(old, manifest)
            else:
                self._remove_shards()
        elif entries:
            raise SettingsError(f"{folder} holds files but no render: choose another --out")
        write_manifest(folder, manifest)
        return manifest.n

    def order(self, shards: list[int]) -> list[int]:
        """The order to draw shards in: as they are numbered."""
        return shards

    def state(self, shard: int, lines: range) -> ShardState:
        """How a shard stands, by every byte of it."""
        return shard_state(shard_stem(self.folder, shard), lines)

    def writer(self, shard: int) -> AbstractContextManager[TarShardWriter]:
        """Writes a shard, which appears when the block ends."""
        return TarShardWriter(shard_stem(self.folder, shard))

    def sidecar(self, shard: int) -> Sidecar:
        """The table of a finished shard."""
        return read_sidecar(shard_files(shard_stem(self.folder, shard))[1])

    def finish(self) -> None:
        """Write the card."""
        write_card(self.folder, read_render_manifest(self.folder))

    def clear(self) -> None:
        """Remove what workers that were ended in mid-file have left."""
        clear_attempts(self.folder)

    def free_bytes(self) -> int | None:
        """Room for more on the disk of the folder."""
        return free_bytes(self.folder)

    def _remove_shards(self) -> None:
        """Remove what `ocrgen render` writes for each shard, and no other file."""
        with disk_errors(self.folder):
            for pattern in ("shard-[0-9]*.tar", "shard-[0-9]*.npz"):
                for path in self.folder.glob(pattern):
                    path.unlink()
