"""The work of one pack worker: write a shard, or find that it is there."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.formats.building import BuildFolder
from datagen.formats.lmdb.layout import map_size
from datagen.formats.lmdb.reader import shard_folder
from datagen.formats.lmdb.shards import LmdbShardWriter
from datagen.formats.manifest import PackedShard
from datagen.pack.inputs import PackInputs
from datagen.pack.tally import ShardTally, WrittenShard
from datagen.split import Split

IntArray = NDArray[np.int64]

SPLITS_FILE = "splits.npy"  # code of each sample's split, while shards are written

_BATCH = 1000  # samples in memory at a time

Task = tuple[Split, int, int, int]  # split, shard number, first and last position in the split


@dataclass(frozen=True)
class PackTask:
    """Writes one shard; small enough to send to any worker.

    Attributes:
        inputs: what is packed.
        out: the final folder, absolute.
        tasks: all shards.
        plan: fingerprint of the pack; a worker may have served another pack into this folder.
    """

    inputs: PackInputs
    out: Path
    tasks: tuple[Task, ...]
    plan: str

    def __call__(self, task: int) -> tuple[int, WrittenShard]:
        split, number, first, last = self.tasks[task]
        building, name = BuildFolder(self.out), shard_folder(split, number)
        written = building.report(name, WrittenShard)
        if written is None:
            rows = _positions(building.path / SPLITS_FILE, self.plan, split)[first:last]
            written = _write(self.inputs, building.path, name, rows)
            building.finish(name, written)
        return task, written


def _write(inputs: PackInputs, root: Path, name: str, rows: IntArray) -> WrittenShard:
    """Write the samples at some positions as one LMDB, and say what it holds."""
    folder = root / name
    image_sizes = inputs.image_sizes(rows)
    # Labels and centres are small: a generous bound on them is as good as their size.
    size = map_size(image_sizes, 64 * len(rows), 64 * len(rows))
    tally = ShardTally(inputs.alphabet)
    with LmdbShardWriter(folder, size) as writer:
        for start in range(0, len(rows), _BATCH):
            for samples in inputs.read(rows[start : start + _BATCH]):
                writer.write(samples)
                tally.add(samples)
    crc32 = np.concatenate(writer.crc32).astype("<u4")
    entry = PackedShard(
        path=name,
        samples=writer.count,
        bytes=(folder / "data.mdb").stat().st_size,
        checksum=hashlib.sha256(crc32.tobytes()).hexdigest(),
        sizes=tally.sizes,
        most_steps=tally.most_steps,
    )
    return WrittenShard(entry, tally.classes())


@lru_cache(maxsize=2)
def _positions(file: Path, plan: str, split: Split) -> IntArray:
    """Positions of all samples of a split, ascending; `plan` tells packs of one folder apart."""
    return np.flatnonzero(split.mask(np.load(file)))
