"""What a pack says of its result: the manifest, and warnings."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from datagen.formats.lmdb.reader import SIDES
from datagen.formats.manifest import LMDB, VERSION, cpu_name, library_versions
from datagen.pack.inputs import PackInputs
from datagen.pack.pack_settings import FEW_GROUPS, PackSettings
from datagen.split import SplitRule


def packed_manifest(
    settings: PackSettings,
    inputs: PackInputs,
    rule: SplitRule,
    tasks: list[tuple[str, int, int, int]],
    reports: list[dict[str, Any]],
    command: str,
) -> dict[str, Any]:
    """The manifest of packed data, from the reports of its shards in the order of the tasks."""
    counts = dict.fromkeys(SIDES, 0)
    histograms = {side: np.zeros(len(inputs.alphabet), np.int64) for side in SIDES}
    sizes: dict[str, dict[str, int]] = {side: {} for side in SIDES}
    for (side, *_), report in zip(tasks, reports, strict=True):
        counts[side] += report["samples"]
        for class_id, count in report["classes"].items():
            histograms[side][int(class_id)] += count
        for frame, count in report["sizes"].items():
            sizes[side][frame] = sizes[side].get(frame, 0) + count
    kept = ("path", "samples", "bytes", "checksum", "sizes", "most_steps")
    return {
        "format": LMDB,
        "version": VERSION,
        "command": command,
        "samples": counts,
        "split": rule.to_json(),
        **inputs.merged_manifest(),
        "settings": {"shard_size": settings.shard_size, "alphabet": settings.alphabet},
        "sizes": sizes,
        "shards": [{name: report[name] for name in kept} for report in reports],
        "class_histogram": {side: histogram.tolist() for side, histogram in histograms.items()},
        "libraries": library_versions(),
        "cpu": cpu_name(),
    }


def warnings_of(rule: SplitRule, samples: dict[str, int], groups: int, total: int) -> Iterator[str]:
    """What the user should know of a split."""
    if rule.ratio < 1 and groups < FEW_GROUPS:
        yield (
            f"validation holds {groups} groups ({samples['val']} lines): under {FEW_GROUPS} its"
            f" figures say little; render more text, or leave more to validation with --split"
        )
    if not samples["train"]:
        yield "no line is left for training"
    share = samples["train"] / total
    if rule.by in ("sentence", "sample") and abs(share - rule.ratio) > 0.02:
        yield (
            f"{share:.3f} of the lines are for training, {rule.ratio:g} were asked for: few groups,"
            " rare classes that stay in training, or samples with a split of their own; --resplit"
            " chooses a new threshold for the data of this pack"
        )
