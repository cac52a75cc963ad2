"""Lines joined in pairs: two lines of a batch, side by side, make one longer sample."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.draws import uniforms
from datagen.line_images import dark_on_light
from training.fitting.batches import Lines
from training.fitting.order import IntArray
from training.model.preprocess import GrayImages

GAP_PX = (8, 32)  # between the two
MAX_JOINED_PX = 1_280  # two lines that would be wider stay apart


@dataclass(frozen=True)
class LineColumns:
    """B decoded lines.

    Attributes:
        images: (32, w) each.
        class_ids: (B, L).
        lengths: characters of each line, (B,).
        centres: x of each character, (B, L), NaN where unknown.
    """

    images: list[GrayImages]
    class_ids: NDArray[np.uint16]
    lengths: IntArray
    centres: NDArray[np.float32]


@dataclass(frozen=True)
class Joining:
    """Which lines of a step are joined, a pure function of their indices and the step.

    Attributes:
        share: of the pairs that are joined; neighbours by width are a pair.
        seed: of the run.
        space: class of the space that stands for the gap; None where the alphabet has none.
    """

    share: float
    seed: int
    space: int | None

    def longest_px(self, width_px: int) -> int:
        """Width of the widest sample made of lines up to a width."""
        return max(width_px, min(MAX_JOINED_PX, 2 * width_px + GAP_PX[1]))

    def pairs(self, widths: IntArray, indices: IntArray, step: int) -> list[tuple[int, int, int]]:
        """Left row, right row and gap in px of each pair to join."""
        by_width = np.argsort(widths, kind="stable")
        left, right = by_width[:-1:2], by_width[1::2]
        draws = uniforms(self.seed, f"joined/{step}", indices[left], 2)
        gaps = (GAP_PX[0] + draws[:, 1] * (GAP_PX[1] - GAP_PX[0])).astype(np.int64)
        wanted = (draws[:, 0] < self.share) & (widths[left] + widths[right] + gaps <= MAX_JOINED_PX)
        rows = np.stack([left, right, gaps], axis=1)[wanted]
        return [(int(a), int(b), int(gap)) for a, b, gap in rows]

    def __call__(self, lines: Lines, indices: IntArray, step: int) -> tuple[LineColumns, IntArray]:
        """The samples of a step, and of each the index of its first line."""
        widths = np.array([image.shape[1] for image in lines.images])
        pairs = self.pairs(widths, indices, step)
        images = [dark_on_light(image) for image in lines.images]
        lengths = lines.lengths.copy()
        most = 2 * lines.class_ids.shape[1] + 1
        class_ids = np.zeros((len(images), most), np.uint16)
        class_ids[:, : lines.class_ids.shape[1]] = lines.class_ids
        centres = np.full((len(images), most), np.nan, np.float32)
        centres[:, : lines.centres.shape[1]] = lines.centres
        for left, right, gap in pairs:
            end, count = int(lengths[left]), int(lengths[right])
            if self.space is not None:
                class_ids[left, end] = self.space
                centres[left, end] = widths[left] + gap / 2
                end += 1
            class_ids[left, end : end + count] = lines.class_ids[right, :count]
            centres[left, end : end + count] = lines.centres[right, :count] + widths[left] + gap
            lengths[left] = end + count
            images[left] = side_by_side(images[left], images[right], gap)
        kept = np.setdiff1d(np.arange(len(images)), [right for _, right, _ in pairs])
        joined = LineColumns(
            [images[i] for i in kept], class_ids[kept], lengths[kept], centres[kept]
        )
        return joined, indices[kept]


def side_by_side(left: GrayImages, right: GrayImages, gap_px: int) -> GrayImages:
    """Two lines (32, w) with a gap between them, whose ground passes from one's to the other's."""
    edges = np.median(left[:, -1]), np.median(right[:, 0])
    ground = np.linspace(*edges, gap_px + 2)[1:-1].round().astype(np.uint8)
    return np.concatenate([left, np.tile(ground, (len(left), 1)), right], axis=1)
