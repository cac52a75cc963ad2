"""A length curriculum: short lines first, the longest allowed growing with the lines seen.

Short lines leave the plateau of blanks sooner and cost less each (Amodei et al. 2016, "Deep Speech
2", section 3.2, sorts its first epoch by length).
"""

import numpy as np
from numpy.typing import NDArray

START = 1 / 8  # of the span from the shortest to the longest line, before the first line


def longest_allowed(
    lines_seen: NDArray[np.int64], lines: int, shortest: int, longest: int
) -> NDArray[np.int64]:
    """The longest line allowed, (B,), in the unit of `shortest` and `longest`.

    Args:
        lines_seen: lines trained on before each, (B,).
        lines: of the curriculum; after them all lengths are allowed, 0 allows them at once.
        shortest: line of the data.
        longest: line of the data.
    """
    share = np.minimum(1.0, START + (1 - START) * lines_seen / lines) if lines else 1.0
    return np.ceil(shortest + (longest - shortest) * share).astype(np.int64) + 0 * lines_seen
