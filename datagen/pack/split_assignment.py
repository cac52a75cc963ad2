"""Decide the split of every sample of a pack, in passes over labels and meta without pixels."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import MAX_CLASSES, Alphabet
from datagen.draws import bits
from datagen.errors import ShardError
from datagen.pack.inputs import PackInput, PackInputs
from datagen.sample import LabelTable
from datagen.split import Choice, Groups, Split, SplitRule, choose, rank
from ocrbase.errors import SettingsError, listed
from ocrbase.inputs import read_text

UintArray = NDArray[np.uint64]
IntArray = NDArray[np.int64]

_NOWHERE = 2**64  # a threshold that leaves validation empty
_CANDIDATES = 2.5  # lines looked at first, relative to those wanted


@dataclass(frozen=True)
class Survey:
    """What the first pass finds of N samples over C classes.

    Attributes:
        hashes: of each sample's group, (N,).
        splits: code of each sample's own split, UNDECIDED where it brings none, (N,).
        class_totals: lines that hold each class, (C,).
        class_own_val: of these, lines in validation by their own split, (C,).
    """

    hashes: UintArray
    splits: NDArray[np.uint8]
    class_totals: IntArray
    class_own_val: IntArray


def decide(
    inputs: PackInputs,
    rule: SplitRule,
    *,
    keep_threshold: bool,
    settled: Callable[[], frozenset[int]] = frozenset,
    val_list: Path | None = None,
) -> tuple[SplitRule, NDArray[np.uint8], int]:
    """Splits of all samples.

    Args:
        inputs: what is packed.
        rule: how to split; its threshold counts only with `keep_threshold`.
        keep_threshold: obey the rule of an earlier pack instead of choosing a threshold.
        settled: gives hashes of groups that an earlier pack put into validation.
        val_list: file that names the samples of validation, for "list".

    Returns:
        The rule with its threshold, the code of each sample's split (N,), and validation's groups.
    """
    survey = _survey(inputs, rule.by)
    free = Split.UNDECIDED.mask(survey.splits)
    if rule.by in ("sentence", "sample"):
        rule = _with_threshold(inputs, survey, rule, keep_threshold, settled)
        chosen = rule.assign(survey.hashes)
    elif rule.by == "faces":
        rule = replace(rule, threshold=_NOWHERE)
        chosen = _by_faces(inputs, rule.val_faces)
    else:
        if val_list is None:
            raise SettingsError("split by list: name the samples of validation with --val-list")
        rule = replace(rule, threshold=_NOWHERE)
        chosen = _by_list(inputs, val_list)
    splits = np.where(free, chosen, survey.splits).astype(np.uint8)
    groups = len(np.unique(survey.hashes[Split.VAL.mask(splits)]))
    return rule, splits, groups


def distinct_classes(texts: list[str], alphabet: Alphabet) -> tuple[IntArray, IntArray]:
    """The pairs (line, class) of a batch of labels, each once: two arrays (P,)."""
    lengths = np.array([len(text) for text in texts], np.int64)
    rows = np.full((len(texts), int(lengths.max(initial=0))), MAX_CLASSES, np.uint16)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = alphabet.class_ids("".join(texts))
    rows.sort(axis=1)  # (B, L)
    once = rows < len(alphabet)
    once[:, 1:] &= rows[:, 1:] != rows[:, :-1]
    return np.nonzero(once)[0], rows[once].astype(np.int64)


def _survey(inputs: PackInputs, by: str) -> Survey:
    count, classes = len(inputs), len(inputs.alphabet)
    hashes, splits = np.zeros(count, np.uint64), np.zeros(count, np.uint8)
    totals, own_val = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    for item, start, labels in inputs.tables():
        stop = start + len(labels)
        splits[start:stop] = labels.meta["side"]
        hashes[start:stop] = _hashes(item, labels, by)
        lines, ids = distinct_classes(labels.texts, inputs.alphabet)
        totals += np.bincount(ids, minlength=classes)
        own_val += np.bincount(ids[Split.VAL.mask(labels.meta["side"][lines])], minlength=classes)
    return Survey(hashes, splits, totals, own_val)


def _hashes(item: PackInput, labels: LabelTable, by: str) -> UintArray:
    if by != "sample":
        sentences: UintArray = labels.meta["sentence"]
        return sentences
    indices = labels.meta["index"].astype(np.int64)
    return bits(0, f"sample/{item.path.name}", indices, 1)[:, 0]


def _with_threshold(
    inputs: PackInputs,
    survey: Survey,
    rule: SplitRule,
    keep_threshold: bool,
    settled: Callable[[], frozenset[int]],
) -> SplitRule:
    free = Split.UNDECIDED.mask(survey.splits)
    if rule.ratio >= 1 or (rule.by == "sample" and keep_threshold):
        return rule if keep_threshold else replace(rule, threshold=_NOWHERE)
    hashes, lines = np.unique(survey.hashes[free], return_counts=True)
    ranks = rank(hashes, rule.seed)
    order = np.argsort(ranks)[::-1]
    hashes, lines, ranks = hashes[order], lines[order], ranks[order]
    wanted = (1 - rule.ratio) * int(lines.sum())
    for last in _portions(ranks, lines, wanted, rule.threshold if keep_threshold else None):
        groups = _groups(inputs, hashes[:last], ranks[:last], lines[:last], rule.by)
        choice = choose(
            groups,
            wanted,
            survey.class_totals,
            survey.class_own_val,
            ratio=rule.ratio,
            threshold=rule.threshold if keep_threshold else None,
            settled=settled() if keep_threshold else frozenset(),
            kept=rule.kept_in_train if keep_threshold else frozenset(),
        )
        if choice.complete:
            break
    return _applied(rule, choice)


def _applied(rule: SplitRule, choice: Choice) -> SplitRule:
    return replace(rule, threshold=choice.threshold, kept_in_train=choice.kept_in_train)


def _portions(
    ranks: UintArray, lines: IntArray, wanted: float, threshold: int | None
) -> Iterator[int]:
    """How many groups to look at: first a few more than may be needed, at last all."""
    if threshold is not None:
        above = 0 if threshold >= _NOWHERE else int((ranks >= np.uint64(threshold)).sum())
        yield above
        return
    ends = np.cumsum(lines)
    share = _CANDIDATES
    while (last := int(np.searchsorted(ends, share * wanted + 1)) + 2) < len(lines):
        yield last
        share *= 4
    yield len(lines)


def _groups(
    inputs: PackInputs, hashes: UintArray, ranks: UintArray, lines: IntArray, by: str
) -> Groups:
    """The candidates with the classes that their lines hold; none for a split by sample."""
    classes = len(inputs.alphabet)
    parts = [np.zeros(0, np.int64)]
    if by == "sentence" and len(hashes):
        by_hash = np.argsort(hashes)
        ascending = hashes[by_hash]
        for _, _, labels in inputs.tables():
            sentences = labels.meta["sentence"]
            spot = np.minimum(np.searchsorted(ascending, sentences), len(hashes) - 1)
            rows = np.flatnonzero(
                (ascending[spot] == sentences) & Split.UNDECIDED.mask(labels.meta["side"])
            )
            line, ids = distinct_classes([labels.texts[i] for i in rows], inputs.alphabet)
            parts.append(by_hash[spot[rows]][line] * classes + ids)
    pairs, counts = np.unique(np.concatenate(parts), return_counts=True)
    return Groups(hashes, ranks, lines, pairs % classes, pairs // classes, counts)


def _by_faces(inputs: PackInputs, names: tuple[str, ...]) -> NDArray[np.uint8]:
    unknown = [name for name in names if name not in inputs.faces]
    if unknown:
        raise SettingsError(
            f"no lines in the faces {listed(unknown)}; there are {listed(list(inputs.faces), 20)}"
        )
    numbers = [inputs.faces.index(name) for name in names]
    splits = np.zeros(len(inputs), np.uint8)
    for _, start, labels in inputs.tables():
        validation = np.isin(labels.meta["face"], numbers)
        splits[start : start + len(labels)] = np.where(validation, Split.VAL.code, Split.TRAIN.code)
    return splits


def _by_list(inputs: PackInputs, path: Path) -> NDArray[np.uint8]:
    """Splits by a file with one INDEX per line, or FOLDER/INDEX where there are several inputs."""
    wanted = _listed_samples(inputs, path)
    splits = np.full(len(inputs), Split.TRAIN.code, np.uint8)
    missing = []
    for item in inputs.items:
        named = np.array(sorted(wanted[item.path.name]), np.uint64)
        seen = np.zeros(len(named), np.bool_)
        for start, labels in item.tables():
            indices = labels.meta["index"]
            splits[start : start + len(indices)][np.isin(indices, named)] = Split.VAL.code
            seen |= np.isin(named, indices)
        missing += [f"{item.path.name}/{index}" for index in named[~seen].tolist()]
    if missing:
        raise ShardError(f"{path} names samples that no input holds: {listed(missing)}")
    return splits


def _listed_samples(inputs: PackInputs, path: Path) -> dict[str, set[int]]:
    names = [item.path.name for item in inputs.items]
    if len(set(names)) < len(names):
        raise SettingsError(
            f"{path} cannot tell inputs of one name apart ({listed(names)}): rename a folder"
        )
    wanted: dict[str, set[int]] = {name: set() for name in names}
    lines = read_text(path, error=SettingsError).splitlines()
    bad = []
    for number, line in enumerate(lines, 1):
        folder, _, index = line.strip().rpartition("/")
        folder = folder or (names[0] if len(names) == 1 else "")
        if not line.strip():
            continue
        if folder not in wanted or not re.fullmatch(r"\d{1,9}", index):
            bad.append(f"{path}:{number}: {line.strip()!r}")
        else:
            wanted[folder].add(int(index))
    if bad:
        raise SettingsError(
            f"not INDEX or FOLDER/INDEX with a folder of {listed(names)}: {listed(bad)}"
        )
    return wanted
