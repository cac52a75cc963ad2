"""Tar shards in the WebDataset form, and the sidecar that makes them a random-access table.

A sample is the members KEY.jpg (or what its bytes are), KEY.txt and, with masks, KEY.mask.png,
with KEY its index in nine digits. Headers carry no time and no user, so the same samples give the
same bytes everywhere. They are built for a whole batch at once, which takes a few microseconds a
sample where Python's tarfile takes sixty.
"""

import contextlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.formats.tar.byte_ranges import read_ranges
from datagen.formats.tar.sidecar import MAX_INDEX, Sidecar, encode_sidecar, read_sidecar
from datagen.formats.tar.ustar import BLOCK, end_of_archive, members
from datagen.images import extension
from datagen.sample import LabelTable, Samples, stack_rows
from ocrbase.inputs import open_regular
from ocrbase.publishing import attempt_path, discard, disk_errors, flush, publish, publish_bytes

IntArray = NDArray[np.int64]


class TarShardWriter:
    """Writes one shard; tar and sidecar appear when the block ends, neither when it raises.

    The sidecar gets its name first, so a tar under its final name means that both are complete.

    Args:
        stem: the shard's path without suffix, e.g. `data/renders/news/shard-00000`.

    Raises:
        ShardError: if the disk is full or may not be written.
    """

    def __init__(self, stem: Path) -> None:
        self.tar, self.sidecar = shard_files(stem)
        self._columns: list[dict[str, NDArray[Any]]] = []
        self._labels: list[LabelTable] = []
        self._quads: list[NDArray[np.float32]] = []
        self._size = 0

    def __enter__(self) -> Self:
        self.tar.parent.mkdir(parents=True, exist_ok=True)
        self._attempt = attempt_path(self.tar)
        with disk_errors(self.tar):
            self._file: BinaryIO = self._attempt.open("xb", buffering=1 << 20)
        return self

    def write(self, samples: Samples) -> None:
        """Append samples.

        Raises:
            ShardError: if the disk is full, an index has over nine digits, or the columns of the
                samples differ in length.
        """
        _check(samples, self.tar)
        labels = [text.encode("utf-8") for text in samples.texts]
        data, offsets = member_bytes(samples, labels)
        columns: dict[str, NDArray[Any]] = {
            "image_offset": offsets[:, 0] + self._size,
            "image_size": np.array([len(image) for image in samples.images], "<i8"),
            "crc32": checksums(samples.images, labels),
        }
        if samples.masks is not None:
            columns["mask_offset"] = offsets[:, 2] + self._size
            columns["mask_size"] = np.array([len(mask) for mask in samples.masks], "<i8")
        with disk_errors(self.tar):
            self._file.write(data)
        self._size += len(data)
        self._columns.append(columns)
        self._labels.append(samples.labels)
        if samples.quads is not None:
            self._quads.append(samples.quads)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            with disk_errors(self.tar):
                if error is None:
                    self._finish()
        finally:
            self._abandon()

    def _finish(self) -> None:
        if not self._size:
            raise ShardError(f"{self.tar}: no samples to write; a shard holds at least one")
        end = end_of_archive(self._size)
        self._file.write(end)
        self._file.flush()
        flush(self._file.fileno())
        self._file.close()
        if not self._attempt.exists() and self.tar.exists():
            return  # another attempt has published, and these would be the same bytes
        discard(self.tar)  # or an old tar would stand beside the new sidecar after a kill
        publish_bytes(self.sidecar, encode_sidecar(self._table(self._size + len(end))))
        publish(self._attempt, self.tar)

    def _table(self, tar_size: int) -> Sidecar:
        joined = {
            name: np.concatenate([columns[name] for columns in self._columns])
            for name in self._columns[0]
        }
        complete = len(self._quads) == len(self._labels)
        quads = stack_rows(self._quads) if complete else None
        return Sidecar(tar_size, LabelTable.concatenate(self._labels), quads=quads, **joined)

    def _abandon(self) -> None:
        with contextlib.suppress(OSError):  # a full disk fails the last flush again
            self._file.close()
        discard(self._attempt)


