"""Which lines a step takes where they are rendered on demand, and never run out."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from training.fitting.order import IntArray, permutation

WINDOW_STEPS = 16  # batches among which endless lines are sorted by width
GROUP_LINES = 16  # lines of like width that stay together; divides WINDOW_STEPS times any batch


class EndlessOrder:
    """Batches of lines that are rendered on demand: 0, 1, 2, ...; none comes twice.

    Where lines differ in width, those of WINDOW_STEPS batches are sorted by it and dealt out in
    groups of GROUP_LINES: little padding and enough lines of a width for batch normalisation, yet
    every batch holds short lines and long ones.

    Args:
        batch_size: lines of a global batch.
        epoch_lines: lines that count as an epoch.
        seed: of the shuffling.
        widths: width of the line of each index; None where all are alike.
    """

    def __init__(
        self,
        batch_size: int,
        epoch_lines: int,
        seed: int = 0,
        widths: Callable[[IntArray], IntArray] | None = None,
    ) -> None:
        self.batch_size = batch_size
        self.epoch_lines = epoch_lines
        self.seed = seed
        self.widths = widths
        self._window = lru_cache(maxsize=1)(self._sorted_window)

    def steps_before(self, epoch: int) -> int:
        """Global batches of all epochs before this one."""
        return epoch * self.epoch_lines // self.batch_size

    def batch_indices(self, step: int) -> IntArray:
        """Line indices of a global batch, (batch_size,)."""
        if self.widths is None:
            return np.arange(step * self.batch_size, (step + 1) * self.batch_size, dtype=np.int64)
        window, number = divmod(step, WINDOW_STEPS)
        batch: IntArray = self._window(window)[number]
        return batch

    def _sorted_window(self, window: int) -> IntArray:
        """The batches of a window, (WINDOW_STEPS, batch_size)."""
        assert self.widths is not None
        lines = WINDOW_STEPS * self.batch_size
        indices = np.arange(window * lines, (window + 1) * lines, dtype=np.int64)
        by_width = indices[np.argsort(self.widths(indices), kind="stable")]
        groups = by_width.reshape(-1, GROUP_LINES)
        dealt = groups[permutation(self.seed, f"widths/{window}", len(groups))]
        return dealt.reshape(WINDOW_STEPS, self.batch_size)
