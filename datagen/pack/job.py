"""The job behind `ocrgen pack`: datasets → split → LMDB shards, in parallel, built aside."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.cluster import connected
from datagen.errors import ShardError
from datagen.formats.building import BuildFolder, built_bytes, check_free_space
from datagen.formats.card import write_card
from datagen.formats.lmdb.reader import LmdbReader, split_rule
from datagen.formats.manifest import write_manifest
from datagen.pack.destination import Destination, destination_of
from datagen.pack.inputs import PackInputs, open_inputs
from datagen.pack.pack_settings import DEFAULT_SEED, DEFAULT_SPLIT, PackSettings
from datagen.pack.shard_task import SPLITS_FILE, PackTask, Task
from datagen.pack.split_assignment import decide
from datagen.pack.summary import packed_manifest, warnings_of
from datagen.pack.tally import WrittenShard
from datagen.shards import run_shards
from datagen.split import PACKED, Split, SplitRule
from ocrbase.errors import SettingsError, listed
from ocrbase.locks import owned
from ocrbase.publishing import disk_errors
from ocrbase.store_copies import Fetch, local_folder

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class PackSummary:
    """What a call of `pack` did.

    Attributes:
        out: the packed data, a path or a URL.
        samples: of each split.
        groups: of validation.
        shards: of both splits.
        kept: shards that a killed call had finished.
        size_bytes: of all files.
        seconds: that it took.
        rule: the split.
        warnings: what the user should know.
    """

    out: Path | str
    samples: dict[Split, int]
    groups: int
    shards: int
    kept: int
    size_bytes: int
    seconds: float
    rule: SplitRule
    warnings: tuple[str, ...]


def pack(
    settings: PackSettings,
    *,
    command: str = "",
    fetch: Fetch = local_folder,
    progress: Callable[[int, int], None] = lambda done, total: None,
    sending: Callable[[int, int], None] = lambda done, total: None,
) -> PackSummary:
    """Split datasets and write them as LMDB shards with manifest and card.

    Args:
        settings: of the pack.
        command: for the manifest.
        fetch: copies what a URL among the inputs names, and an earlier pack behind that of `out`.
        progress: called with (lines done, lines to do) as shards are finished.
        sending: called with (bytes sent, bytes to send) where `out` is a URL, after that.

    Raises:
        ShardError: if inputs are damaged, or `out` may not be replaced.
        LockError: if another process is writing `out`.
        DiskError: if the disk is full.
        AlphabetError: if alphabets differ or labels are outside the target.
        SettingsError: if the split contradicts that of the first pack.
        WorkerError: if a worker dies; finished shards are kept.
        StoreError: if a store cannot be reached or refuses.
    """
    place = destination_of(settings.out, fetch)
    with owned(place.folder):
        return _pack(settings, place, command, fetch, progress, sending)


def _pack(
    settings: PackSettings,
    place: Destination,
    command: str,
    fetch: Fetch,
    progress: Callable[[int, int], None],
    sending: Callable[[int, int], None],
) -> PackSummary:
    started, building = time.monotonic(), place.building
    place.check(settings.overwrite)
    inputs = open_inputs(
        settings.inputs, alphabet=settings.alphabet, partial=settings.partial, fetch=fetch
    )
    _check_apart(inputs, place)
    earlier = None if settings.resplit else place.earlier()
    rule, splits, groups = _splits(settings, inputs, earlier)
    tasks = _tasks(settings, splits)
    plan = _plan(inputs, splits, tasks)
    kept = building.begin(plan)
    needed = sum(item.reader.packed_bytes() for item in inputs.items)
    check_free_space(place.folder, int(needed * 1.02) - built_bytes(building.path))
    with disk_errors(building.path):
        np.save(building.path / SPLITS_FILE, splits)
    written = list(_run(settings, inputs, building, tasks, plan, progress))
    (building.path / SPLITS_FILE).unlink()
    manifest = packed_manifest(settings, inputs, rule, written, command)
    write_manifest(building.path, manifest)
    write_card(building.path, manifest, place.name)
    place.finish(sending)
    warnings = [*inputs.twins(), *warnings_of(rule, manifest.samples, groups, len(inputs))]
    return PackSummary(
        out=place.out,
        samples=manifest.samples,
        groups=groups,
        shards=len(tasks),
        kept=kept,
        size_bytes=sum(shard.entry.bytes for shard in written),
        seconds=time.monotonic() - started,
        rule=rule,
        warnings=tuple(warnings),
    )


def _run(
    settings: PackSettings,
    inputs: PackInputs,
    building: BuildFolder,
    tasks: list[Task],
    plan: str,
    progress: Callable[[int, int], None],
) -> Iterator[WrittenShard]:
    """Write all shards; yields what they hold in the order of the tasks."""
    task = PackTask(inputs, building.out.absolute(), tuple(tasks), plan)
    written: dict[int, WrittenShard] = {}
    done, total = 0, sum(last - first for _, _, first, last in tasks)
    progress(0, total)
    for number, shard in _written(settings, task, len(tasks)):
        written[number] = shard
        done += shard.entry.samples
        progress(done, total)
    yield from (written[number] for number in range(len(tasks)))


def _written(
    settings: PackSettings, task: PackTask, count: int
) -> Iterator[tuple[int, WrittenShard]]:
    if settings.backend == "dask":
        with connected(settings.scheduler):
            yield from run_shards(task, range(count), backend="dask", jobs=-1)
        return
    jobs = min(settings.jobs or len(os.sched_getaffinity(0)), count)
    yield from run_shards(task, range(count), backend=settings.backend, jobs=jobs)


def _splits(
    settings: PackSettings, inputs: PackInputs, earlier: Path | None
) -> tuple[SplitRule, NDArray[np.uint8], int]:
    """The split, as the manifest of an earlier pack keeps it or chosen anew."""
    first = None if earlier is None else split_rule(earlier)
    rule = _rule(settings, first)
    val_list = None if settings.val_list is None else Path(settings.val_list)
    return decide(
        inputs,
        rule,
        keep_threshold=first is not None,
        settled=lambda: _settled(earlier),
        val_list=val_list,
    )


def _rule(settings: PackSettings, first: SplitRule | None) -> SplitRule:
    by = settings.split_by
    if by is None and (settings.val_faces or settings.val_list):
        by = "faces" if settings.val_faces else "list"
    if first is None:
        split = DEFAULT_SPLIT if settings.split is None else settings.split
        seed = DEFAULT_SEED if settings.seed is None else settings.seed
        return SplitRule(by or "sentence", split, seed, 0, val_faces=settings.val_faces)
    asked: dict[str, Any] = {"split by": by, "split": settings.split, "seed": settings.seed}
    asked["val faces"] = settings.val_faces or None
    held: dict[str, Any] = {"split by": first.by, "split": first.ratio, "seed": first.seed}
    held["val faces"] = first.val_faces
    other = [f"{k} {held[k]}, now {v}" for k, v in asked.items() if v not in (None, held[k])]
    if other:
        raise SettingsError(
            f"{settings.out} keeps the split of its first pack ({'; '.join(other)}): leave these"
            " options out, or add --resplit to choose anew"
        )
    return first


def _settled(earlier: Path | None) -> frozenset[int]:
    """Groups that an earlier pack has in validation and that the rule put there."""
    settled: set[int] = set()
    if earlier is None:
        return frozenset()
    try:
        for _, labels in LmdbReader(earlier, Split.VAL).tables():
            free = Split.UNDECIDED.mask(labels.meta["side"])
            settled |= set(labels.meta["sentence"][free].tolist())
    except ShardError:
        return frozenset()  # damaged data is about to be replaced; its threshold still holds
    return frozenset(settled)


def _tasks(settings: PackSettings, splits: NDArray[np.uint8]) -> list[Task]:
    size = settings.shard_size
    if settings.shards is not None:
        size = max(1, -(-int(Split.TRAIN.mask(splits).sum()) // settings.shards))
    tasks = []
    for split in PACKED:
        count = int(split.mask(splits).sum())
        for number, first in enumerate(range(0, count, size)):
            tasks.append((split, number, first, min(first + size, count)))
    return tasks


def _plan(inputs: PackInputs, splits: NDArray[np.uint8], tasks: list[Task]) -> str:
    """Fingerprint of what finished shards depend on: with another plan they are of no use."""
    digest = hashlib.sha256(inputs.fingerprint().encode())
    digest.update(splits.tobytes())
    digest.update(repr([(str(split), *numbers) for split, *numbers in tasks]).encode())
    return digest.hexdigest()


def _check_apart(inputs: PackInputs, place: Destination) -> None:
    paths, out = [item.path for item in inputs.items], place.folder.resolve()
    inside = [str(path) for path in paths if path.resolve().is_relative_to(out)]
    if inside:
        raise ShardError(f"{listed(inside)} would be replaced while it is read: use another --out")
