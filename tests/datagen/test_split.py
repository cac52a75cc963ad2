"""The split as a pure function, and how its threshold is chosen."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.errors import ShardError
from datagen.split import Groups, Split, SplitRule, StoredRule, choose, is_validation, rank
from ocrbase.records import convert, decode


def _groups(lines: list[int], classes: list[list[int]], seed: int = 0) -> Groups:
    hashes = np.arange(1, len(lines) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    ranks = rank(hashes, seed)
    order = np.argsort(ranks)[::-1]
    entries = [(g, c) for g, o in enumerate(order.tolist()) for c in sorted(set(classes[o]))]
    group_of = np.array([g for g, _ in entries], np.int64)
    class_of = np.array([c for _, c in entries], np.int64)
    counts = np.asarray(lines)[order]
    return Groups(hashes[order], ranks[order], counts, class_of, group_of, counts[group_of])


def _totals(groups: Groups, classes: int) -> np.ndarray:
    return np.bincount(groups.class_of, weights=groups.count_of, minlength=classes).astype(np.int64)


def test_the_split_is_a_fixed_function_of_hash_seed_and_threshold() -> None:
    threshold = round(0.5 * 2**64)
    hashes = np.arange(8, dtype=np.uint64)
    assert is_validation(hashes, 0, threshold).tolist() == [
        False, False, False, False, False, True, True, False,
    ]  # fmt: skip
    assert not np.array_equal(*(is_validation(hashes, seed, threshold) for seed in (0, 1)))


def test_codes_and_names_are_those_on_disk() -> None:
    assert [(split.code, str(split)) for split in Split] == [
        (0, "undecided"), (1, "train"), (2, "val"),
    ]  # fmt: skip


def test_the_ends_of_the_threshold() -> None:
    hashes = np.arange(100, dtype=np.uint64)
    assert is_validation(hashes, 0, 0).all()
    assert not is_validation(hashes, 0, 2**64).any()


@given(st.lists(st.integers(1, 9), min_size=4, max_size=200), st.floats(0.3, 0.99))
def test_without_rare_classes_the_ratio_is_met_as_nearly_as_groups_allow(
    lines: list[int], ratio: float
) -> None:
    groups = _groups(lines, [[] for _ in lines])
    wanted = (1 - ratio) * sum(lines)
    none = np.zeros(1, np.int64)
    choice = choose(groups, wanted, none, none, ratio=ratio)
    rule = SplitRule("sentence", ratio, 0, choice.threshold, choice.kept_in_train)
    splits = rule.assign(groups.hashes)
    assert int(groups.lines[Split.VAL.mask(splits)].sum()) == choice.lines
    ends = np.cumsum(groups.lines)
    assert abs(choice.lines - wanted) == pytest.approx(np.abs(ends - wanted).min())
    assert choice.groups == (Split.VAL.mask(splits)).sum() >= 1


@settings(max_examples=60)
@given(st.data())
def test_no_class_loses_over_half_of_its_lines(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    lines = data.draw(st.lists(st.integers(1, 5), min_size=count, max_size=count))
    one = st.lists(st.integers(0, 11), max_size=4)
    classes = data.draw(st.lists(one, min_size=count, max_size=count))
    groups = _groups(lines, classes)
    totals, none = _totals(groups, 12), np.zeros(12, np.int64)
    ratio = data.draw(st.floats(0.1, 0.95))
    choice = choose(groups, (1 - ratio) * sum(lines), totals, none, ratio=ratio)
    rule = SplitRule("sentence", ratio, 0, choice.threshold, choice.kept_in_train)
    in_val = Split.VAL.mask(rule.assign(groups.hashes)[groups.group_of])
    counts = groups.count_of * in_val
    lost = np.bincount(groups.class_of, weights=counts, minlength=12)
    assert (2 * lost <= totals).all()


def test_a_class_in_one_sentence_stays_in_training() -> None:
    lines, classes = [1] * 100, [[1] if i == 0 else [] for i in range(100)]
    groups = _groups(lines, classes)
    only = int(groups.hashes[groups.group_of[0]])
    choice = choose(groups, 90, _totals(groups, 2), np.zeros(2, np.int64), ratio=0.1)
    rule = SplitRule("sentence", 0.1, 0, choice.threshold, choice.kept_in_train)
    assert rule.assign(np.array([only], np.uint64)).tolist() == [Split.TRAIN.code]
    assert choice.lines == 90


def test_a_kept_threshold_spares_new_rare_classes_and_moves_no_settled_group() -> None:
    groups = _groups([1, 1, 1, 1], [[1], [1], [2], [3]])
    totals = np.array([0, 2, 1, 1])
    settled = frozenset({int(groups.hashes[groups.group_of[groups.class_of == 2][0]])})
    choice = choose(
        groups, 0, totals, np.zeros(4, np.int64), ratio=0.5, threshold=0, settled=settled
    )
    assert not settled & choice.kept_in_train
    assert len(choice.kept_in_train) == 2  # one of the two with class 1, and the one with class 3


@given(st.sets(st.integers(0, 2**64 - 1), max_size=20), st.integers(0, 2**64))
def test_a_rule_survives_its_manifest(kept: set[int], threshold: int) -> None:
    rule = SplitRule("faces", 0.75, 3, threshold, frozenset(kept), ("Song",))
    assert decode(json.dumps(rule.to_json()), StoredRule, "split").rule() == rule


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("by", "weekday", "by: invalid enum value 'weekday'"),
        ("ratio", 7, "ratio: expected float <= 1.0"),
        ("threshold", "many", "threshold: expected str matching regex"),
        ("kept_in_train", ["0x1", "0x10000000000000000"], r"kept_in_train\[1\]: expected str"),
        ("seed", None, "seed: expected int, got null"),
    ],
)
def test_a_damaged_rule_is_named(field: str, value: object, message: str) -> None:
    plain = SplitRule("sentence", 0.9, 0, 2**63).to_json() | {field: value}
    with pytest.raises(ShardError, match=message):
        convert(plain, StoredRule, "manifest.json", error=ShardError)
