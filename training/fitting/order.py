"""Which lines a step trains on: a pure function of (seed, step), which ranks slice.

Every epoch takes each line once, in a fresh permutation. A batch holds lines of one width bucket.
What is left of a bucket when an epoch ends opens that bucket's first batch of the next, so every
global batch is whole and no line is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datagen.draws import bits
from training.fitting.curriculum import longest_allowed
from training.model.preprocess import bucket_width

IntArray = NDArray[np.int64]
MIN_IN_TRAINING = 16  # lines of one width that batch normalisation is content with


class StepOrder(Protocol):
    """The line indices of every global batch, for ever.

    Attributes:
        batch_size: lines of a global batch.
        window_steps: batches whose lines are chosen together; from 2 on whoever chooses them all
            in one place saves work, and the order pickles.
    """

    batch_size: int
    window_steps: int

    def steps_before(self, epoch: int) -> int: ...

    def batch_indices(self, step: int) -> IntArray: ...


@dataclass(frozen=True)
class Pool:
    """Lines of one source and one bucket.

    Attributes:
        members: their indices in the data set.
        draws: how many of them an epoch takes; as many as there are, unless sources are weighted.
    """

    members: IntArray
    draws: int


class EpochOrder:
    """Batches over a finite data set.

    Args:
        buckets: the pools of each width bucket.
        batch_size: lines of a global batch.
        seed: of all permutations.
        widths: of each bucket in px; needed for a curriculum.
        curriculum_lines: in which the widest line grows from the narrowest to the widest.
    """

    def __init__(
        self, buckets: Sequence[Sequence[Pool]], batch_size: int, seed: int,
        widths: Sequence[int] = (), curriculum_lines: int = 0,
    ) -> None:  # fmt: skip
        self.window_steps = 1
        self.buckets = [tuple(pools) for pools in buckets]
        self.widths, self.curriculum_lines = np.array(widths, dtype=np.int64), curriculum_lines
        self.batch_size = batch_size
        self.seed = seed
        self.draws = [sum(pool.draws for pool in pools) for pools in self.buckets]
        self._lines = lru_cache(maxsize=2 * len(self.buckets))(self._bucket_epoch)
        self._schedule = lru_cache(maxsize=2)(self._epoch_schedule)

    def steps_before(self, epoch: int) -> int:
        """Global batches of all epochs before this one."""
        return sum(epoch * draws // self.batch_size for draws in self.draws)

    def epoch_of(self, step: int) -> int:
        """The epoch that a step belongs to."""
        epoch = step * self.batch_size // sum(self.draws)  # a lower bound: only whole batches count
        while self.steps_before(epoch + 1) <= step:
            epoch += 1
        return epoch

    def batch_indices(self, step: int) -> IntArray:
        """Line indices of a global batch, (batch_size,)."""
        epoch = self.epoch_of(step)
        bucket, number = self._schedule(epoch)[step - self.steps_before(epoch)]
        draws, position = self.draws[bucket], int(number) * self.batch_size
        parts, missing = [], self.batch_size
        while missing:
            lines = self._lines(bucket, position // draws)
            part = lines[position % draws :][:missing]
            parts.append(part)
            position, missing = position + len(part), missing - len(part)
        return np.concatenate(parts)

    def _epoch_schedule(self, epoch: int) -> IntArray:
        """(bucket, number of the batch within the bucket) of each step of an epoch, shuffled."""
        size = self.batch_size
        pairs = [
            (bucket, number)
            for bucket, draws in enumerate(self.draws)
            for number in range(epoch * draws // size, (epoch + 1) * draws // size)
        ]
        table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        if len(self.buckets) == 1:
            return table
        table = table[permutation(self.seed, f"batches/{epoch}", len(table))]
        if self.steps_before(epoch) * size < self.curriculum_lines:
            table = self._short_first(table, self.steps_before(epoch))
        return table

    def _short_first(self, table: IntArray, before: int) -> IntArray:
        """A schedule in the order of a curriculum: as shuffled, but wide batches wait their turn.

        Where the narrow ones of an epoch are used up the narrowest of the others comes.
        """
        waiting = [list(np.flatnonzero(table[:, 0] == b)[::-1]) for b in range(len(self.buckets))]
        seen = (before + np.arange(len(table))) * self.batch_size
        limits = longest_allowed(
            seen, self.curriculum_lines, int(self.widths[0]), int(self.widths[-1])
        )
        order = []
        for limit in limits:
            left = [bucket for bucket, rows in enumerate(waiting) if rows]
            allowed = [bucket for bucket in left if self.widths[bucket] <= limit] or left[:1]
            order.append(waiting[min(allowed, key=lambda bucket: waiting[bucket][-1])].pop())
        return table[order]

    def _bucket_epoch(self, bucket: int, epoch: int) -> IntArray:
        """The lines that one epoch takes from a bucket, in order."""
        lines = np.concatenate(
            [
                self._pool_epoch(pool, f"lines/{bucket}/{i}", epoch)
                for i, pool in enumerate(self.buckets[bucket])
            ]
        )
        if len(self.buckets[bucket]) == 1:
            return lines
        return lines[permutation(self.seed, f"mix/{bucket}/{epoch}", len(lines))]

    def _pool_epoch(self, pool: Pool, stream: str, epoch: int) -> IntArray:
        """A pool goes through permutation after permutation, however many an epoch takes."""
        parts, position, missing = [], epoch * pool.draws, pool.draws
        while missing:
            cycle, offset = divmod(position, len(pool.members))
            shuffled = permutation(self.seed, f"{stream}/{cycle}", len(pool.members))
            part = pool.members[shuffled[offset:][:missing]]
            parts.append(part)
            position, missing = position + len(part), missing - len(part)
        return np.concatenate(parts)


def permutation(seed: int, stream: str, count: int) -> IntArray:
    """A permutation of range(count) that depends on nothing but its arguments."""
    keys = bits(seed, stream, np.arange(count, dtype=np.int64), 1)[:, 0]
    return np.argsort(keys, kind="stable")


def rank_slice(indices: IntArray, rank: int, world_size: int) -> IntArray:
    """The part of a global batch that a rank trains on; parts differ by one line at most.

    Neighbours, which are of like width, are dealt out in pieces: with one width per rank, every
    step would wait for the rank of the widest lines.
    """
    size = MIN_IN_TRAINING
    pieces = [indices[start : start + size] for start in range(0, len(indices), size)]
    dealt = [piece for first in range(world_size) for piece in pieces[first::world_size]]
    return np.array_split(np.concatenate(dealt), world_size)[rank]


def training_order(
    widths: NDArray[np.integer],
    sources: Sequence[tuple[int, float | None]],
    batch_size: int,
    seed: int,
    *,
    curriculum_lines: int = 0,
) -> EpochOrder:
    """The order over a data set of several sources.

    Args:
        widths: width of each line in pixels, (n,), sources one after another.
        sources: lines and weight of each source. Without weights an epoch takes every line once.
            With them it takes as many lines in all, shared out by weight.
        batch_size: lines of a global batch.
        seed: of all permutations.
        curriculum_lines: in which the widest line grows to the widest of the data.
    """
    bucket_of = line_buckets(widths, batch_size)
    draws = _draws(sources)
    starts = np.cumsum([0, *(count for count, _ in sources)])
    buckets: list[list[Pool]] = []
    for bucket in np.unique(bucket_of):
        members = np.flatnonzero(bucket_of == bucket)
        edges = np.searchsorted(members, starts)
        pools = [
            Pool(members[first:end], _share(end - first, count, taken))
            for first, end, (count, _), taken in zip(
                edges[:-1], edges[1:], sources, draws, strict=True
            )
            if end > first
        ]
        buckets.append([pool for pool in pools if pool.draws])
    kept = [
        (pools, int(w)) for pools, w in zip(buckets, np.unique(bucket_of), strict=True) if pools
    ]
    return EpochOrder(
        [pools for pools, _ in kept], batch_size, seed, [w for _, w in kept], curriculum_lines
    )


def line_buckets(widths: NDArray[np.integer], least: int) -> IntArray:
    """The width that each line is padded to, (n,).

    A bucket of fewer than `least` lines joins the next wider one (the widest takes the next
    narrower in): the lines of a bucket that fills no batch would wait for many epochs.
    """
    sizes, index, counts = np.unique(widths, return_inverse=True, return_counts=True)
    wanted = np.array([bucket_width(int(size)) for size in sizes])
    edges = np.unique(wanted)
    totals = {int(edge): int(counts[wanted == edge].sum()) for edge in edges}
    kept = []
    waiting = 0
    for edge in edges:
        waiting += totals[int(edge)]
        if waiting >= least or edge == edges[-1]:
            kept.append((int(edge), waiting))
            waiting = 0
    if len(kept) > 1 and kept[-1][1] < least:
        del kept[-2]
    limits = np.array([edge for edge, _ in kept])
    return limits[np.searchsorted(limits, wanted)][index]


def _draws(sources: Sequence[tuple[int, float | None]]) -> list[int]:
    if all(weight is None for _, weight in sources):
        return [count for count, _ in sources]
    total = sum(count for count, _ in sources)
    weights = [1.0 if weight is None else weight for _, weight in sources]
    return [round(total * weight / sum(weights)) for weight in weights]


def _share(members: int, count: int, taken: int) -> int:
    """Draws of a pool from its source's draws, at least one so that no line is out of reach."""
    return max(1, round(taken * members / count)) if taken else 0
