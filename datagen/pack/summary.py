"""What a pack says of its result: the manifest, and warnings."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.formats.manifest import LMDB, VERSION, cpu_name, library_versions
from datagen.pack.inputs import PackInputs
from datagen.pack.pack_settings import FEW_GROUPS, PackSettings
from datagen.split import PACKED, Split, SplitRule

IntArray = NDArray[np.int64]


def packed_manifest(
    settings: PackSettings,
    inputs: PackInputs,
    rule: SplitRule,
    tasks: Sequence[tuple[Split, int, int, int]],
    reports: list[dict[str, Any]],
    command: str,
) -> dict[str, Any]:
    """The manifest of packed data, from the reports of its shards in the order of the tasks."""
    counts: dict[str, int] = dict.fromkeys(PACKED, 0)
    histograms: dict[str, IntArray] = {
        split: np.zeros(len(inputs.alphabet), np.int64) for split in PACKED
    }
    sizes: dict[str, dict[str, int]] = {split: {} for split in PACKED}
    for (split, *_), report in zip(tasks, reports, strict=True):
        counts[split] += report["samples"]
        for class_id, count in report["classes"].items():
            histograms[split][int(class_id)] += count
        for frame, count in report["sizes"].items():
            sizes[split][frame] = sizes[split].get(frame, 0) + count
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
        "class_histogram": {split: histogram.tolist() for split, histogram in histograms.items()},
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
