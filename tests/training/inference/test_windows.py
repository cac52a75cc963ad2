"""Windows over long lines: full cover, and no character lost or doubled where they meet."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.line_geometry import FRAME_PX
from training.inference.decoding import FloatArray, greedy_decode
from training.inference.windows import join, window_starts

CLASSES = 7


def scores(text: list[int], positions: list[int], frames: int) -> FloatArray:
    """Logits that are sure of each character in one frame and of the blank elsewhere, (T, C)."""
    logits = np.zeros((frames, CLASSES), dtype=np.float32)
    logits[:, 0] = 9
    for class_id, position in zip(text, positions, strict=True):
        if 0 <= position < frames:
            logits[position] = 0
            logits[position, class_id] = 9
    return logits


@given(st.integers(1, 40_000), st.sampled_from([(320, 32), (320, 160), (1120, 240)]))
def test_windows_cover_the_line_and_share_the_overlap(width: int, sizes: tuple[int, int]) -> None:
    window, overlap = sizes
    starts = window_starts(width, window, overlap)
    assert starts[0] == 0 and starts == sorted(set(starts))
    assert all(start % FRAME_PX == 0 for start in starts)
    assert starts[-1] < width <= starts[-1] + window
    assert all(b - a <= window - overlap for a, b in pairwise(starts))


@settings(max_examples=200)
@given(st.data())
def test_joined_windows_read_every_character_once(data: st.DataObject) -> None:
    gaps = data.draw(st.lists(st.integers(5, 12), min_size=1, max_size=120))
    positions = np.cumsum(gaps)
    text = data.draw(st.lists(st.integers(1, CLASSES - 1), min_size=len(gaps), max_size=len(gaps)))
    width = int(positions[-1] + 6) * FRAME_PX
    window, overlap = 320, 160
    starts = window_starts(width, window, overlap)
    parts = []
    for start in starts:
        first = start // FRAME_PX
        shift = data.draw(st.integers(-1, 1))  # two windows may differ by a frame or two
        frames = min(window, width - start) // FRAME_PX + 1
        parts.append(scores(text, (positions - first + shift).tolist(), frames))
    joined = join(parts, starts)
    (decoded,) = greedy_decode(joined[:, None], np.array([len(joined)]))
    assert decoded.class_ids.tolist() == text
    assert np.abs(decoded.frames - positions).max() <= 1


@pytest.mark.parametrize(("window", "overlap"), [(330, 80), (320, 30), (320, 161), (320, 200)])
def test_sizes_that_do_not_fit_the_frames_are_refused(window: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="px"):
        window_starts(5000, window, overlap)
