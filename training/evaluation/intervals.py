"""How sure a value is: bootstrap intervals over lines, and paired tests of two models."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_RESAMPLES = 1000
MIN_RESAMPLES = 200
_DRAWS = 5_000_000  # weights drawn for one interval; large sets need fewer resamples
_HELD = 5_000_000  # of them in memory at a time

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval; NaN where there is nothing to measure."""

    value: float
    low: float
    high: float


def ratio(part: NDArray[np.generic], whole: NDArray[np.generic], seed: int = 0) -> Estimate:
    """Sum of parts over sum of wholes, with a bootstrap interval over the lines.

    Each resample weights the lines by independent Poisson(1) draws, which for more than a few
    lines is the bootstrap of Efron 1979 at the cost of one matrix product. With no error among
    few lines every resample agrees; the interval then is the exact one for proportions, which
    does not claim certainty.

    Args:
        part: what is counted in each line, (N,).
        whole: what it is counted of, (N,).
        seed: of the weights.
    """
    total = float(whole.sum())
    if total == 0:
        return Estimate(math.nan, math.nan, math.nan)
    value = float(part.sum()) / total
    if not part.any() or np.array_equal(part, whole):
        return _certain(value, int(total))
    values = resampled(part, whole, seed)
    low, high = np.quantile(values[np.isfinite(values)], [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def resampled(part: NDArray[np.generic], whole: NDArray[np.generic], seed: int) -> Numbers:
    """The ratio in each resample, (R,); NaN where a resample drew no line."""
    columns = np.stack([part, whole], axis=1).astype(np.float64)  # (N, 2)
    sums = np.concatenate([weights @ columns for weights in _weights(len(part), seed)])  # (R, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios: Numbers = sums[:, 0] / sums[:, 1]
    return ratios


def _weights(lines: int, seed: int) -> Iterator[Numbers]:
    """Poisson weights of every line in every resample, (R, N), some resamples at a time."""
    count = min(MAX_RESAMPLES, max(MIN_RESAMPLES, _DRAWS // lines))
    generator = np.random.Generator(np.random.Philox(seed))
    step = max(1, _HELD // lines)
    for start in range(0, count, step):
        yield generator.poisson(1.0, (min(step, count - start), lines)).astype(np.float64)


def _certain(value: float, trials: int) -> Estimate:
    """Clopper and Pearson's 95 % interval of a proportion that was 0 or 1 in all trials."""
    unseen = 1 - 0.025 ** (1 / trials)
    return Estimate(value, max(0.0, value - unseen), min(1.0, value + unseen))


@dataclass(frozen=True, slots=True)
class Paired:
    """Two models on the same lines.

    Attributes:
        only_first: lines that only the first read without error.
        only_second: lines that only the second did.
        p_value: exact McNemar test that both are as often right.
        cer_change: CER of the second minus that of the first, with its interval.
    """

    only_first: int
    only_second: int
    p_value: float
    cer_change: Estimate


def compare(
    first_edits: NDArray[np.int64],
    second_edits: NDArray[np.int64],
    target_lengths: NDArray[np.int64],
    seed: int = 0,
) -> Paired:
    """Compare the edits of two models line by line, each (N,)."""
    only_first = int(((first_edits == 0) & (second_edits > 0)).sum())
    only_second = int(((first_edits > 0) & (second_edits == 0)).sum())
    if np.array_equal(first_edits, second_edits):
        change = Estimate(0.0, 0.0, 0.0)
    else:
        change = ratio(second_edits - first_edits, target_lengths, seed)
    return Paired(only_first, only_second, mcnemar(only_first, only_second), change)


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value: the binomial test of the lines on which two models differ."""
    n, fewer = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return 1.0
    logs = [_log_choose(n, k) - n * math.log(2) for k in range(fewer + 1)]
    return min(1.0, 2 * math.fsum(math.exp(x) for x in logs))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
