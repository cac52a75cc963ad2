"""Widths of stored lines at the height that networks read, known without decoding one."""

import numpy as np
from numpy.typing import NDArray

from datagen.formats.reader import SplitReader
from datagen.line_geometry import scaled_width
from datagen.time_steps import scaled_widths


def frame_width(frame: str) -> int:
    """Width at LINE_HEIGHT_PX of images of a frame as manifests name it, "280x32"."""
    width, height = map(int, frame.split("x"))
    return scaled_width(height, width)


def line_widths(reader: SplitReader) -> NDArray[np.int32]:
    """Width of each line at LINE_HEIGHT_PX, (N,); read line by line only in shards of several."""
    parts = [np.zeros(0, np.int32)]
    for number, shard in enumerate(reader.entries):
        if len(shard.sizes) == 1:
            width = frame_width(next(iter(shard.sizes)))
            parts.append(np.full(shard.samples, width, np.int32))
        else:
            heights, widths = reader.frames(number)
            parts.append(scaled_widths(heights, widths).astype(np.int32))
    return np.concatenate(parts)
