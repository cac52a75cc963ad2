"""LMDB of the shared layout, one-based or zero-based, and WebDataset tars."""

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from datagen.alphabet import Alphabet
from datagen.errors import ExchangeError, ShardError
from datagen.formats.foreign.image_files import IMAGE_SUFFIXES
from datagen.formats.foreign.rows import BadRow, Row, Source, list_name
from datagen.formats.lmdb import layout
from datagen.formats.lmdb.handles import release
from datagen.formats.lmdb.shards import LmdbFolder, LmdbShardWriter
from datagen.formats.tar.shard import TarShardWriter
from datagen.sample import Samples
from datagen.split import Split
from ocrbase.errors import listed
from ocrbase.inputs import open_regular

_SHARD = 10_000  # samples of a written shard
_LABELS = (".txt", ".gt.txt", ".label", ".text", ".transcript")
_MAX_MEMBER = 64 << 20  # bytes of a tar's member; no image of a line comes near it


class LayoutLmdb:
    """LMDB folders as deep-text-recognition-benchmark, parseq, OpenOCR, PaddleOCR read them."""

    name = "lmdb"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All samples of each folder with a data.mdb at or below the source."""
        if not source.path.is_dir():
            raise ExchangeError(f"{source.path} is no folder; name the one that holds data.mdb")
        for file in source.files("**/data.mdb"):
            try:
                yield from _lmdb_rows(file.parent, source.split_of(file.parent), source)
            except ShardError as error:
                raise ExchangeError(str(error)) from error
            finally:
                release(file.parent)

    def write(
        self, folder: Path, split: Split, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SPLIT/shard_00000 and so on."""
        for number, samples in enumerate(_cut(batches, _SHARD)):
            sizes = np.array([len(image) for image in samples.images], np.int64)
            characters = sum(map(len, samples.texts))
            target = folder / list_name(split) / f"shard_{number:05d}"
            size = layout.map_size(sizes, 4 * characters, characters)
            with LmdbShardWriter(target, size) as writer:
                writer.write(samples)


class WebDatasetTar:
    """Tars of KEY.jpg and KEY.txt, the members of a sample one after the other."""

    name = "webdataset"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        """All samples of one tar, or of each below a folder."""
        for path in source.files("**/*.tar"):
            split = source.split_of(path)
            for key, parts in _tar_samples(path):
                source.rows += 1
                yield _sample(f"{path}: {key}", parts, split)

    def write(
        self, folder: Path, split: Split, batches: Iterable[Samples], alphabet: Alphabet
    ) -> None:
        """Write SPLIT-00000.tar and so on; keys count through all samples of the split."""
        first = 0
        for number, samples in enumerate(_cut(batches, _SHARD)):
            meta = samples.meta.copy()
            meta["index"] = np.arange(first, first + len(samples))
            first += len(samples)
            stem = folder / f"{list_name(split)}-{number:05d}"
            with TarShardWriter(stem) as writer:
                writer.write(replace(samples, meta=meta))
            stem.with_name(f"{stem.name}.npz").unlink()


def _lmdb_rows(folder: Path, split: Split, source: Source) -> Iterator[Row | BadRow]:
    shard = LmdbFolder(folder)
    count, entries = len(shard), shard.entries()
    if count > entries:
        raise ExchangeError(f"{folder} says {count:,} samples and holds {entries:,} entries")
    first = _first_key(shard, count, source)
    for number in range(first, first + count):
        source.rows += 1
        where = f"{folder}: image-{number:09d}"
        image = shard.get(b"image-%09d" % number)
        label = shard.get(b"label-%09d" % number)
        if image is None or label is None:
            yield BadRow(where, f"no entry {'image' if image is None else 'label'}-{number:09d}")
        else:
            yield _decoded(where, image, label, split)


def _first_key(shard: LmdbFolder, count: int, source: Source) -> int:
    """1, or 0 where keys are zero-based; the latter is noted, as is what no count reaches."""
    zero = shard.get(b"image-%09d" % 0) is not None
    if zero and shard.get(b"image-%09d" % count) is None:
        source.notes.append(
            f"{shard.folder} has zero-based keys; other readers miss its first sample"
            " (image-000000000), this one takes all"
        )
        return 0
    if zero:
        source.notes.append(f"{shard.folder} has an entry image-000000000 beyond its count: unused")
    if shard.get(b"image-%09d" % (count + 1)) is not None:
        source.notes.append(f"{shard.folder} has images beyond its count of {count:,}: unused")
    return 1


def _tar_samples(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The key of each sample with its members by suffix; those of no use come without bytes.

    A sample ends where the next key begins, or a suffix comes again.
    """
    key, parts = "", dict[str, bytes]()
    for name, data in _tar_members(path):
        parent, _, file_name = name.rpartition("/")
        stem, dot, rest = file_name.partition(".")
        this, suffix = f"{parent}/{stem}" if parent else stem, f"{dot}{rest}".lower()
        if parts and (this != key or suffix in parts):
            yield key, parts
            parts = {}
        key = this
        parts[suffix] = data if suffix in (*IMAGE_SUFFIXES, *_LABELS) else b""
    if parts:
        yield key, parts


def _tar_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files in a tar, which must not be compressed.

    Raises:
        ExchangeError: if it is damaged, or a member is larger than any line image.
    """
    try:
        with (
            open_regular(path, error=ExchangeError) as file,
            tarfile.open(fileobj=file, mode="r:") as archive,
        ):
            for member in archive:
                if not member.isfile():
                    continue
                if member.size > _MAX_MEMBER:
                    raise ExchangeError(
                        f"{path}: {member.name} has {member.size:,} bytes; a member may have"
                        f" {_MAX_MEMBER:,}"
                    )
                content = archive.extractfile(member)
                yield member.name, content.read() if content is not None else b""
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError) as error:
        raise ExchangeError(f"{path} is damaged, compressed or no tar: {error}") from error


def _sample(where: str, parts: dict[str, bytes], split: Split) -> Row | BadRow:
    image = next((parts[suffix] for suffix in IMAGE_SUFFIXES if suffix in parts), None)
    label = next((parts[suffix] for suffix in _LABELS if suffix in parts), None)
    if image is None or label is None:
        missing = "image" if image is None else "label"
        return BadRow(where, f"no {missing} among {listed(list(parts))}")
    return _decoded(where, image, label, split)


def _decoded(where: str, image: bytes, label: bytes, split: Split) -> Row | BadRow:
    try:
        return Row(where, image, label.decode("utf-8").rstrip("\r\n"), split)
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