class TarShard:
    """Reads one shard at random through its sidecar, without scanning the tar.

    Holds no open file: safe to pickle, to fork and to use from threads.

    Raises:
        ShardError: if tar or sidecar are missing, truncated or do not belong together.
    """

    def __init__(self, stem: Path) -> None:
        self.stem = stem
        self.tar, path = shard_files(stem)
        self.sidecar = read_sidecar(path)
        check_size(self.tar, self.sidecar.tar_size)

    def __len__(self) -> int:
        return len(self.sidecar)

    def read(self, indices: Sequence[int] | IntArray) -> Samples:
        """The samples at some positions of the shard, in that order."""
        rows = np.asarray(indices, np.int64)
        sidecar, labels = self.sidecar, self.sidecar.labels
        texts = [labels.texts[i] for i in rows]
        length = max(map(len, texts), default=0)
        return Samples(
            images=self._bytes(sidecar.image_offset[rows], sidecar.image_size[rows]),
            texts=texts,
            meta=labels.meta[rows],
            centres=labels.centres[rows, :length],
            quads=None if sidecar.quads is None else sidecar.quads[rows, :length],
            masks=self.masks(rows),
        )

    def masks(self, rows: IntArray) -> list[bytes] | None:
        """The masks at some positions, (B,); None where the shard has none."""
        offset, size = self.sidecar.mask_offset, self.sidecar.mask_size
        return None if offset is None or size is None else self._bytes(offset[rows], size[rows])

    def member_texts(self, indices: Sequence[int] | IntArray) -> list[str]:
        """The labels at some positions as the tar's own members hold them."""
        rows = np.asarray(indices, np.int64)
        sidecar = self.sidecar
        image_ends = sidecar.image_offset[rows] + sidecar.image_size[rows]
        starts = image_ends + -image_ends % BLOCK + BLOCK
        sizes = [len(sidecar.labels.texts[i].encode("utf-8")) for i in rows]
        members = self._bytes(starts, np.array(sizes, np.int64))
        return [data.decode("utf-8", "replace") for data in members]

    def _bytes(self, offsets: IntArray, sizes: IntArray) -> list[bytes]:
        with open_regular(self.tar, error=ShardError) as file:
            return read_ranges(file, self.tar, offsets, sizes)


def member_bytes(samples: Samples, labels: list[bytes]) -> tuple[bytes, IntArray]:
    """What a tar holds of samples whose labels are these; see `members`."""
    contents = [(samples.images, [extension(image) for image in samples.images])]
    contents.append((labels, [".txt"] * len(labels)))
    if samples.masks is not None:
        contents.append((samples.masks, [".mask.png"] * len(labels)))
    return members(samples.meta["index"].astype(np.int64), contents)


def shard_files(stem: Path) -> tuple[Path, Path]:
    """Tar and sidecar of a shard."""
    return stem.with_name(f"{stem.name}.tar"), stem.with_name(f"{stem.name}.npz")


def check_size(tar: Path, expected: int) -> None:
    """Compare a tar's size with what its sidecar says.

    Raises:
        ShardError: if they differ or there is no tar.
    """
    try:
        size = tar.stat().st_size
    except FileNotFoundError as error:
        raise ShardError(f"{tar} is missing") from error
    if size != expected:
        raise ShardError(
            f"{tar} has {size} bytes, its sidecar says {expected}: truncated or overwritten;"
            " delete both and run the command that made them again"
        )


def checksums(images: Sequence[bytes], labels: Sequence[bytes]) -> NDArray[np.uint32]:
    """CRC-32 of each sample's image bytes followed by its label's UTF-8 bytes, (B,)."""
    crc32 = zlib.crc32
    pairs = zip(images, labels, strict=True)
    return np.array([crc32(label, crc32(image)) for image, label in pairs], "<u4")


def _check(samples: Samples, path: Path) -> None:
    lengths = {len(samples.images), len(samples.texts), len(samples.meta), len(samples.centres)}
    lengths |= {len(column) for column in (samples.quads, samples.masks) if column is not None}
    if len(lengths) != 1:
        raise ShardError(f"{path}: columns of one batch differ in length: {sorted(lengths)}")
    if len(samples) and samples.meta["index"].max() >= MAX_INDEX:
        raise ShardError(f"{path}: index {samples.meta['index'].max()} has over nine digits")
