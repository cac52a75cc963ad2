"""A folder of tar shards with one manifest: what `ocrgen render` and `ocrgen import` make."""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from itertools import count, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.formats.lmdb.layout import PAGE, pages_of
from datagen.formats.manifest import RenderManifest, read_render_manifest
from datagen.formats.reader import DatasetInfo, Finding, Problem
from datagen.formats.spans import Spans
from datagen.formats.tar.shard import TarShard, check_size, shard_files
from datagen.formats.tar.sidecar import read_indices, read_sidecar, read_sizes
from datagen.images import png_is_intact
from datagen.sample import LabelTable, Samples
from ocrbase.errors import listed

IntArray = NDArray[np.int64]

_OPEN_SHARDS = 4  # sidecars in memory at a time
_SHOWN = 8
_SMALL_BYTES = 256  # of a sample's entries besides its image in an LMDB


def shard_stem(folder: Path, number: int) -> Path:
    """Path of a shard without suffix."""
    return folder / f"shard-{number:05d}"


def finished_shards(folder: Path) -> set[int]:
    """Numbers of the shards that stand under their final names."""
    return finished_numbers({path.name for path in folder.glob("shard-*")})


def finished_numbers(names: Collection[str]) -> set[int]:
    """Numbers of the shards of which names of files or objects have both tar and sidecar."""
    finished = set()
    for name in names:
        number = name.removeprefix("shard-").removesuffix(".tar")
        numbered = number.isascii() and number.isdigit() and name == f"shard-{number}.tar"
        if numbered and f"shard-{number}.npz" in names:
            finished.add(int(number))
    return finished


