"""The order of training: pure, without repetition, whole batches, sliced by ranks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.fitting.curriculum import longest_allowed
from training.fitting.endless_order import EndlessOrder
from training.fitting.order import EpochOrder, line_buckets, permutation, rank_slice, training_order
from training.model.preprocess import bucket_width


def fixed_width(count: int, batch_size: int, seed: int = 3) -> EpochOrder:
    return training_order(np.full(count, 280), [(count, None)], batch_size, seed)


@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_epochs_are_permutations_cut_into_whole_batches(count: int, size: int, seed: int) -> None:
    order = fixed_width(count, size, seed)
    steps = 3 * count // size
    stream = np.concatenate([order.batch_indices(step) for step in range(steps)] + [[]])
    assert len(stream) == steps * size
    for epoch in range(3):
        lines = stream[epoch * count : (epoch + 1) * count]
        assert len(set(lines.tolist())) == len(lines)  # the last may be cut short
    assert order.steps_before(3) == steps


def test_an_incomplete_batch_opens_the_next_epoch() -> None:
    order = fixed_width(10, 4)
    assert [order.steps_before(epoch) for epoch in range(5)] == [0, 2, 5, 7, 10]
    assert [order.epoch_of(step) for step in range(10)] == [0, 0, 1, 1, 1, 2, 2, 3, 3, 3]
    seen = [set(order.batch_indices(step).tolist()) for step in range(3)]
    left = set(range(10)) - seen[0] - seen[1]
    assert left <= seen[2]


def test_a_step_needs_no_history() -> None:
    straight, jumped = fixed_width(1000, 64), fixed_width(1000, 64)
    expected = [straight.batch_indices(step) for step in range(50)]
    for step in (49, 3, 17, 16):
        np.testing.assert_array_equal(jumped.batch_indices(step), expected[step])
    assert not np.array_equal(expected[0], fixed_width(1000, 64, seed=4).batch_indices(0))


@given(st.integers(1, 5), st.integers(1, 64))
@settings(max_examples=40, deadline=None)
def test_ranks_part_a_batch(world_size: int, size: int) -> None:
    batch = fixed_width(500, size).batch_indices(2)
    parts = [rank_slice(batch, rank, world_size) for rank in range(world_size)]
    assert sorted(np.concatenate(parts).tolist()) == sorted(batch.tolist())
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("world_size", [2, 4, 8])
def test_every_rank_gets_lines_of_all_widths(world_size: int) -> None:
    """Or each step waits for the rank whose lines are the widest."""
    widths = np.random.default_rng(0).integers(32, 1280, 10**6)
    order = EndlessOrder(512 * world_size, 10**6, 1, lambda indices: widths[indices])
    for step in range(8):
        batch = order.batch_indices(step)
        loads = [widths[rank_slice(batch, rank, world_size)].sum() for rank in range(world_size)]
        assert max(loads) < 1.1 * np.mean(loads)


def test_batches_hold_one_bucket_and_epochs_every_line() -> None:
    widths = np.random.default_rng(0).integers(30, 600, 4000)
    order = training_order(widths, [(4000, None)], 64, 1)
    bucket_of = line_buckets(widths, 64)
    steps = order.steps_before(4)
    batches = [order.batch_indices(step) for step in range(steps)]
    assert all(len(set(bucket_of[batch].tolist())) == 1 for batch in batches)
    counts = np.bincount(np.concatenate(batches), minlength=4000)
    assert counts.min() >= 3 and counts.max() <= 4 and counts.sum() == steps * 64
    order_of_buckets = [int(bucket_of[batch[0]]) for batch in batches[: order.steps_before(1)]]
    assert order_of_buckets != sorted(order_of_buckets)


def test_rare_widths_join_a_wider_bucket() -> None:
    widths = np.array([30] * 3 + [100] * 50 + [280] * 50 + [900] * 2)
    padded = line_buckets(widths, 16)
    assert padded.tolist() == [120] * 53 + [960] * 52
    assert (padded >= widths).all()
    assert line_buckets(np.array([30, 500]), 16).tolist() == [bucket_width(500)] * 2


def test_a_curriculum_takes_narrow_batches_first_and_every_line() -> None:
    widths = np.random.default_rng(0).integers(30, 600, 4000)
    plain = training_order(widths, [(4000, None)], 64, 1)
    order = training_order(widths, [(4000, None)], 64, 1, curriculum_lines=3000)
    steps = order.steps_before(2)
    batches = [order.batch_indices(step) for step in range(steps)]
    widest = [int(widths[batch].max()) for batch in batches]
    assert max(widest[:3]) <= 200 < 560 < max(widest[40:])
    assert np.mean(widest[:15]) < 0.75 * np.mean(widest[30:])
    counts = np.bincount(np.concatenate(batches), minlength=4000)
    assert counts.min() >= 1 and counts.sum() == steps * 64
    after = range(order.steps_before(1), steps)  # the second epoch is past the curriculum
    for step in after:
        np.testing.assert_array_equal(order.batch_indices(step), plain.batch_indices(step))
    again = training_order(widths, [(4000, None)], 64, 1, curriculum_lines=3000)
    np.testing.assert_array_equal(again.batch_indices(17), batches[17])


def test_a_curriculum_grows_from_short_lines_to_all() -> None:
    seen = np.array([0, 400, 800, 1000, 5000])
    assert longest_allowed(seen, 1000, 1, 41).tolist() == [6, 20, 34, 41, 41]
    assert longest_allowed(seen, 0, 1, 41).tolist() == [41] * 5


def test_weights_share_out_an_epoch() -> None:
    order = training_order(np.full(1000, 280), [(900, 1.0), (100, 1.0)], 50, 0)
    assert order.steps_before(1) == 20
    epoch = np.concatenate([order.batch_indices(step) for step in range(20)])
    counts = np.bincount(epoch, minlength=1000)
    assert counts[:900].sum() == 500 and counts[:900].max() == 1
    assert counts[900:].tolist() == [5] * 100
    batches = epoch.reshape(20, 50)
    assert ((batches >= 900).sum(1) > 10).all()  # mixed, not one source after another
    second = np.concatenate([order.batch_indices(step) for step in range(20, 40)])
    plain = set(epoch[epoch < 900].tolist()) | set(second[second < 900].tolist())
    assert len(plain) == 900  # the second epoch takes what the first left


def test_endless_lines_come_once() -> None:
    order = EndlessOrder(32, 1000)
    stream = np.concatenate([order.batch_indices(step) for step in range(order.steps_before(2))])
    assert stream.tolist() == list(range(62 * 32))


@pytest.mark.parametrize("size, window, group", [(48, 21, 16), (64, 16, 16), (512, 4, 128)])
def test_endless_lines_of_like_width_stand_together(size: int, window: int, group: int) -> None:
    def widths(indices: np.ndarray) -> np.ndarray:
        return np.array([40 * len(str(i * i % 997)) + i % 7 for i in indices.tolist()])

    order = EndlessOrder(size, 1000, 5, widths)
    assert order.window_steps == window
    for number in range(3):
        steps = range(number * window, (number + 1) * window)
        batches = [order.batch_indices(step) for step in steps]
        lines = np.concatenate(batches)
        expected = range(number * window * size, (number + 1) * window * size)
        assert sorted(lines.tolist()) == list(expected)
        groups = widths(lines).reshape(-1, group)
        assert np.median(np.ptp(groups, axis=1)) <= 6 < np.ptp(widths(lines))
        if size < 100:  # batches hold both narrow and wide
            means = [float(widths(batch).mean()) for batch in batches]
            assert np.ptp(means) < 0.6 * np.ptp(groups.mean(1))
    again = EndlessOrder(size, 1000, 5, widths)
    assert again.batch_indices(37).tolist() == order.batch_indices(37).tolist()


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_permutation(count: int) -> None:
    shuffled = permutation(1, "a", count)
    assert sorted(shuffled.tolist()) == list(range(count))
    assert count < 3 or shuffled.tolist() != permutation(2, "a", count).tolist()
