"""What stands under the name of a shard: nothing, the beginning of it, all of it, or damage."""

from enum import Enum
from pathlib import Path

import numpy as np

from datagen.errors import ImageError, ShardError
from datagen.formats.tar.shard import TarShard, checksums, member_bytes, shard_files
from datagen.formats.tar.sidecar import Sidecar
from datagen.formats.tar.ustar import end_of_archive
from datagen.images import png_is_intact
from ocrbase.inputs import open_regular

_SAMPLES_AT_ONCE = 1000


class ShardState(Enum):
    """How a shard stands on the disk."""

    MISSING = "missing"
    SHORT = "short"  # whole, of a call that asked for fewer lines
    DAMAGED = "damaged"
    COMPLETE = "complete"


def shard_state(stem: Path, lines: range) -> ShardState:
    """Look at every byte of a tar and all data of its sidecar; about as fast as reading them.

    The sidecar is a zip archive with checksums of its own, and it holds those of images and
    labels; masks have theirs as PNG, and the rest of a tar follows from these.

    Args:
        stem: the shard's path without suffix.
        lines: sample indices that it should hold.
    """
    if not all(path.exists() for path in shard_files(stem)):
        return ShardState.MISSING
    try:
        shard = TarShard(stem)
        if not holds(shard.sidecar, lines) or not _bytes_agree(shard):
            return ShardState.DAMAGED
    except (ShardError, ImageError, OSError):
        return ShardState.DAMAGED
    return ShardState.COMPLETE if len(shard) >= len(lines) else ShardState.SHORT


def holds(sidecar: Sidecar, lines: range) -> bool:
    """Whether a sidecar is of these sample indices, from the first on, each once and in order."""
    expected = np.arange(lines.start, lines.start + len(sidecar))
    return np.array_equal(sidecar.labels.meta["index"], expected)


def _bytes_agree(shard: TarShard) -> bool:
    """Whether the tar is, byte for byte, what its sidecar says."""
    size = 0
    with open_regular(shard.tar, error=ShardError) as file:
        for start in range(0, len(shard), _SAMPLES_AT_ONCE):
            rows = np.arange(start, min(start + _SAMPLES_AT_ONCE, len(shard)))
            samples = shard.read(rows)
            labels = [text.encode("utf-8") for text in samples.texts]
            if not np.array_equal(checksums(samples.images, labels), shard.sidecar.crc32[rows]):
                return False
            if not all(map(png_is_intact, samples.masks or ())):
                return False
            data, _ = member_bytes(samples, labels)
            if file.read(len(data)) != data:
                return False
            size += len(data)
        return file.read() == end_of_archive(size)