def shard_count(n: int, shard_size: int) -> int:
    """Shards that n samples fill, the last perhaps not to its end."""
    return -(-n // shard_size)


class RenderReader:
    """All samples of a folder of tar shards, positions counted from 0 through its shards in order.

    Holds no open file: safe to pickle, to fork and to use from threads.

    Attributes:
        numbers: of the shards that are read.

    Args:
        folder: the render's folder.
        partial: accept a render that has not finished, and read the shards there are; None: no, and
            the user has no say in it.

    Raises:
        ShardError: if manifest or shards are missing, truncated or damaged, or a shard holds other
            samples than those of its number; names all of them.
    """

    def __init__(self, folder: Path, *, partial: bool | None = None) -> None:
        self.folder = folder
        self.manifest: RenderManifest = read_render_manifest(folder)
        self._info = DatasetInfo(
            self.manifest.alphabet.alphabet(),
            tuple(self.manifest.corpora),
            tuple(self.manifest.faces),
        )
        self._root = folder.absolute()  # a worker may run elsewhere
        self.numbers = _numbers(folder, self.manifest, partial)
        self.shards = Spans.of(_lengths(folder, self.numbers, self.manifest, bool(partial)))
        self._open: OrderedDict[int, TarShard] = OrderedDict()

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    @property
    def info(self) -> DatasetInfo:
        """Alphabet and tables of the render."""
        return self._info

    def __len__(self) -> int:
        return self.shards.total

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_open": OrderedDict()}

    def read(self, indices: Sequence[int] | IntArray) -> Samples:
        """The samples at some positions, in that order.

        Raises:
            ShardError: if a shard has been damaged.
            IndexError: if a position is outside.
        """
        groups = self.shards.locate(indices)
        return Samples.scatter([(at, self._shard(shard).read(rows)) for shard, at, rows in groups])

    def tables(self) -> Iterator[tuple[int, LabelTable]]:
        """(First position, lines without pixels) of each shard."""
        for start, stem in zip(self.shards.starts.tolist(), self._stems(), strict=False):
            yield start, read_sidecar(shard_files(stem)[1]).labels

    def splits(self) -> NDArray[np.uint8]:
        """Split.code that each line brings along, (N,)."""
        return np.concatenate([labels.meta["side"] for _, labels in self.tables()])

    def image_sizes(self, indices: Sequence[int] | IntArray) -> IntArray:
        """Bytes of the images at some positions, (B,), without reading them."""
        stems = self._stems()
        sizes = np.zeros(len(indices), np.int64)
        for shard, at, rows in self.shards.locate(indices):
            sizes[at] = read_sizes(shard_files(stems[shard])[1])[rows]
        return sizes

    def packed_bytes(self) -> int:
        """Bytes that all images need as LMDB, about."""
        pages = sum(pages_of(read_sizes(shard_files(stem)[1])) for stem in self._stems())
        return pages * PAGE + _SMALL_BYTES * len(self)

    def files(self) -> list[Path]:
        """The tar of each shard."""
        return [shard_files(stem)[0] for stem in self._stems()]

    def open_shard(self, shard: int) -> "RenderShard":
        """One shard, to be looked at closely."""
        return RenderShard(self._stems()[shard])

    def _stems(self) -> list[Path]:
        return [shard_stem(self._root, number) for number in self.numbers]

    def _shard(self, shard: int) -> TarShard:
        if shard not in self._open:
            self._open[shard] = TarShard(shard_stem(self._root, self.numbers[shard]))
            while len(self._open) > _OPEN_SHARDS:
                self._open.popitem(last=False)
        self._open.move_to_end(shard)
        return self._open[shard]


class RenderShard:
    """One shard of a render, its sidecar in memory."""

    def __init__(self, stem: Path) -> None:
        self.tar = TarShard(stem)

    @property
    def labels(self) -> LabelTable:
        """The lines without their pixels."""
        return self.tar.sidecar.labels

    @property
    def splits(self) -> NDArray[np.uint8]:
        """Split.code that each line brings along, (n,)."""
        codes: NDArray[np.uint8] = self.labels.meta["side"]
        return codes

    @property
    def crc32(self) -> NDArray[np.uint32]:
        """Of each image followed by its label, as recorded, (n,)."""
        return self.tar.sidecar.crc32

    def names(self, rows: IntArray) -> list[str]:
        """How messages call some lines."""
        return [f"{self.tar.tar} {index:09d}" for index in self.labels.meta["index"][rows].tolist()]

    def read(self, rows: IntArray) -> Samples:
        """Some lines with their images."""
        return self.tar.read(rows)

    def findings(self, looked_at: IntArray) -> Iterator[Finding]:
        """Labels of the tar's members that differ from the sidecar's, and damaged masks."""
        texts = [self.labels.texts[row] for row in looked_at.tolist()]
        members = self.tar.member_texts(looked_at)
        for name, text, member in zip(self.names(looked_at), texts, members, strict=True):
            if text != member:
                what = f"the tar says {member!r}, the sidecar {text!r}"
                yield Finding(Problem.LABEL, name, what)
        masks = self.tar.masks(looked_at) or []
        for name, mask in zip(self.names(looked_at), masks, strict=False):
            if not png_is_intact(mask):
                yield Finding(Problem.CHECKSUM, name, "the mask is damaged")


def _numbers(folder: Path, manifest: RenderManifest, partial: bool | None) -> list[int]:
    """Numbers of the shards to read, ascending."""
    finished = finished_shards(folder)
    wanted = shard_count(manifest.n, manifest.shard_size)
    there = sorted(number for number in finished if number < wanted)
    if len(there) < wanted and not partial:
        missing = (number for number in count() if number not in finished)
        shown = islice(missing, min(_SHOWN, wanted - len(there)))
        names = listed([f"shard-{number:05d}" for number in shown])
        choice = "" if partial is None else ", or take what is there with --partial"
        raise ShardError(
            f"{folder} lacks {wanted - len(there):,} of {wanted:,} shards ({names}): run the"
            f" command that made it again to complete it{choice}"
        )
    if not there:
        raise ShardError(f"{folder} has no finished shard: run the command that made it again")
    return there


def _lengths(
    folder: Path, numbers: list[int], manifest: RenderManifest, partial: bool
) -> list[int]:
    """Samples of each shard; a render that grows may end before its last shard does."""
    lengths, problems = [], []
    for number in numbers:
        first = number * manifest.shard_size
        stop = min(first + manifest.shard_size, manifest.n)
        try:
            lengths.append(shard_length(shard_stem(folder, number), first, stop, partial=partial))
        except ShardError as error:
            problems.append(str(error))
    if problems:
        raise ShardError(listed(problems))
    return lengths


def shard_length(stem: Path, first: int, stop: int, *, partial: bool = False) -> int:
    """Samples of a finished shard, from its sidecar.

    Args:
        stem: of the shard.
        first: index of the first sample that it should hold.
        stop: one past the index of the last.
        partial: whether it may end before.

    Raises:
        ShardError: if it is damaged, or does not hold these samples, each once and in order.
    """
    tar, sidecar = shard_files(stem)
    tar_size, indices = read_indices(sidecar)
    check_size(tar, tar_size)
    length = len(indices)
    if length > stop - first or not np.array_equal(indices, np.arange(first, first + length)):
        raise ShardError(
            f"{tar} does not hold the samples {first} to {stop - 1}, each once: it is a copy or a"
            " part of another; delete it and run the command that made it again"
        )
    if length < stop - first and not partial:
        raise ShardError(
            f"{tar} holds {length:,} of {stop - first:,} samples: run the command that made it"
            " again to complete it"
        )
    return length
