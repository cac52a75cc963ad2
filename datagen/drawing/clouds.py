"""Compiled loops of smooth noise: what paper and worn type vary by, over whole rows at a time.

Random numbers stand at the corners of a lattice, and a point takes those around it by smooth
shares. All points of a row lie between the same two rows of the lattice, and the shares across
are the same in every row: only four products are left for each pixel.
"""

import math

import numpy as np

from datagen.drawing.pixel_noise import scramble
from ocrbase.compiled import compiled


@compiled
def cloud_columns(positions):
    """Cell of each column, (W,) int64, and its share of the corner at the right, (W,).

    Args:
        positions: columns in cells of the lattice, from 0 upward, (W,) float64.
    """
    cells = np.empty(len(positions), dtype=np.int64)
    shares = np.empty(len(positions))
    for x in range(len(positions)):
        cells[x] = math.floor(positions[x])
        shares[x] = _smooth(positions[x] - cells[x])
    return cells, shares


@compiled
def cloud_corners(columns):
    """Room for the numbers at the corners above and below a row, (2, C)."""
    return np.empty((2, columns[0][-1] + 2))


@compiled
def meet_row(seed, y, corners):
    """Fill the corners around a row; returns its share of the ones below.

    Args:
        seed: of the lattice, uint32.
        y: the row in cells of the lattice, not negative.
        corners: of `cloud_corners`.
    """
    row = math.floor(y)
    for below in range(2):
        line = corners[below]
        of_row = np.uint32(np.uint32(row + below) * np.uint32(19349663))
        for column in range(len(line)):
            at = np.uint32(seed) + np.uint32(column) * np.uint32(73856093)
            line[column] = scramble(np.uint32(at) ^ of_row) * (2.0 / 4294967296.0) - 1.0
    return _smooth(y - row)


@compiled
def cloud_at(x, columns, corners, share):
    """Noise from -1 to 1 at a pixel of the row that the corners were filled for."""
    cells, shares = columns
    right = shares[x]
    left, over, cell = 1.0 - right, 1.0 - share, cells[x]
    total = corners[0, cell] * left * over
    total += corners[0, cell + 1] * right * over
    total += corners[1, cell] * left * share
    total += corners[1, cell + 1] * right * share
    return total


@compiled
def _smooth(part):
    """A share that leaves 0 and reaches 1 without a corner."""
    return part * part * (3.0 - 2.0 * part)
