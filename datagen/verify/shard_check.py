"""What `ocrgen verify` finds in one shard, read back from the disk."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.errors import ShardError
from datagen.formats.lmdb import layout
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.lmdb.shards import LmdbFolder
from datagen.formats.tar.reader import RenderReader, shard_stem
from datagen.formats.tar.shard import TarShard, checksums
from datagen.images import is_whole, try_decode
from datagen.sample import Samples
from datagen.split import Split
from datagen.time_steps import TIME_STEPS, scaled_widths, steps_needed
from ocrbase.errors import listed

IntArray = NDArray[np.int64]
UintArray = NDArray[np.uint64]

# Kinds of errors; each is shown with a count and its first offenders.
SHARD, COUNT, CHECKSUM, IMAGE = "shard", "count", "checksum", "image"
SIZE, LABEL, STEPS, KEY, LEAK = "size", "label", "time steps", "key", "sentence in both splits"

_BATCH = 1000
_QUICK = 200  # images looked at in a shard with --quick
_SHOWN = 5  # offenders kept of each kind in each shard
_FAMILIES = 4  # image, label, meta, wh


@dataclass
class ShardReport:
    """Findings in one shard.

    Attributes:
        name: of the shard.
        lines: samples that it holds.
        images: images that were decoded.
        errors: number of offenders of each kind.
        offenders: the first of each kind, with what is wrong.
        image_hashes: 64 bits of each image looked at.
        label_hashes: 64 bits of each label.
        sentences: hash of each sample's sentence.
        splits: Split.code of each sample.
        own_splits: code of the split that each sample brought along.
    """

    name: str
    lines: int = 0
    images: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    offenders: dict[str, list[str]] = field(default_factory=dict)
    image_hashes: list[int] = field(default_factory=list)
    label_hashes: list[int] = field(default_factory=list)
    sentences: UintArray = field(default_factory=lambda: np.zeros(0, np.uint64))
    splits: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    own_splits: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def blame(self, kind: str, where: str, what: str) -> None:
        """Count an offender, and keep it if it is among the first of its kind."""
        self.errors[kind] = self.errors.get(kind, 0) + 1
        kept = self.offenders.setdefault(kind, [])
        if len(kept) < _SHOWN:
            kept.append(f"{where}: {what}")


@dataclass(frozen=True)
class ShardCheck:
    """Checks one shard of a dataset; small enough to send to any worker."""

    reader: RenderReader | LmdbReader
    quick: bool

    def __call__(self, shard: int) -> ShardReport:
        reader = self.reader
        if isinstance(reader, LmdbReader):
            report = ShardReport(str(reader.folder / reader.shards[shard]["path"]))
        else:
            stem = shard_stem(reader.folder, reader.numbers[shard])
            report = ShardReport(str(stem.with_name(f"{stem.name}.tar")))
        try:
            if isinstance(reader, LmdbReader):
                _check_lmdb(reader, shard, self.quick, report)
            else:
                _check_tar(reader, shard, self.quick, report)
        except (ShardError, UnicodeDecodeError) as error:
            report.blame(SHARD, report.name, str(error))
        return report


def _check_tar(reader: RenderReader, shard: int, quick: bool, report: ShardReport) -> None:
    tar = TarShard(shard_stem(reader.folder, reader.numbers[shard]))
    labels, meta = tar.sidecar.labels, tar.sidecar.labels.meta
    report.lines = len(tar)
    report.sentences, report.own_splits = meta["sentence"].copy(), meta["side"].copy()
    report.splits = np.zeros(len(tar), np.uint8)
    if len(np.unique(meta["index"])) != len(tar):
        report.blame(KEY, report.name, "an index stands twice")
    looked_at = _looked_at(len(tar), quick)
    for rows in _batches(len(tar)):
        names = [f"{report.name} {index:09d}" for index in meta["index"][rows].tolist()]
        texts = [labels.texts[i] for i in rows]
        _check_labels(texts, meta[rows], names, reader.info.alphabet, report)
    for rows in _batches(looked_at):
        samples = tar.read(rows)
        names = [f"{report.name} {index:09d}" for index in samples.meta["index"].tolist()]
        _check_images(samples, tar.sidecar.crc32[rows], names, report)
        for name, text, found in zip(names, samples.texts, tar.member_texts(rows), strict=True):
            if text != found:
                report.blame(LABEL, name, f"the tar says {found!r}, the sidecar {text!r}")


def _check_lmdb(reader: LmdbReader, shard: int, quick: bool, report: ShardReport) -> None:
    entry = reader.shards[shard]
    folder, count = LmdbFolder(reader.folder / entry["path"]), int(entry["samples"])
    report.lines = count
    if len(folder) != count:
        report.blame(COUNT, report.name, f"num-samples {len(folder)}, the manifest says {count}")
    if folder.entries() != _FAMILIES * count + 1:
        expected = _FAMILIES * count + 1
        report.blame(KEY, report.name, f"{folder.entries()} keys instead of {expected}")
    metas, crcs = [], []
    for rows in _batches(count):
        texts = [value.decode("utf-8") for value in folder.values("label", rows)]
        meta, crc32, _ = layout.decode_meta(folder.values("meta", rows), 0)
        names = [f"{report.name} label-{row + 1:09d}" for row in rows.tolist()]
        _check_labels(texts, meta, names, reader.info.alphabet, report)
        for name, wh, one in zip(names, folder.values("wh", rows), meta, strict=True):
            if wh != b"%d_%d" % (one["width"], one["height"]):
                size = f"{one['width']}_{one['height']}"
                report.blame(SIZE, name, f"wh says {wh.decode()}, meta {size}")
        metas.append(meta)
        crcs.append(crc32)
    whole = np.concatenate(metas)
    report.sentences, report.own_splits = whole["sentence"].copy(), whole["side"].copy()
    report.splits = np.full(count, Split(entry["path"].split("/")[0]).code, np.uint8)
    stored = np.concatenate(crcs).astype("<u4")
    if hashlib.sha256(stored.tobytes()).hexdigest() != entry["checksum"]:
        report.blame(CHECKSUM, report.name, "the entries are not those of the manifest")
    for rows in _batches(_looked_at(count, quick)):
        texts = [value.decode("utf-8") for value in folder.values("label", rows)]
        images = folder.values("image", rows)
        samples = Samples(images, texts, whole[rows], np.zeros((len(rows), 0), np.float32))
        names = [f"{report.name} image-{row + 1:09d}" for row in rows.tolist()]
        _check_images(samples, stored[rows], names, report)


def _check_labels(
    texts: list[str],
    meta: NDArray[np.void],
    names: list[str],
    alphabet: Alphabet,
    report: ShardReport,
) -> None:
    """Labels must be inside the alphabet and fit into the time steps of every network."""
    report.label_hashes += [_hash(text.encode("utf-8")) for text in texts]
    ids = alphabet.class_ids("".join(texts))
    outside = bool(len(ids)) and int(ids.max()) >= len(alphabet)
    for name, text in zip(names, texts, strict=True):
        if not text:
            report.blame(LABEL, name, "empty")
        elif outside and (characters := alphabet.outside(text)):
            report.blame(LABEL, name, f"{text!r} holds {listed([repr(c) for c in characters])}")
    needed = steps_needed(texts)
    widths = scaled_widths(meta["height"].astype(np.int64), meta["width"].astype(np.int64))
    for network, steps in TIME_STEPS.items():
        for row in np.flatnonzero(needed > steps(widths)).tolist():
            report.blame(
                STEPS,
                names[row],
                f"{texts[row]!r} needs {needed[row]} time steps, {network} gives"
                f" {steps(widths[row])} at {widths[row]} px",
            )


def _check_images(
    samples: Samples, crc32: NDArray[np.uint32], names: list[str], report: ShardReport
) -> None:
    """Images must have their checksum, decode, be whole and have the size that is recorded."""
    found = checksums(samples.images, [text.encode("utf-8") for text in samples.texts])
    report.images += len(samples)
    report.image_hashes += [_hash(image) for image in samples.images]
    for row, image in enumerate(samples.images):
        name = names[row]
        if found[row] != crc32[row]:
            report.blame(CHECKSUM, name, f"{found[row]:08x} instead of {crc32[row]:08x}")
        pixels = try_decode(image)
        if pixels is None or not is_whole(image):
            report.blame(IMAGE, name, f"{len(image)} bytes that are cut short or no image")
            continue
        recorded = (int(samples.meta["height"][row]), int(samples.meta["width"][row]))
        if pixels.shape != recorded:
            size = f"{pixels.shape[1]}x{pixels.shape[0]}"
            report.blame(SIZE, name, f"{size}, recorded as {recorded[1]}x{recorded[0]}")


def _looked_at(count: int, quick: bool) -> IntArray:
    """Positions whose images are decoded: all, or some spread over the shard."""
    if not quick or count <= _QUICK:
        return np.arange(count)
    return np.linspace(0, count - 1, _QUICK).astype(np.int64)


def _batches(rows: int | IntArray) -> Iterator[IntArray]:
    every = np.arange(rows) if isinstance(rows, int) else rows
    for start in range(0, len(every), _BATCH):
        yield every[start : start + _BATCH]


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
