"""A folder of tar shards with one manifest: what `ocrgen render` and `ocrgen import` make."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.formats.manifest import RENDER, dataset_info, read_manifest
from datagen.formats.reader import DatasetInfo
from datagen.formats.tar.shard import TarShard, check_size, shard_files
from datagen.formats.tar.sidecar import read_sidecar, read_sizes
from datagen.sample import LabelTable, Samples
from ocrbase.errors import listed

IntArray = NDArray[np.int64]

_OPEN_SHARDS = 4  # sidecars in memory at a time


def shard_stem(folder: Path, number: int) -> Path:
    """Path of a shard without suffix."""
    return folder / f"shard-{number:05d}"


def finished_shards(folder: Path) -> set[int]:
    """Numbers of the shards that stand under their final names."""
    found = set()
    for tar in folder.glob("shard-*.tar"):
        number = tar.stem.removeprefix("shard-")
        if number.isdigit() and tar.with_suffix(".npz").exists():
            found.add(int(number))
    return found


def shard_count(n: int, shard_size: int) -> int:
    """Shards that n samples fill, the last perhaps not to its end."""
    return -(-n // shard_size)


class RenderReader:
    """All samples of a folder of tar shards, positions counted from 0 through its shards in order.

    Holds no open file: safe to pickle, to fork and to use from threads.

    Args:
        folder: the render's folder.
        partial: accept a render that has not finished, and read the shards there are.

    Raises:
        ShardError: if manifest or shards are missing, truncated or damaged; names all of them.
    """

    def __init__(self, folder: Path, *, partial: bool = False) -> None:
        self.folder = folder
        manifest = read_manifest(folder, RENDER)
        self._info = dataset_info(manifest)
        self.numbers = _numbers(folder, manifest["n"], manifest["shard_size"], partial)
        counts = _lengths([shard_stem(folder, number) for number in self.numbers])
        expected = manifest["n"]
        if not partial and sum(counts) != expected:
            raise ShardError(
                f"{folder} holds {sum(counts)} samples, its manifest says {expected}: run the"
                " command that made it again to complete it"
            )
        self.starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])  # (shards + 1,)
        self._open: OrderedDict[int, TarShard] = OrderedDict()

    @property
    def info(self) -> DatasetInfo:
        """Alphabet and tables of the render."""
        return self._info

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_open": OrderedDict()}

    def read(self, indices: Sequence[int] | IntArray) -> Samples:
        """The samples at some positions, in that order.

        Raises:
            ShardError: if a shard has been damaged.
            IndexError: if a position is outside.
        """
        rows = np.asarray(indices, np.int64)
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"position outside [0, {len(self)})")
        shards = np.searchsorted(self.starts, rows, side="right") - 1
        parts = []
        for shard in np.unique(shards).tolist():
            chosen = np.flatnonzero(shards == shard)
            samples = self._shard(shard).read((rows[chosen] - self.starts[shard]).tolist())
            parts.append((chosen, samples))
        return Samples.scatter(parts)

    def tables(self) -> Iterator[tuple[int, LabelTable]]:
        """(First position, lines without pixels) of each shard."""
        for shard, number in enumerate(self.numbers):
            sidecar = read_sidecar(shard_files(shard_stem(self.folder, number))[1])
            yield int(self.starts[shard]), sidecar.labels

    def image_sizes(self, indices: Sequence[int] | IntArray) -> IntArray:
        """Bytes of the images at some positions, (B,), without reading them."""
        rows = np.asarray(indices, np.int64)
        shards = np.searchsorted(self.starts, rows, side="right") - 1
        sizes = np.zeros(len(rows), np.int64)
        for shard in np.unique(shards).tolist():
            sidecar = shard_files(shard_stem(self.folder, self.numbers[shard]))[1]
            _, column = read_sizes(sidecar)
            chosen = shards == shard
            sizes[chosen] = column[rows[chosen] - self.starts[shard]]
        return sizes

    def _shard(self, shard: int) -> TarShard:
        if shard not in self._open:
            self._open[shard] = TarShard(shard_stem(self.folder, self.numbers[shard]))
            while len(self._open) > _OPEN_SHARDS:
                self._open.popitem(last=False)
        self._open.move_to_end(shard)
        return self._open[shard]


def _numbers(folder: Path, n: int, shard_size: int, partial: bool) -> list[int]:
    finished = finished_shards(folder)
    wanted = range(shard_count(n, shard_size))
    missing = [f"shard-{number:05d}" for number in wanted if number not in finished]
    if missing and not partial:
        raise ShardError(
            f"{folder} lacks {len(missing)} of {len(wanted)} shards ({listed(missing)}): run the"
            " command that made it again to complete it, or take what is there with --partial"
        )
    if not finished:
        raise ShardError(f"{folder} has no finished shard: run the command that made it again")
    return sorted(finished & set(wanted))


def _lengths(stems: list[Path]) -> list[int]:
    counts, problems = [], []
    for stem in stems:
        try:
            counts.append(shard_length(stem))
        except ShardError as error:
            problems.append(str(error))
    if problems:
        raise ShardError(listed(problems))
    return counts


def shard_length(stem: Path) -> int:
    """Samples of a finished shard, from its sidecar; the tar must have the size it should."""
    tar, sidecar = shard_files(stem)
    tar_size, image_sizes = read_sizes(sidecar)
    check_size(tar, tar_size)
    return len(image_sizes)
