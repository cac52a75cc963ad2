"""LMDB of the shared layout, one-based or zero-based, and WebDataset tars."""

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError, ShardError
from datagen.formats.foreign.rows import (
    IMAGE_SUFFIXES,
    BadRow,
    Row,
    Source,
    files_below,
    list_name,
    side_of,
)
from datagen.formats.lmdb import layout
from datagen.formats.lmdb.handles import release
from datagen.formats.lmdb.shards import LmdbFolder, LmdbShardWriter
from datagen.formats.tar.shard import TarShardWriter
from datagen.sample import Samples

_SHARD = 10_000  # samples of a written shard
_LABELS = (".txt", ".gt.txt", ".label", ".text", ".transcript")


class LayoutLmdb:
    """LMDB folders as deep-text-recognition-benchmark, parseq, OpenOCR, PaddleOCR read them."""

    name = "lmdb"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All samples of each folder with a data.mdb at or below the source."""
        files = sorted(source.path.rglob("data.mdb"))
        if not files:
            raise ExchangeError(f"{source.path} holds no data.mdb")
        for file in files:
            below = file.parent.relative_to(source.path)
            side = side_of(below) or side_of(Path(source.path.name))
            yield from _lmdb_rows(file.parent, side, source)
            release(file.parent)

    def write(
        self, folder: Path, side: str, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SIDE/shard_00000 and so on."""
        for number, samples in enumerate(_cut(batches, _SHARD)):
            sizes = np.array([len(image) for image in samples.images], np.int64)
            characters = sum(map(len, samples.texts))
            target = folder / list_name(side) / f"shard_{number:05d}"
            size = layout.map_size(sizes, 4 * characters, characters)
            with LmdbShardWriter(target, size) as writer:
                writer.write(samples)


class WebDatasetTar:
    """Tars of KEY.jpg and KEY.txt, the members of a sample one after the other."""

    name = "webdataset"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All samples of one tar, or of each below a folder."""
        for path, side in files_below(source, "*.tar"):
            try:
                yield from _tar_rows(path, side)
            except (tarfile.TarError, OSError, EOFError) as error:
                raise ExchangeError(f"{path} is damaged or no tar: {error}") from error

    def write(
        self, folder: Path, side: str, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SIDE-00000.tar and so on; keys count through all samples of the side."""
        first = 0
        for number, samples in enumerate(_cut(batches, _SHARD)):
            meta = samples.meta.copy()
            meta["index"] = np.arange(first, first + len(samples))
            first += len(samples)
            stem = folder / f"{list_name(side)}-{number:05d}"
            with TarShardWriter(stem) as writer:
                writer.write(replace(samples, meta=meta))
            stem.with_name(f"{stem.name}.npz").unlink()


def _lmdb_rows(folder: Path, side: int, source: Source) -> Iterator[Row | BadRow]:
    shard = LmdbFolder(folder)
    try:
        count = len(shard)
    except ShardError as error:
        raise ExchangeError(str(error)) from error
    first = _first_key(shard, count, source)
    for number in range(first, first + count):
        where = f"{folder}: image-{number:09d}"
        image = shard.get(b"image-%09d" % number)
        label = shard.get(b"label-%09d" % number)
        if image is None or label is None:
            yield BadRow(where, "the image is missing" if image is None else "the label is missing")
            continue
        try:
            yield Row(where, image, label.decode("utf-8"), side)
        except UnicodeDecodeError:
            yield BadRow(where, "the label is not UTF-8 text")


def _first_key(shard: LmdbFolder, count: int, source: Source) -> int:
    """1, or 0 where keys are zero-based; the latter is told."""
    zero = shard.get(b"image-%09d" % 0) is not None
    if zero and shard.get(b"image-%09d" % count) is None:
        source.notes.append(
            f"{shard.folder} has zero-based keys; other readers miss its first sample"
            " (image-000000000), this one takes all"
        )
        return 0
    if zero:
        source.notes.append(f"{shard.folder} has an entry image-000000000 beyond its count: unused")
    return 1


def _tar_rows(path: Path, side: int) -> Iterator[Row | BadRow]:
    """Pair members by key; a sample is told when the next key begins."""
    key, parts = "", dict[str, bytes]()
    with tarfile.open(path) as archive:
        for member in archive:
            if not member.isfile():
                continue
            parent, _, name = member.name.rpartition("/")
            stem, dot, rest = name.partition(".")
            this = f"{parent}/{stem}" if parent else stem
            if parts and this != key:
                yield _sample(f"{path}: {key}", parts, side)
                parts = {}
            key = this
            file = archive.extractfile(member)
            parts[f"{dot}{rest}".lower()] = file.read() if file is not None else b""
    if parts:
        yield _sample(f"{path}: {key}", parts, side)


def _sample(where: str, parts: dict[str, bytes], side: int) -> Row | BadRow:
    image = next((parts[s] for s in (*IMAGE_SUFFIXES, ".img") if s in parts), None)
    label = next((parts[s] for s in _LABELS if s in parts), None)
    if image is None or label is None:
        missing = "image" if image is None else "label"
        return BadRow(where, f"no {missing} among {', '.join(parts)}")
    try:
        return Row(where, image, label.decode("utf-8").rstrip("\r\n"), side)
    except UnicodeDecodeError:
        return BadRow(where, "the label is not UTF-8 text")


def _cut(batches: Iterable[Samples], size: int) -> Iterator[Samples]:
    """Cut and join batches to a size, the last perhaps shorter."""
    held: list[Samples] = []
    for samples in batches:
        held.append(samples)
        while sum(map(len, held)) >= size:
            joined = Samples.concatenate(held)
            yield joined.take(range(size))
            held = [joined.take(range(size, len(joined)))]
    if sum(map(len, held)):
        yield Samples.concatenate(held)
