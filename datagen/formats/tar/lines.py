"""One split of a render, read where it lies: what `ocrtrain fit --data RENDER` trains on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datagen.formats.reader import DatasetInfo
from datagen.formats.spans import Spans
from datagen.formats.tar.random_access import TarLines
from datagen.formats.tar.reader import RenderReader
from datagen.formats.tar.shard import shard_files
from datagen.formats.tar.sidecar import read_frames
from datagen.sample import Samples
from datagen.split import Split

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class ShardPart:
    """The lines of one shard that are in a split; see `ShardFacts`.

    Attributes:
        path: the shard's name.
        rows: of the lines in the shard, ascending, (n,).
        checksum: SHA-256 over the CRC-32 of each image followed by its label.
        sizes: lines by frame, "280x32".
        most_steps: time steps that the longest label needs, by frame.
        lines: all lines of the shard.
    """

    path: str
    rows: NDArray[np.int32]
    checksum: str
    sizes: Mapping[str, int]
    most_steps: Mapping[str, int]
    lines: TarLines

    @property
    def samples(self) -> int:
        """Lines."""
        return len(self.rows)


class RenderLines:
    """The lines of a render that are in one split, positions counted from 0.

    Holds no open file: safe to pickle, to fork and to use from threads.

    Attributes:
        folder: of the render.
        split: which one.
        entries: its shards, those without a line of the split left out.
        shards: which positions each of them holds.

    Args:
        reader: of the whole render.
        split: which one.
        parts: of each shard, in order; some may be empty.
        class_counts: occurrences of each class in each split, (C,) each.
    """

    def __init__(
        self,
        reader: RenderReader,
        split: Split,
        parts: Sequence[ShardPart],
        class_counts: Mapping[Split, IntArray],
    ) -> None:
        self.folder, self.split, self._reader = reader.folder, split, reader
        held = [(part, start) for part, start in zip(parts, reader.shards.starts, strict=False)]
        held = [(part, start) for part, start in held if part.samples]
        self.entries = [part for part, _ in held]
        self._starts = np.array([start for _, start in held], np.int64)
        self.shards = Spans.of([part.samples for part in self.entries])
        self._info = replace(reader.info, class_counts=dict(class_counts))

    @property
    def name(self) -> str:
        """The folder, and the split."""
        return f"{self.folder} ({self.split})"

    @property
    def info(self) -> DatasetInfo:
        """Alphabet and tables of the render, and how often classes occur in each split."""
        return self._info

    def __len__(self) -> int:
        return self.shards.total

    def by_shard(
        self, indices: Sequence[int] | IntArray
    ) -> Iterator[tuple[TarLines, IntArray, IntArray]]:
        """Group positions by their shards: (shard, where in `indices`, rows of the shard)."""
        for number, at, own in self.shards.locate(indices):
            part = self.entries[number]
            yield part.lines, at, part.rows[own].astype(np.int64)

    def frames(self, shard: int) -> tuple[IntArray, IntArray]:
        """Heights and widths of the images of a shard in pixels, (n,) each; decodes none."""
        part = self.entries[shard]
        heights, widths = read_frames(shard_files(part.lines.stem)[1])
        return heights[part.rows], widths[part.rows]

    def read(self, indices: Sequence[int] | IntArray) -> Samples:
        """The samples at some positions, in that order.

        Raises:
            ShardError: if a shard has been damaged.
            IndexError: if a position is outside.
        """
        positions = np.zeros(len(indices), np.int64)
        for number, at, own in self.shards.locate(indices):
            positions[at] = self._starts[number] + self.entries[number].rows[own]
        return self._reader.read(positions)
