"""Split renders that are read without packing, exactly as `ocrgen pack` would split them."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.formats.tar.lines import RenderLines, ShardPart
from datagen.formats.tar.random_access import TarLines
from datagen.formats.tar.reader import RenderReader
from datagen.pack.inputs import PackInputs, join_inputs
from datagen.pack.split_assignment import decide
from datagen.pack.tally import ShardTally
from datagen.split import PACKED, Split, SplitRule

Codes = NDArray[np.uint8]


def split_renders(
    readers: Sequence[RenderReader],
    alphabet: Alphabet,
    wanted: SplitRule,
    kept: SplitRule | None = None,
) -> tuple[SplitRule, int, list[dict[Split, RenderLines]]]:
    """Divide the lines of renders; no sentence is torn apart, within a render or between two.

    Reads all sidecars, whose checksums are compared; takes 3 s per million lines.

    Args:
        readers: of the renders.
        alphabet: that all labels belong to.
        wanted: how to split, but for the threshold, which is chosen.
        kept: by sentence, of data that was split before, to be obeyed in place of it.

    Returns:
        The rule, the sentences that validate, and both splits of each render.

    Raises:
        ShardError: if a sidecar is damaged.
        AlphabetError: if labels are outside of the alphabet.
    """
    found = [(reader.name, reader.folder) for reader in readers]
    inputs = join_inputs(found, readers, alphabet)
    if kept is None:
        rule, codes, groups = decide(inputs, wanted, keep_threshold=False)
    else:
        rule, (codes, groups) = kept, _obeying(inputs, kept)
    own = [codes[inputs.spans.span(number)] for number in range(len(readers))]
    return rule, groups, [_splits(reader, part) for reader, part in zip(readers, own, strict=True)]


def _obeying(inputs: PackInputs, rule: SplitRule) -> tuple[Codes, int]:
    """Codes of all lines by a rule, and the sentences that validate.

    Lines that bring a split of their own keep it.
    """
    codes, validating = np.zeros(len(inputs), np.uint8), [np.zeros(0, np.uint64)]
    for _, start, labels in inputs.tables():
        own = labels.meta["side"]
        by_rule = rule.assign(labels.meta["sentence"])
        side = np.where(Split.UNDECIDED.mask(own), by_rule, own)
        codes[start : start + len(labels)] = side
        validating.append(np.unique(labels.meta["sentence"][Split.VAL.mask(side)]))
    return codes, len(np.unique(np.concatenate(validating)))


def _splits(reader: RenderReader, codes: Codes) -> dict[Split, RenderLines]:
    """Both splits of a render, by the code of each line, (N,)."""
    parts: dict[Split, list[ShardPart]] = {split: [] for split in PACKED}
    counts = {split: np.zeros(len(reader.info.alphabet), np.int64) for split in PACKED}
    for shard_parts, shard_counts in _shards(reader, codes):
        for split in PACKED:
            parts[split].append(shard_parts[split])
            counts[split] += shard_counts[split]
    return {split: RenderLines(reader, split, parts[split], counts) for split in PACKED}


def _shards(
    reader: RenderReader, codes: Codes
) -> Iterator[tuple[dict[Split, ShardPart], dict[Split, NDArray[np.int64]]]]:
    """Of each shard its lines in each split, and how often each class occurs in them."""
    alphabet = reader.info.alphabet
    for number, start in enumerate(reader.shards.starts[:-1].tolist()):
        shard = reader.open_shard(number)
        lines = TarLines.locate(shard.tar.stem, int(shard.labels.meta["index"][0]))
        own = codes[start : start + len(shard.labels)]
        parts, counts = {}, {}
        for split in PACKED:
            rows = np.flatnonzero(split.mask(own))
            tally = ShardTally(alphabet)
            if len(rows):
                tally.add(shard.labels.take(rows))
            checksum = hashlib.sha256(shard.crc32[rows].astype("<u4").tobytes()).hexdigest()
            parts[split] = ShardPart(
                shard.tar.stem.name, rows.astype(np.int32), checksum, tally.sizes,
                tally.most_steps, lines,
            )  # fmt: skip
            counts[split] = tally.class_counts
        yield parts, counts
