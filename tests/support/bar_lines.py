"""Lines that a test trains on: bars instead of characters, held in memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.draws import below, bits, uniforms
from training.fitting.data import Facts
from training.fitting.order import EpochOrder, training_order

IntArray = NDArray[np.int64]
ALPHABET = Alphabet(("", *"一二三四五六"))
CELL_PX = 14


@dataclass(frozen=True)
class BarLines:
    """What a `LineSource` gives."""

    images: list[NDArray[np.uint8]]
    class_ids: NDArray[np.uint16]
    lengths: IntArray
    centres: NDArray[np.float32]


class BarSource:
    """Each class is a bar of its own height; a line of `longest` or fewer of them is 80 px wide.

    Args:
        count: lines.
        seed: of the lines.
        centres: whether they are known.
        widths: pixels of a line, chosen at random; the first is enough for `longest` bars.
    """

    def __init__(
        self, count: int, seed: int = 0, centres: bool = True, widths: tuple[int, ...] = (80,)
    ) -> None:
        self.count, self.seed, self.centres, self.longest = count, seed, centres, 4
        numbers = np.arange(count, dtype=np.int64)
        self.widths = np.array(widths)[below(len(widths), bits(seed, "widths", numbers, 1)[:, 0])]
        self.alphabet = ALPHABET

    @property
    def fingerprint(self) -> str:
        return f"bars {self.count} {self.seed} {self.centres}"

    def __len__(self) -> int:
        return self.count

    def batch(self, indices: IntArray) -> BarLines:
        words = bits(self.seed, "bars", indices, self.longest + 1)
        lengths = 1 + below(self.longest, words[:, 0])
        ids = 1 + below(len(ALPHABET) - 1, words[:, 1:])
        valid = np.arange(self.longest) < lengths[:, None]
        centres = (np.arange(self.longest) + 0.5) * CELL_PX + 6 * uniforms(
            self.seed, "shift", indices, 1
        )
        images = [
            self._draw(ids[i, : lengths[i]], centres[i], int(self.widths[index]))
            for i, index in enumerate(indices)
        ]
        known = valid if self.centres else np.zeros_like(valid)
        return BarLines(
            images,
            np.where(valid, ids, 0).astype(np.uint16),
            lengths,
            np.where(known, centres, np.nan).astype(np.float32),
        )

    def order(self, batch_size: int, seed: int) -> EpochOrder:
        return training_order(self.widths, [(self.count, None)], batch_size, seed)

    def facts(self) -> Facts:
        one_width = len(set(self.widths.tolist())) == 1
        longest = int(self.widths.max())
        return Facts("bars", [], float(self.centres), longest, one_width, nothing_wrong)

    @staticmethod
    def _draw(ids: IntArray, centres: NDArray[np.float64], width: int) -> NDArray[np.uint8]:
        image = np.full((32, width), 220, np.uint8)
        for class_id, centre in zip(ids, centres, strict=False):
            left = int(centre) - 4
            image[30 - 4 * class_id : 30, left : left + 8] = 30
        return image


def nothing_wrong(_: Callable[[int], int]) -> list[tuple[int, str]]:
    """No label is too long."""
    return []
