"""What a pack says of its result: the manifest, and warnings."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from datagen.formats.manifest import (
    VERSION,
    PackedManifest,
    StoredAlphabet,
    cpu_name,
    library_versions,
)
from datagen.pack.inputs import PackInputs
from datagen.pack.pack_settings import FEW_GROUPS, PackSettings
from datagen.pack.tally import WrittenShard
from datagen.split import PACKED, Split, SplitRule


def packed_manifest(
    settings: PackSettings,
    inputs: PackInputs,
    rule: SplitRule,
    written: Sequence[WrittenShard],
    command: str,
) -> PackedManifest:
    """The manifest of packed data, from its shards in order."""
    samples = dict.fromkeys(PACKED, 0)
    histograms = {split: np.zeros(len(inputs.alphabet), np.int64) for split in PACKED}
    sizes: dict[Split, dict[str, int]] = {split: {} for split in PACKED}
    for shard in written:
        split = shard.entry.split
        samples[split] += shard.entry.samples
        for class_id, count in shard.classes.items():
            histograms[split][class_id] += count
        for frame, count in shard.entry.sizes.items():
            sizes[split][frame] = sizes[split].get(frame, 0) + count
    return PackedManifest(
        version=VERSION,
        command=command,
        samples=samples,
        split=rule.stored(),
        alphabet=StoredAlphabet.of(inputs.alphabet),
        corpora=list(inputs.corpora),
        faces=list(inputs.faces),
        sources=inputs.sources(),
        face_licences=inputs.face_licences(),
        inputs=inputs.described(),
        settings={"shard_size": settings.shard_size, "alphabet": settings.alphabet},
        sizes=sizes,
        shards=[shard.entry for shard in written],
        class_histogram={split: counts.tolist() for split, counts in histograms.items()},
        libraries=library_versions(),
        cpu=cpu_name(),
    )


def warnings_of(
    rule: SplitRule, samples: Mapping[Split, int], groups: int, total: int
) -> Iterator[str]:
    """What the user should know of a split."""
    if rule.ratio < 1 and groups < FEW_GROUPS:
        yield (
            f"validation holds {groups:,} groups ({samples[Split.VAL]:,} lines): with fewer than"
            f" {FEW_GROUPS} the metrics are unreliable; render more text, or leave more to"
            " validation with --split"
        )
    if not samples[Split.TRAIN]:
        yield "no line is left for training"
    share = samples[Split.TRAIN] / total
    if rule.by in ("sentence", "sample") and abs(share - rule.ratio) > 0.02:
        yield (
            f"{share:.3f} of the lines are for training, {rule.ratio:g} were asked for: few groups,"
            " rare classes that stay in training, or samples with a split of their own; --resplit"
            " chooses a new threshold for the data of this pack"
        )
