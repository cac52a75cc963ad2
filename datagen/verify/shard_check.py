"""What `ocrgen verify` finds in one shard, read back from the disk."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.errors import ShardError
from datagen.formats.reader import DatasetReader, Problem
from datagen.formats.tar.shard import checksums
from datagen.images import is_whole, try_decode
from datagen.sample import Samples
from datagen.time_steps import TIME_STEPS, scaled_widths, steps_needed
from ocrbase.errors import listed

IntArray = NDArray[np.int64]
UintArray = NDArray[np.uint64]

_BATCH = 1000
_QUICK = 200  # images looked at in a shard with --quick
_SHOWN = 5  # offenders kept of each kind in each shard


@dataclass
class CheckedShard:
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
    errors: dict[Problem, int] = field(default_factory=dict)
    offenders: dict[Problem, list[str]] = field(default_factory=dict)
    image_hashes: list[int] = field(default_factory=list)
    label_hashes: list[int] = field(default_factory=list)
    sentences: UintArray = field(default_factory=lambda: np.zeros(0, np.uint64))
    splits: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    own_splits: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def blame(self, kind: Problem, where: str, what: str) -> None:
        """Count an offender, and keep it if it is among the first of its kind."""
        self.errors[kind] = self.errors.get(kind, 0) + 1
        kept = self.offenders.setdefault(kind, [])
        if len(kept) < _SHOWN:
            kept.append(f"{where}: {what}")


@dataclass(frozen=True)
class ShardCheck:
    """Checks one shard of a dataset; small enough to send to any worker."""

    reader: DatasetReader
    quick: bool

    def __call__(self, shard: int) -> CheckedShard:
        report = CheckedShard(str(self.reader.files()[shard]))
        try:
            _check(self.reader, shard, self.quick, report)
        except ShardError as error:
            report.blame(Problem.SHARD, report.name, str(error))
        return report


def _check(reader: DatasetReader, number: int, quick: bool, report: CheckedShard) -> None:
    shard = reader.open_shard(number)
    labels = shard.labels
    report.lines = len(labels)
    report.sentences = labels.meta["sentence"].copy()
    report.own_splits = labels.meta["side"].copy()
    report.splits = shard.splits.copy()
    looked_at = _looked_at(len(labels), quick)
    for finding in shard.findings(looked_at):
        report.blame(finding.kind, finding.where, finding.what)
    for rows in _batches(np.arange(len(labels))):
        texts = [labels.texts[row] for row in rows.tolist()]
        _check_labels(texts, labels.meta[rows], shard.names(rows), reader.info.alphabet, report)
    for rows in _batches(looked_at):
        _check_images(shard.read(rows), shard.crc32[rows], shard.names(rows), report)


def _check_labels(
    texts: list[str],
    meta: NDArray[np.void],
    names: list[str],
    alphabet: Alphabet,
    report: CheckedShard,
) -> None:
    """Labels must be inside the alphabet and fit into the time steps of every network."""
    report.label_hashes += [_hash(text.encode("utf-8")) for text in texts]
    ids = alphabet.class_ids("".join(texts))
    outside = bool(len(ids)) and int(ids.max()) >= len(alphabet)
    for name, text in zip(names, texts, strict=True):
        if not text:
            report.blame(Problem.LABEL, name, "empty")
        elif outside and (characters := alphabet.outside(text)):
            shown = listed([repr(c) for c in characters])
            report.blame(Problem.LABEL, name, f"{text!r} holds {shown}")
    needed = steps_needed(texts)
    widths = scaled_widths(meta["height"].astype(np.int64), meta["width"].astype(np.int64))
    for network, steps in TIME_STEPS.items():
        for row in np.flatnonzero(needed > steps(widths)).tolist():
            report.blame(
                Problem.STEPS,
                names[row],
                f"{texts[row]!r} needs {needed[row]} time steps, {network} gives"
                f" {steps(widths[row])} at {widths[row]} px",
            )


def _check_images(
    samples: Samples, crc32: NDArray[np.uint32], names: list[str], report: CheckedShard
) -> None:
    """Images must have their checksum, decode, be whole and have the size that is recorded."""
    actual = checksums(samples.images, [text.encode("utf-8") for text in samples.texts])
    report.images += len(samples)
    report.image_hashes += [_hash(image) for image in samples.images]
    for row, image in enumerate(samples.images):
        name = names[row]
        if actual[row] != crc32[row]:
            report.blame(Problem.CHECKSUM, name, f"{actual[row]:08x} instead of {crc32[row]:08x}")
        pixels = try_decode(image)
        if pixels is None or not is_whole(image):
            report.blame(Problem.IMAGE, name, f"{len(image)} bytes that are cut short or no image")
            continue
        recorded = (int(samples.meta["height"][row]), int(samples.meta["width"][row]))
        if pixels.shape != recorded:
            size = f"{pixels.shape[1]}x{pixels.shape[0]}"
            report.blame(Problem.SIZE, name, f"{size}, recorded as {recorded[1]}x{recorded[0]}")


def _looked_at(count: int, quick: bool) -> IntArray:
    """Positions whose images are decoded: all, or some spread over the shard."""
    if not quick or count <= _QUICK:
        return np.arange(count)
    return np.linspace(0, count - 1, _QUICK).astype(np.int64)


def _batches(rows: IntArray) -> Iterator[IntArray]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
