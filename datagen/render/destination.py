"""Where the shards of a render go: a folder of this machine, or an object store."""

from contextlib import AbstractContextManager
from typing import Protocol

from datagen.formats.manifest import RenderManifest
from datagen.formats.tar.shard import TarShardWriter
from datagen.formats.tar.sidecar import Sidecar
from datagen.render.render_folder import RenderFolder
from datagen.render.render_store import RenderStore
from datagen.render.shard_state import ShardState
from ocrbase.stores import Store, is_url, local_path


class Destination(Protocol):
    """A place for shards and their manifest; pickles, as workers write there too."""

    def only_writer(self) -> AbstractContextManager[None]:
        """For the length of a render; keeps others out where they would do harm."""
        ...

    def begin(self, manifest: RenderManifest, *, overwrite: bool) -> int:
        """Begin a render or go on with one, and write its manifest.

        Args:
            manifest: of what is to be drawn; a larger `n` of an earlier call stays.
            overwrite: remove the shards of another render.

        Returns:
            Lines that the place is to hold, perhaps more than this call asks for.

        Raises:
            UserError: if that would mix two renders, or the place cannot be written.
        """
        ...

    def order(self, shards: list[int]) -> list[int]:
        """The order in which this machine draws some shards."""
        ...

    def state(self, shard: int, lines: range) -> ShardState:
        """How a shard stands that should hold these sample indices."""
        ...

    def writer(self, shard: int) -> AbstractContextManager[TarShardWriter]:
        """Writes a shard, which appears when the block ends, and not at all when it raises."""
        ...

    def sidecar(self, shard: int) -> Sidecar:
        """The table of a finished shard."""
        ...

    def finish(self) -> None:
        """All shards are there: write what belongs beside them."""
        ...

    def clear(self) -> None:
        """Workers have been ended in mid-file: remove what they left."""
        ...

    def free_bytes(self) -> int | None:
        """Room for more; None where that is not known."""
        ...


def destination(where: str) -> Destination:
    """The place that a path or a URL names.

    Raises:
        StoreError: if the kind of store is not known, or its package is missing.
    """
    if is_url(where):
        return RenderStore(Store(where))
    return RenderFolder(local_path(where).absolute())
