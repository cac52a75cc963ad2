"""A folder of LMDB shards with one manifest: what `ocrgen pack` makes.

    manifest.json, README.md, train/shard_00000/data.mdb, ..., val/shard_00000/data.mdb, ...

Other trainers take each leaf folder below train/ or val/ for an LMDB: nothing else lies there.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.formats.lmdb import layout
from datagen.formats.lmdb.shards import LmdbFolder
from datagen.formats.manifest import LMDB, dataset_info, read_manifest
from datagen.formats.reader import DatasetInfo
from datagen.sample import LabelTable, Samples
from datagen.split import PACKED, Split, SplitRule
from ocrbase.errors import listed

IntArray = NDArray[np.int64]

_CHUNK = 10_000


def split_rule(folder: Path) -> SplitRule:
    """The split that a packed dataset keeps, for whoever adds data to it or renders live.

    Raises:
        ShardError: if the folder holds no packed dataset.
    """
    return SplitRule.from_json(read_manifest(folder, LMDB)["split"])


def shard_folder(split: Split, number: int) -> str:
    """Path of a shard below the dataset's folder; other trainers allow no `-` in it."""
    return f"{split}/shard_{number:05d}"


class LmdbReader:
    """The samples of one split of a packed dataset, or of both: train, then val.

    Args:
        folder: the dataset's folder, or its train/ or val/.
        split: None for both; ignored where the folder names one.

    Raises:
        ShardError: if manifest or shards are missing or truncated; names all of them.
    """

    def __init__(self, folder: Path, split: Split | None = None) -> None:
        if folder.name in PACKED and not (folder / "manifest.json").exists():
            folder, split = folder.parent, Split(folder.name)
        self.folder, self.split = folder, split
        manifest = read_manifest(folder, LMDB)
        self._info = dataset_info(manifest)
        self.shards: list[dict[str, Any]] = [
            shard for shard in manifest["shards"] if split in (None, shard["path"].split("/")[0])
        ]
        _check_files(folder, self.shards)
        self._folders = [LmdbFolder(folder / shard["path"]) for shard in self.shards]
        counts = [shard["samples"] for shard in self.shards]
        self.starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])  # (shards + 1,)

    @property
    def info(self) -> DatasetInfo:
        """Alphabet and tables of the dataset."""
        return self._info

    def __len__(self) -> int:
        return int(self.starts[-1])

    def read(self, indices: Sequence[int] | IntArray) -> Samples:
        """The samples at some positions, in that order.

        Raises:
            ShardError: if entries are missing or damaged.
            IndexError: if a position is outside.
        """
        groups = self.by_shard(np.asarray(indices, np.int64))
        return Samples.scatter([(at, _samples(folder, rows)) for _, folder, at, rows in groups])

    def tables(self) -> Iterator[tuple[int, LabelTable]]:
        """(First position, lines without pixels), some thousand at a time."""
        for start in range(0, len(self), _CHUNK):
            groups = self.by_shard(np.arange(start, min(start + _CHUNK, len(self))))
            parts = [_labels(folder, rows) for _, folder, _, rows in groups]
            yield start, LabelTable.concatenate(parts)

    def by_shard(self, rows: IntArray) -> Iterator[tuple[int, LmdbFolder, IntArray, IntArray]]:
        """Group positions: (shard, its folder, where in `rows`, positions within the shard)."""
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"position outside [0, {len(self)})")
        shards = np.searchsorted(self.starts, rows, side="right") - 1
        for shard in np.unique(shards).tolist():
            chosen = np.flatnonzero(shards == shard)
            yield shard, self._folders[shard], chosen, rows[chosen] - self.starts[shard]

    def image_sizes(self, indices: Sequence[int] | IntArray) -> IntArray:
        """Bytes of the images at some positions, (B,), without reading them."""
        rows = np.asarray(indices, np.int64)
        sizes = np.zeros(len(rows), np.int64)
        for _, folder, chosen, positions in self.by_shard(rows):
            sizes[chosen] = folder.sizes("image", positions)
        return sizes


def _samples(folder: LmdbFolder, positions: IntArray) -> Samples:
    labels = _labels(folder, positions)
    return Samples(folder.values("image", positions), labels.texts, labels.meta, labels.centres)


def _labels(folder: LmdbFolder, positions: IntArray) -> LabelTable:
    texts = [value.decode("utf-8") for value in folder.values("label", positions)]
    length = max(map(len, texts), default=0)
    meta, _, centres = layout.decode_meta(folder.values("meta", positions), length)
    return LabelTable(texts, meta, centres)


def _check_files(folder: Path, shards: list[dict[str, Any]]) -> None:
    problems = []
    for shard in shards:
        path = folder / shard["path"] / "data.mdb"
        size = path.stat().st_size if path.exists() else None
        if size is None:
            problems.append(f"{path} is missing")
        elif size != shard["bytes"]:
            problems.append(f"{path} has {size} bytes, the manifest says {shard['bytes']}")
    if problems:
        raise ShardError(f"{listed(problems)}: pack the data again with --overwrite")
