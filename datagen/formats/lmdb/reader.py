"""A folder of LMDB shards with one manifest: what `ocrgen pack` makes.

    manifest.json, README.md, train/shard_00000/data.mdb, ..., val/shard_00000/data.mdb, ...

Other trainers take each leaf folder below train/ or val/ for an LMDB: nothing else lies there.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.formats.lmdb import layout
from datagen.formats.lmdb.shards import LmdbFolder
from datagen.formats.manifest import FILE, PackedManifest, PackedShard, read_packed_manifest
from datagen.formats.reader import DatasetInfo, Finding, Problem
from datagen.formats.spans import Spans
from datagen.sample import LabelTable, Samples
from datagen.split import PACKED, Split, SplitRule
from ocrbase.errors import listed

IntArray = NDArray[np.int64]

_CHUNK = 10_000
_FAMILIES = 4  # image, label, meta, wh


def split_rule(folder: Path) -> SplitRule:
    """The split that a packed dataset keeps, for whoever adds data to it or renders live.

    Raises:
        ShardError: if the folder holds no packed dataset.
    """
    return read_packed_manifest(folder).split.rule()


def shard_folder(split: Split, number: int) -> str:
    """Path of a shard below the dataset's folder; other trainers allow no `-` in it."""
    return f"{split}/shard_{number:05d}"


class LmdbReader:
    """The samples of one split of a packed dataset, or of both: train, then val.

    Attributes:
        entries: what the manifest says of each shard that is read.

    Args:
        folder: the dataset's folder, or its train/ or val/.
        split: None for both; ignored where the folder names one.

    Raises:
        ShardError: if manifest or shards are missing, truncated or hold another number of samples
            than the manifest says; names all of them.
    """

    def __init__(self, folder: Path, split: Split | None = None) -> None:
        if folder.name in PACKED and not (folder / FILE).exists():
            folder, split = folder.parent, Split(folder.name)
        self.folder, self.split = folder, split
        self.manifest: PackedManifest = read_packed_manifest(folder)
        self._info = DatasetInfo(
            self.manifest.alphabet.alphabet(),
            tuple(self.manifest.corpora),
            tuple(self.manifest.faces),
            class_counts=self.manifest.class_counts(),
        )
        shards = self.manifest.shards
        self.entries = [shard for shard in shards if split in (None, shard.split)]
        root = folder.absolute()  # a worker may run elsewhere
        self._folders = [LmdbFolder(root / shard.path) for shard in self.entries]
        _check_files(self._folders, self.entries)
        self.shards = Spans.of([shard.samples for shard in self.entries])

    @property
    def name(self) -> str:
        """The folder, and the split where only one is read."""
        return f"{self.folder} ({self.split})" if self.split else str(self.folder)

    @property
    def info(self) -> DatasetInfo:
        """Alphabet and tables of the dataset."""
        return self._info

    def __len__(self) -> int:
        return self.shards.total

    def read(self, indices: Sequence[int] | IntArray) -> Samples:
        """The samples at some positions, in that order.

        Raises:
            ShardError: if entries are missing or damaged.
            IndexError: if a position is outside.
        """
        groups = self.by_shard(indices)
        return Samples.scatter([(at, _samples(folder, rows)) for folder, at, rows in groups])

    def tables(self) -> Iterator[tuple[int, LabelTable]]:
        """(First position, lines without pixels), some thousand at a time."""
        for start in range(0, len(self), _CHUNK):
            groups = self.by_shard(np.arange(start, min(start + _CHUNK, len(self))))
            parts = [_labels(folder, rows) for folder, _, rows in groups]
            yield start, LabelTable.concatenate(parts)

    def by_shard(
        self, indices: Sequence[int] | IntArray
    ) -> Iterator[tuple[LmdbFolder, IntArray, IntArray]]:
        """Group positions by their shards: (shard, where in `indices`, rows of the shard)."""
        for shard, at, rows in self.shards.locate(indices):
            yield self._folders[shard], at, rows

    def frames(self, shard: int) -> tuple[IntArray, IntArray]:
        """Heights and widths of the images of a shard in pixels, (n,) each; decodes none."""
        return self._folders[shard].frames(self.entries[shard].samples)

    def splits(self) -> NDArray[np.uint8]:
        """Split.code of every line by the folder it lies in, (N,)."""
        codes = np.array([shard.split.code for shard in self.entries], np.uint8)
        return np.repeat(codes, self.shards.counts())

    def image_sizes(self, indices: Sequence[int] | IntArray) -> IntArray:
        """Bytes of the images at some positions, (B,), without reading them."""
        sizes = np.zeros(len(indices), np.int64)
        for folder, at, rows in self.by_shard(indices):
            sizes[at] = folder.sizes("image", rows)
        return sizes

    def packed_bytes(self) -> int:
        """Bytes of the shards."""
        return sum(shard.bytes for shard in self.entries)

    def files(self) -> list[Path]:
        """The data.mdb of each shard."""
        return [folder.file for folder in self._folders]

    def open_shard(self, shard: int) -> "LmdbShard":
        """One shard, to be looked at closely."""
        return LmdbShard(self._folders[shard], self.entries[shard])


