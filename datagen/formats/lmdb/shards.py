"""Write and read LMDB shards: one folder a shard, in the layout of `layout`."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import lmdb
import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.formats.lmdb import layout
from datagen.formats.lmdb.handles import COMMIT_BYTES, environment, lmdb_errors
from datagen.formats.reader import EncodedLines
from datagen.formats.tar.shard import checksums
from datagen.sample import Samples
from ocrbase.errors import listed
from ocrbase.publishing import (
    attempt_path,
    disk_errors,
    flush_folder,
    leftovers,
)

IntArray = NDArray[np.int64]

_SIZE = re.compile(rb"(\d{1,5})_(\d{1,5})")
_COUNT = re.compile(rb"\d{1,18}")  # what fits into a len()


class LmdbShardWriter:
    """Writes one LMDB folder; it appears when the block ends, and not at all when it raises.

    Args:
        folder: the shard's folder, which must not exist yet.
        map_size_bytes: of the map, from `layout.map_size`.

    Raises:
        ShardError: if the disk is full or may not be written.
    """

    def __init__(self, folder: Path, map_size_bytes: int) -> None:
        self.folder = folder
        self._map_size = map_size_bytes
        self._later: dict[str, list[bytes]] = {"label": [], "meta": [], "wh": []}
        self.count = 0
        self.crc32: list[NDArray[np.uint32]] = []

    def __enter__(self) -> Self:
        with disk_errors(self.folder), lmdb_errors(self.folder):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            for path in leftovers(self.folder):
                shutil.rmtree(path, ignore_errors=True)
            self._attempt = attempt_path(self.folder)
            self._attempt.mkdir()
            self._env = lmdb.open(
                str(self._attempt), map_size=self._map_size, lock=False, sync=False
            )
        return self

    def write(self, samples: Samples) -> None:
        """Append samples; positions count on from those before.

        Raises:
            ShardError: if the disk is full.
        """
        raw = [text.encode("utf-8") for text in samples.texts]
        crc32 = checksums(samples.images, raw)
        lengths = [len(text) for text in samples.texts]
        self._put("image", samples.images)
        self._later["label"] += raw
        self._later["meta"] += layout.encode_meta(samples.meta, crc32, samples.centres, lengths)
        sizes = zip(samples.meta["width"].tolist(), samples.meta["height"].tolist(), strict=True)
        self._later["wh"] += [b"%d_%d" % size for size in sizes]
        self.crc32.append(crc32)
        self.count += len(samples)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            with disk_errors(self.folder), lmdb_errors(self.folder):
                if error is None:
                    self._finish()
        finally:
            self._env.close()
            shutil.rmtree(self._attempt, ignore_errors=True)

    def _finish(self) -> None:
        if not self.count:
            raise ShardError(f"{self.folder}: no samples to write; a shard holds at least one")
        written, self.count = self.count, 0
        for family in ("label", "meta"):
            self._put(family, self._later[family])
        with self._env.begin(write=True) as transaction:
            transaction.put(layout.COUNT_KEY, b"%d" % written, append=True)
        self._put("wh", self._later["wh"])
        self._env.sync(True)
        self._env.close()
        try:
            self._attempt.rename(self.folder)
        except OSError:
            if not (self.folder / "data.mdb").exists():
                raise
            # A worker that outlived a killed run has published the same samples.
        flush_folder(self.folder.parent)
        self.count = written

    def _put(self, family: str, values: list[bytes]) -> None:
        """Append the values of one family for the next samples, in commits of bounded size."""
        average = sum(map(len, values)) // max(1, len(values)) + 64
        step = max(1, COMMIT_BYTES // average)
        for start in range(0, len(values), step):
            part = values[start : start + step]
            positions = range(self.count + start, self.count + start + len(part))
            with lmdb_errors(self.folder):
                self._append(list(zip(layout.keys(family, positions), part, strict=True)))

    def _append(self, items: list[tuple[bytes, bytes]]) -> None:
        try:
            with self._env.begin(write=True) as transaction:
                consumed, added = transaction.cursor().putmulti(items, append=True)
        except lmdb.MapFullError:
            # Only labels of extraordinary length get here: their bytes are not known beforehand.
            self._map_size += (1 << 20) + 4 * sum(len(key) + len(value) for key, value in items)
            self._env.set_mapsize(self._map_size)
            self._append(items)
            return
        if not consumed == added == len(items):
            raise ShardError(f"{self.folder}: {len(items) - added} entries were not written")


class LmdbFolder:
    """Reads one LMDB folder of the layout, ours or another's; opened when first read.

    Holds no handle: safe to pickle, to fork and to spawn.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def file(self) -> Path:
        """The file that holds all entries."""
        return self.folder / "data.mdb"

    def texts(self, positions: Sequence[int] | IntArray) -> list[str]:
        """Labels at some positions, which count from 0.

        Raises:
            ShardError: if some are missing or not UTF-8; names their keys.
        """
        rows = np.asarray(positions, np.int64)
        values = self.values("label", rows)
        try:
            return [value.decode("utf-8") for value in values]
        except UnicodeDecodeError:
            keys = layout.keys("label", rows)
            bad = [k.decode() for k, v in zip(keys, values, strict=True) if not _is_text(v)]
            raise ShardError(
                f"{self.folder}: labels that are not UTF-8 text: {listed(bad)}; pack the data again"
            ) from None

    def encoded(self, positions: IntArray) -> EncodedLines:
        """What training needs of the samples at some positions, which count from 0.

        Raises:
            ShardError: if entries are missing or damaged.
        """
        texts = self.texts(positions)
        length = max(map(len, texts), default=0)
        meta, _, centres = layout.decode_meta(self.values("meta", positions), length)
        return EncodedLines(self.values("image", positions), texts, centres, meta["width"])

    def names(self, positions: IntArray) -> list[str]:
        """How messages call the samples at some positions."""
        return [f"{self.folder}: {key.decode()}" for key in layout.keys("image", positions)]

    def frames(self, count: int) -> tuple[IntArray, IntArray]:
        """Heights and widths of the first samples' images, (count,) each, as recorded.

        Raises:
            ShardError: if an entry is missing or no size.
        """
        values = self.values("wh", range(count))
        matches = [_SIZE.fullmatch(value) for value in values]
        sizes = np.array([(int(m[2]), int(m[1])) for m in matches if m], np.int64).reshape(-1, 2)
        if len(sizes) < count:
            keys = zip(layout.keys("wh", range(count)), matches, strict=True)
            bad = listed([key.decode() for key, match in keys if not match])
            raise ShardError(f"{self.folder}: no sizes in {bad}; pack the data again")
        return sizes[:, 0], sizes[:, 1]

    def values(self, family: str, positions: Sequence[int] | IntArray) -> list[bytes]:
        """Values of one family of keys at some positions, which count from 0.

        Raises:
            ShardError: if some are missing; names their keys.
        """
        wanted = layout.keys(family, positions)
        with lmdb_errors(self.folder), environment(self.folder).begin() as transaction:
            entries: list[tuple[bytes, bytes]] = transaction.cursor().getmulti(wanted)
        if len(entries) != len(wanted):
            there = {key for key, _ in entries}
            missing = [key.decode() for key in wanted if key not in there]
            raise ShardError(f"{self.folder} has no entry {listed(missing)}: pack the data again")
        return [value for _, value in entries]

    def sizes(self, family: str, positions: Sequence[int] | IntArray) -> IntArray:
        """Bytes of the values at some positions, (B,), without reading them."""
        wanted = layout.keys(family, positions)
        with (
            lmdb_errors(self.folder),
            environment(self.folder).begin(buffers=True) as transaction,
        ):
            entries = transaction.cursor().getmulti(wanted)
            lengths = [len(value) for _, value in entries]
        if len(lengths) != len(wanted):
            self.values(family, positions)  # names what is missing
        return np.array(lengths, np.int64)

    def get(self, key: bytes) -> bytes | None:
        """The value of one key, None where there is none."""
        with lmdb_errors(self.folder), environment(self.folder).begin() as transaction:
            value: bytes | None = transaction.get(key)
            return value

    def entries(self) -> int:
        """Number of keys of any family."""
        with lmdb_errors(self.folder):
            count: int = environment(self.folder).stat()["entries"]
            return count

    def __len__(self) -> int:
        value = self.get(layout.COUNT_KEY)
        if value is None or not _COUNT.fullmatch(value):
            raise ShardError(f"{self.folder} has no num-samples: not an LMDB of text lines")
        return int(value)


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
