"""The job behind `ocrgen stats`: what a dataset holds."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.formats.data_folders import named_datasets
from datagen.formats.dataset import open_dataset
from datagen.formats.reader import DatasetReader
from datagen.formats.styles import styles_of
from datagen.images import try_decode
from datagen.sample import EFFECTS, UNKNOWN, LabelTable, Samples
from datagen.split import SPLITS
from ocrbase.store_copies import Fetch, local_folder

IntArray = NDArray[np.int64]

TAIL = (1, 50, 200, 1000)  # classes under these many occurrences are counted
CONTRAST_BINS = tuple(range(0, 257, 16))
_EXTREMES = 40  # rarest and most frequent classes that are named
_REPEATED = 10  # labels named that occur most often
_EXAMPLES = 24
_BATCH = 500


@dataclass
class Statistics:
    """What a dataset holds.

    Attributes:
        path: of the dataset.
        lines: samples.
        splits: samples by split.
        alphabet: the classes.
        class_counts: occurrences of each class, (C,).
        styles: that renders were given.
        corpora: samples by text source.
        faces: samples by face.
        sizes: samples by frame, "280x32".
        lengths: samples by characters of the label.
        inserted: samples with altered text.
        redrawn: samples that took more than one attempt.
        sentences: distinct sentences.
        most_of_a_sentence: lines cut from the most used sentence.
        repeated_labels: lines whose label an earlier line has.
        most_repeated: labels that occur most often, with their counts.
        looked_at: images that were decoded.
        unreadable: of these, images that cannot be decoded.
        same_images: of these, images that are the same bytes as an earlier one.
        contrast: gray levels between the 1st and the 99th percentile of each decoded image.
        effects: 5th, 50th and 95th percentile of each effect's strength, where known.
        examples: some samples.
    """

    path: str
    lines: int
    alphabet: Alphabet
    class_counts: IntArray
    splits: dict[str, int] = field(default_factory=dict)
    styles: list[str] = field(default_factory=list)
    corpora: dict[str, int] = field(default_factory=dict)
    faces: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    inserted: int = 0
    redrawn: int = 0
    sentences: int = 0
    most_of_a_sentence: int = 0
    repeated_labels: int = 0
    most_repeated: list[tuple[str, int]] = field(default_factory=list)
    looked_at: int = 0
    unreadable: int = 0
    same_images: int = 0
    contrast: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    effects: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    examples: Samples | None = None

    def tail(self) -> dict[int, int]:
        """Classes, but the blank, that occur less often than each bound."""
        counts = np.delete(self.class_counts, self.alphabet.blank)
        return {bound: int((counts < bound).sum()) for bound in TAIL}

    def extremes(self) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        """The rarest and the most frequent classes with their counts."""
        order = [
            i for i in np.argsort(self.class_counts, kind="stable") if self.alphabet.symbols[i]
        ]
        pairs = [(self.alphabet.symbols[i], int(self.class_counts[i])) for i in order]
        return pairs[:_EXTREMES], pairs[::-1][:_EXTREMES]

    def to_json(self) -> dict[str, Any]:
        """Plain values; classes by their characters, in class order, without the blank."""
        counts = zip(self.alphabet.symbols, self.class_counts.tolist(), strict=True)
        plain = [
            "path",
            "lines",
            "splits",
            "styles",
            "corpora",
            "faces",
            "sizes",
            "inserted",
            "redrawn",
        ]
        plain += ("sentences", "most_of_a_sentence", "repeated_labels", "most_repeated")
        plain += ("looked_at", "unreadable", "same_images", "effects")
        return {name: getattr(self, name) for name in plain} | {
            "lengths": {str(length): count for length, count in self.lengths.items()},
            "tail": {f"under {bound}": count for bound, count in self.tail().items()},
            "contrast": dict(zip(("p5", "p50", "p95"), percentiles(self.contrast), strict=True)),
            "class_counts": {symbol: count for symbol, count in counts if symbol},
        }


def stats(
    paths: tuple[str, ...],
    *,
    images: int = 2000,
    partial: bool = False,
    fetch: Fetch = local_folder,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Statistics]:
    """Count what the datasets of some paths hold.

    Args:
        paths: datasets, or folders that hold some; URLs too.
        images: images to decode of each, spread evenly; 0 decodes all.
        partial: take renders that have not finished.
        fetch: copies what a URL names.
        progress: called with (lines done, lines to do) of each dataset.

    Raises:
        ShardError: if a path holds no dataset, or a damaged one.
    """
    found = named_datasets(paths, fetch)
    return [_stats(name, folder, images, partial, progress) for name, folder in found]


def percentiles(values: NDArray[np.floating]) -> tuple[float, float, float]:
    """5th, 50th and 95th percentile, rounded; zeros where there is no value."""
    if not len(values):
        return (0.0, 0.0, 0.0)
    low, middle, high = np.percentile(values.astype(np.float64), (5, 50, 95)).round(3).tolist()
    return (low, middle, high)


def _stats(
    name: str, folder: Path, images: int, partial: bool, progress: Callable[[int, int], None]
) -> Statistics:
    reader = open_dataset(folder, partial=partial)
    alphabet = reader.info.alphabet
    statistics = Statistics(name, len(reader), alphabet, np.zeros(len(alphabet), np.int64))
    statistics.styles = styles_of(reader.manifest)
    labels = np.zeros(len(reader), np.uint64)
    sentences = np.zeros(len(reader), np.uint64)
    for start, samples in reader.tables():
        stop = start + len(samples)
        sentences[start:stop] = samples.meta["sentence"]
        labels[start:stop] = [_hash(text.encode("utf-8")) for text in samples.texts]
        _count_tables(statistics, samples, reader)
        progress(stop, len(reader))
    _count_repeats(statistics, labels, sentences, reader)
    _look(statistics, reader, images)
    for column in ("corpora", "faces", "sizes"):
        setattr(statistics, column, dict(Counter(getattr(statistics, column)).most_common()))
    statistics.lengths = dict(sorted(statistics.lengths.items()))
    for code, count in enumerate(np.bincount(reader.splits(), minlength=len(SPLITS)).tolist()):
        if count:
            statistics.splits[SPLITS[code]] = count
    return statistics


def _count_tables(statistics: Statistics, samples: LabelTable, reader: DatasetReader) -> None:
    meta, info = samples.meta, reader.info
    ids = statistics.alphabet.class_ids("".join(samples.texts))
    counts = np.bincount(ids[ids < len(statistics.alphabet)], minlength=len(statistics.alphabet))
    statistics.class_counts += counts
    _add(statistics.corpora, _names(meta["corpus"], info.corpora))
    _add(statistics.faces, _names(meta["face"], info.faces))
    frames = np.stack([meta["width"], meta["height"]], axis=1)
    pairs, numbers = np.unique(frames, axis=0, return_counts=True)
    _add(statistics.sizes, {f"{w}x{h}": int(n) for (w, h), n in zip(pairs, numbers, strict=True)})
    for length, count in Counter(map(len, samples.texts)).items():
        statistics.lengths[length] = statistics.lengths.get(length, 0) + count
    statistics.inserted += int((meta["inserted"] > 0).sum())
    statistics.redrawn += int((meta["attempt"] > 0).sum())


def _count_repeats(
    statistics: Statistics,
    labels: NDArray[np.uint64],
    sentences: NDArray[np.uint64],
    reader: DatasetReader,
) -> None:
    _, first, counts = np.unique(labels, return_index=True, return_counts=True)
    statistics.repeated_labels = len(labels) - len(counts)
    top = [i for i in np.argsort(-counts, kind="stable")[:_REPEATED] if counts[i] > 1]
    texts = reader.read(first[top]).texts
    statistics.most_repeated = [(text, int(counts[i])) for text, i in zip(texts, top, strict=True)]
    _, of_sentence = np.unique(sentences, return_counts=True)
    statistics.sentences, statistics.most_of_a_sentence = (
        len(of_sentence),
        int(of_sentence.max(initial=0)),
    )


def _look(statistics: Statistics, reader: DatasetReader, images: int) -> None:
    """Decode images spread evenly over the dataset."""
    count = min(images or len(reader), len(reader))
    rows = np.unique(np.linspace(0, len(reader) - 1, count).astype(np.int64))
    contrasts, effects, hashes = [], [], set()
    for start in range(0, len(rows), _BATCH):
        samples = reader.read(rows[start : start + _BATCH])
        effects.append(samples.meta["effects"])
        hashes |= {_hash(image) for image in samples.images}
        for image in samples.images:
            pixels = try_decode(image)
            if pixels is None:
                statistics.unreadable += 1
            else:
                low, high = np.percentile(pixels, (1, 99))
                contrasts.append(high - low)
    statistics.looked_at, statistics.same_images = len(rows), len(rows) - len(hashes)
    statistics.contrast = np.array(contrasts)
    strengths = np.concatenate(effects).astype(np.float64)  # (B, effects)
    for column, name in enumerate(EFFECTS):
        known = strengths[np.isfinite(strengths[:, column]), column]
        if len(known):
            statistics.effects[name] = percentiles(known)
    statistics.examples = reader.read(rows[:: max(1, len(rows) // _EXAMPLES)][:_EXAMPLES])


def _names(numbers: NDArray[Any], table: tuple[str, ...]) -> dict[str, int]:
    values, counts = np.unique(numbers, return_counts=True)
    found: dict[str, int] = {}
    for v, n in zip(values.tolist(), counts.tolist(), strict=True):  # two may have one name
        _add(found, {"not known" if v == UNKNOWN or v >= len(table) else table[v]: n})
    return found


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