class LmdbShard:
    """One shard of packed data, read whole but for its images."""

    def __init__(self, folder: LmdbFolder, entry: PackedShard) -> None:
        self.folder, self.entry = folder, entry

    @cached_property
    def labels(self) -> LabelTable:
        """The lines without their pixels."""
        rows = np.arange(self.entry.samples)
        chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
        return LabelTable.concatenate([_labels(self.folder, chunk) for chunk in chunks])

    @property
    def splits(self) -> NDArray[np.uint8]:
        """Split.code of each line by the folder it lies in, (n,)."""
        return np.full(self.entry.samples, self.entry.split.code, np.uint8)

    @cached_property
    def crc32(self) -> NDArray[np.uint32]:
        """Of each image followed by its label, as recorded, (n,)."""
        return layout.decode_meta(self.folder.values("meta", range(self.entry.samples)), 0)[1]

    def names(self, rows: IntArray) -> list[str]:
        """How messages call some lines."""
        return [f"{self.folder.folder} image-{row + 1:09d}" for row in rows.tolist()]

    def read(self, rows: IntArray) -> Samples:
        """Some lines with their images."""
        return _samples(self.folder, rows)

    def findings(self, looked_at: IntArray) -> Iterator[Finding]:
        """Keys beyond those of the samples, sizes that differ, entries that were exchanged."""
        where, count = str(self.folder.folder), self.entry.samples
        expected = _FAMILIES * count + 1
        if self.folder.entries() != expected:
            what = f"{self.folder.entries():,} keys instead of {expected:,}"
            yield Finding(Problem.KEY, where, what)
        yield from self._sizes()
        digest = hashlib.sha256(self.crc32.astype("<u4").tobytes()).hexdigest()
        if digest != self.entry.checksum:
            yield Finding(Problem.CHECKSUM, where, "the entries are not those of the manifest")

    def _sizes(self) -> Iterator[Finding]:
        meta = self.labels.meta
        for start in range(0, len(meta), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(meta)))
            pairs = zip(self.folder.values("wh", rows), meta[rows], rows.tolist(), strict=True)
            for value, line, row in pairs:
                size = f"{line['width']}_{line['height']}"
                if value != size.encode("ascii"):
                    where = f"{self.folder.folder} wh-{row + 1:09d}"
                    shown = value[:20].decode("utf-8", "replace")
                    yield Finding(Problem.SIZE, where, f"wh says {shown}, meta {size}")


def _samples(folder: LmdbFolder, rows: IntArray) -> Samples:
    labels = _labels(folder, rows)
    return Samples(folder.values("image", rows), labels.texts, labels.meta, labels.centres)


def _labels(folder: LmdbFolder, rows: IntArray) -> LabelTable:
    texts = folder.texts(rows)
    length = max(map(len, texts), default=0)
    meta, _, centres = layout.decode_meta(folder.values("meta", rows), length)
    return LabelTable(texts, meta, centres)


def _check_files(folders: list[LmdbFolder], entries: list[PackedShard]) -> None:
    problems = []
    for folder, shard in zip(folders, entries, strict=True):
        size = folder.file.stat().st_size if folder.file.exists() else None
        if size is None:
            problems.append(f"{folder.file} is missing")
        elif size != shard.bytes:
            problems.append(f"{folder.file} has {size} bytes, the manifest says {shard.bytes}")
        elif len(folder) != shard.samples:
            problems.append(
                f"{folder.folder} has num-samples {len(folder)}, the manifest says {shard.samples}"
            )
    if problems:
        raise ShardError(f"{listed(problems)}: pack the data again with --overwrite")
