"""What a packed shard holds, counted while it is written: classes, frames, the longest labels.

The manifest keeps these numbers, so that training can check a data set of any size at once.
"""

import msgspec
import numpy as np

from datagen.alphabet import Alphabet
from datagen.formats.manifest import PackedShard
from datagen.sample import LabelTable, Samples
from datagen.time_steps import steps_needed


class WrittenShard(msgspec.Struct, frozen=True):
    """A shard that is finished.

    Attributes:
        entry: what the manifest says of it.
        classes: occurrences of the classes that occur.
    """

    entry: PackedShard
    classes: dict[int, int]


class ShardTally:
    """Counts over the samples of one shard.

    Attributes:
        sizes: samples by frame, "280x32".
        most_steps: time steps that the longest label needs, by frame.
        class_counts: occurrences of each class, (C,).
    """

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.sizes: dict[str, int] = {}
        self.most_steps: dict[str, int] = {}
        self.class_counts = np.zeros(len(alphabet), np.int64)

    def add(self, samples: Samples | LabelTable) -> None:
        """Count samples whose labels are normalised onto the alphabet."""
        ids = self.alphabet.class_ids("".join(samples.texts))
        self.class_counts += np.bincount(ids, minlength=len(self.class_counts))
        pairs = np.stack([samples.meta["width"], samples.meta["height"]], axis=1)
        frames, frame_of = np.unique(pairs, axis=0, return_inverse=True)
        counts = np.bincount(frame_of.ravel(), minlength=len(frames))
        steps = np.zeros(len(frames), np.int64)
        np.maximum.at(steps, frame_of.ravel(), steps_needed(samples.texts))
        for (width, height), count, most in zip(
            frames.tolist(), counts.tolist(), steps.tolist(), strict=True
        ):
            frame = f"{width}x{height}"
            self.sizes[frame] = self.sizes.get(frame, 0) + count
            self.most_steps[frame] = max(self.most_steps.get(frame, 0), most)

    def classes(self) -> dict[int, int]:
        """Occurrences of the classes that occur."""
        used = np.flatnonzero(self.class_counts)
        return dict(zip(used.tolist(), self.class_counts[used].tolist(), strict=True))
