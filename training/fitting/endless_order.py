"""Which lines a step takes where they are rendered on demand, and never run out."""

from collections.abc import Callable

import numpy as np

from training.fitting.order import MIN_IN_TRAINING, IntArray, permutation

WINDOW_LINES = 1024  # lines that are sorted by width, at least; WINDOW_STEPS batches if those
WINDOW_STEPS = 4  # are more
BATCH_GROUPS = 4  # groups of lines of like width in a batch


class EndlessOrder:
    """Batches of lines that are rendered on demand: 0, 1, 2, ...; none comes twice.

    Where lines differ in width, those of several batches, a window, are sorted by it and dealt out
    in groups: little padding and enough lines of a width for batch normalisation and a GPU, yet
    every batch holds short lines and long ones.

    Args:
        batch_size: lines of a global batch.
        epoch_lines: lines that count as an epoch.
        seed: of the shuffling.
        widths: width of the line of each index; None where all are alike.

    Attributes:
        window_steps: batches of a window.
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
        self.window_steps = 1 if widths is None else max(WINDOW_STEPS, WINDOW_LINES // batch_size)
        self._last: tuple[int, IntArray] | None = None  # a window and its number; pickles

    def steps_before(self, epoch: int) -> int:
        """Global batches of all epochs before this one."""
        return epoch * self.epoch_lines // self.batch_size

    def batch_indices(self, step: int) -> IntArray:
        """Line indices of a global batch, (batch_size,)."""
        if self.widths is None:
            return np.arange(step * self.batch_size, (step + 1) * self.batch_size, dtype=np.int64)
        window, number = divmod(step, self.window_steps)
        if self._last is None or self._last[0] != window:
            self._last = window, self._sorted_window(window)
        batch: IntArray = self._last[1][number]
        return batch

    def _sorted_window(self, window: int) -> IntArray:
        """The batches of a window, (window_steps, batch_size)."""
        assert self.widths is not None
        lines = self.window_steps * self.batch_size
        indices = np.arange(window * lines, (window + 1) * lines, dtype=np.int64)
        by_width = indices[np.argsort(self.widths(indices), kind="stable")]
        size = max(MIN_IN_TRAINING, self.batch_size // BATCH_GROUPS)
        groups = [by_width[start : start + size] for start in range(0, lines, size)]
        dealt = [groups[i] for i in permutation(self.seed, f"widths/{window}", len(groups))]
        return np.concatenate(dealt).reshape(self.window_steps, self.batch_size)
