"""Chinese punctuation in its half-width form, as technical documents and chats often set it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.draws import uniforms
from datagen.sample import Texts

FORMS = dict(zip("，。；：？！（）“”‘’", ",.;:?!()\"\"''", strict=True))


@dataclass(frozen=True)
class HalfWidthMarks:
    """Lines whose punctuation stands in half width; both forms are classes of their own.

    Attributes:
        share: of the lines.
        table: the class that stands for each class on them, (classes,).
    """

    share: float
    table: NDArray[np.uint16]

    def put_into(self, texts: Texts, seed: int, indices: NDArray[np.int64]) -> None:
        """Replace the marks of some of these lines; a pure function of (seed, index)."""
        chosen = uniforms(seed, "half width", indices, 1)[:, 0] < self.share
        texts.class_ids[chosen] = self.table[texts.class_ids[chosen]]

    def expected(self, counts: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Occurrences of each class to expect where so many stand in the text, (classes,)."""
        before = np.asarray(counts, dtype=np.float64)
        moved = np.bincount(self.table, weights=before, minlength=len(before))
        mixed: NDArray[np.float64] = before * (1 - self.share) + moved * self.share
        return mixed


def half_width_marks(alphabet: Alphabet, share: float) -> HalfWidthMarks:
    """For an alphabet; a mark whose two forms are not both classes stays as it is."""
    table = np.arange(len(alphabet), dtype=np.uint16)
    place = {symbol: i for i, symbol in enumerate(alphabet.symbols)}
    for full, half in FORMS.items():
        if full in place and half in place:
            table[place[full]] = place[half]
    return HalfWidthMarks(share, table)
