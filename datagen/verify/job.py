"""The job behind `ocrgen verify`: read datasets back and say what is wrong with them."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from datagen.errors import ShardError
from datagen.formats.data_folders import named_datasets
from datagen.formats.dataset import open_dataset
from datagen.formats.manifest import PackedManifest
from datagen.formats.reader import DatasetReader, Problem
from datagen.shards import run_shards
from datagen.split import Split
from datagen.verify.shard_check import CheckedShard, ShardCheck
from ocrbase.store_copies import Fetch, local_folder

_SHOWN = 5  # offenders of each kind


@dataclass
class DatasetReport:
    """Findings in one dataset.

    Attributes:
        path: of the dataset.
        lines: samples that it holds.
        shards: of the dataset.
        images: images that were decoded.
        errors: number of offenders of each kind.
        offenders: the first of each kind, with what is wrong.
        duplicates: images that are the same bytes as an earlier one.
        shared_sentences: sentences in both splits whose samples the split divided; must be 0.
        shared_labels: label texts in both splits.
        seconds: that the check took.
    """

    path: str
    lines: int = 0
    shards: int = 0
    images: int = 0
    errors: dict[Problem, int] = field(default_factory=dict)
    offenders: dict[Problem, list[str]] = field(default_factory=dict)
    duplicates: int = 0
    shared_sentences: int = 0
    shared_labels: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"good": self.good}


def verify(
    paths: tuple[str, ...],
    *,
    quick: bool = False,
    jobs: int = 0,
    fetch: Fetch = local_folder,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[DatasetReport]:
    """Check every dataset of some paths.

    Args:
        paths: datasets, or folders that hold some; URLs too.
        quick: decode 200 images of each shard instead of all.
        jobs: worker processes; 0 takes one per core.
        fetch: copies what a URL names.
        progress: called with (shards done, shards to do) of each dataset.

    Raises:
        ShardError: if a path holds no dataset at all.
        WorkerError: if a worker dies.
    """
    found = named_datasets(paths, fetch)
    return [_verify(name, folder, quick, jobs, progress) for name, folder in found]


def _verify(
    name: str, folder: Path, quick: bool, jobs: int, progress: Callable[[int, int], None]
) -> DatasetReport:
    started, total = time.monotonic(), DatasetReport(name)
    try:
        reader = open_dataset(folder)
    except ShardError as error:
        total.errors[Problem.SHARD], total.offenders[Problem.SHARD] = 1, [str(error)]
        return total
    total.shards = len(reader.shards)
    workers = min(jobs or len(os.sched_getaffinity(0)), max(1, total.shards))
    reports: list[CheckedShard] = []
    progress(0, total.shards)
    for report in run_shards(ShardCheck(reader, quick), range(total.shards), jobs=workers):
        reports.append(report)
        progress(len(reports), total.shards)
    _merge(total, sorted(reports, key=lambda report: report.name), reader)
    total.seconds = time.monotonic() - started
    return total


def _merge(total: DatasetReport, reports: list[CheckedShard], reader: DatasetReader) -> None:
    for report in reports:
        total.lines += report.lines
        total.images += report.images
        for kind, count in report.errors.items():
            total.errors[kind] = total.errors.get(kind, 0) + count
        for kind, offenders in report.offenders.items():
            kept = total.offenders.setdefault(kind, [])
            kept += offenders[: _SHOWN - len(kept)]
    if not reports:
        return
    images = np.concatenate([np.array(r.image_hashes, np.uint64) for r in reports])
    total.duplicates = len(images) - len(np.unique(images))
    good = [r for r in reports if len(r.splits) == len(r.label_hashes)]
    if not good:
        return
    labels = np.concatenate([np.array(r.label_hashes, np.uint64) for r in good])
    splits = np.concatenate([r.splits for r in good])
    total.shared_labels = len(
        np.intersect1d(labels[Split.TRAIN.mask(splits)], labels[Split.VAL.mask(splits)])
    )
    free = Split.UNDECIDED.mask(np.concatenate([r.own_splits for r in good]))
    sentences = np.concatenate([r.sentences for r in good])
    shared = np.intersect1d(
        sentences[free & Split.TRAIN.mask(splits)], sentences[free & Split.VAL.mask(splits)]
    )
    total.shared_sentences = len(shared)
    if len(shared) and _by_sentence(reader):
        total.errors[Problem.LEAK] = len(shared)
        named = [f"sentence {value:016x}" for value in shared[:_SHOWN].tolist()]
        total.offenders[Problem.LEAK] = named


def _by_sentence(reader: DatasetReader) -> bool:
    """Whether the data was split so that no sentence may be in both splits."""
    manifest = reader.manifest
    return isinstance(manifest, PackedManifest) and manifest.split.by == "sentence"
