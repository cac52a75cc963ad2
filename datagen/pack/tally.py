"""What a packed shard holds, counted while it is written: classes, frames, the longest labels.

The manifest keeps these figures, so that training can check a data set of any size at once.
"""

from typing import Any

import numpy as np

from datagen.alphabet import Alphabet
from datagen.sample import Samples
from datagen.time_steps import steps_needed


class ShardTally:
    """Counts over the samples of one shard."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.classes = np.zeros(len(alphabet), np.int64)
        self.frames: dict[str, int] = {}
        self.most_steps: dict[str, int] = {}

    def add(self, samples: Samples) -> None:
        """Count samples whose labels are normalised onto the alphabet."""
        ids = self.alphabet.class_ids("".join(samples.texts))
        self.classes += np.bincount(ids, minlength=len(self.classes))
        pairs = np.stack([samples.meta["width"], samples.meta["height"]], axis=1)
        frames, frame_of = np.unique(pairs, axis=0, return_inverse=True)
        counts = np.bincount(frame_of.ravel(), minlength=len(frames))
        steps = np.zeros(len(frames), np.int64)
        np.maximum.at(steps, frame_of.ravel(), steps_needed(samples.texts))
        for (width, height), count, most in zip(
            frames.tolist(), counts.tolist(), steps.tolist(), strict=True
        ):
            frame = f"{width}x{height}"
            self.frames[frame] = self.frames.get(frame, 0) + count
            self.most_steps[frame] = max(self.most_steps.get(frame, 0), most)

    def report(self) -> dict[str, Any]:
        """`sizes` and `most_steps` by frame, "280x32"; `classes` that occur with their counts."""
        used = np.flatnonzero(self.classes)
        counts = self.classes[used].tolist()
        return {
            "sizes": self.frames,
            "most_steps": self.most_steps,
            "classes": dict(zip(used.tolist(), counts, strict=True)),
        }
