"""Two lines as one sample: pixels, labels and centres side by side."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.bar_lines import ALPHABET, BarLines, BarSource
from tests.support.bar_runs import metrics, run
from training.fitting.joining import GAP_PX, MAX_JOINED_PX, Joining, side_by_side

NAN = np.nan
SPACE = 6


def two_lines(widths: tuple[int, int] = (40, 60)) -> BarLines:
    """Dark bars on two grounds; the first line has two characters, the second three."""
    images = [
        np.full((32, width), level, np.uint8)
        for width, level in zip(widths, (200, 240), strict=True)
    ]
    for image in images:
        image[8:24, 10:14] = 20
    return BarLines(
        images, np.array([[1, 2, 0], [3, 4, 5]], np.uint16), np.array([2, 3]),
        np.array([[10, 30, NAN], [5, 25, 45]], np.float32),
    )  # fmt: skip


@pytest.mark.parametrize("space", [None, SPACE])
def test_labels_centres_and_pixels_stand_side_by_side(space: int | None) -> None:
    join = Joining(1.0, seed=3, space=space)
    lines = two_lines()
    joined, indices = join(lines, np.array([70, 71]), step=5)
    (image,) = joined.images
    gap = image.shape[1] - 100
    assert GAP_PX[0] <= gap <= GAP_PX[1] and indices.tolist() == [70]
    between = [] if space is None else [space]
    count = 5 + len(between)
    assert joined.lengths.tolist() == [count]
    assert joined.class_ids[0, :count].tolist() == [1, 2, *between, 3, 4, 5]
    middle = [] if space is None else [40 + gap / 2]
    right = [40 + gap + x for x in (5, 25, 45)]
    assert joined.centres[0, :count].tolist() == [10, 30, *middle, *right]
    assert np.isnan(joined.centres[0, count:]).all()
    np.testing.assert_array_equal(image[:, :40], lines.images[0])
    np.testing.assert_array_equal(image[:, 40 + gap :], lines.images[1])
    ground = image[0, 40 : 40 + gap].astype(int)
    assert 200 < ground[0] < ground[-1] < 240 and (np.diff(ground) >= 0).all()


def test_a_line_that_is_light_on_dark_is_turned_before_it_is_joined() -> None:
    lines = two_lines()
    negative = BarLines(
        [255 - lines.images[0], lines.images[1]], lines.class_ids, lines.lengths, lines.centres
    )
    join = Joining(1.0, seed=3, space=None)
    plain, turned = (join(each, np.array([70, 71]), step=5)[0] for each in (lines, negative))
    np.testing.assert_array_equal(plain.images[0], turned.images[0])


def test_a_share_of_the_pairs_is_joined_and_no_line_is_lost() -> None:
    source = BarSource(400, widths=(80, 150, 300))
    indices = np.arange(400)
    lines = source.batch(indices)
    joined, kept = Joining(0.3, seed=3, space=None)(lines, indices, step=5)
    pairs = 400 - len(joined.images)
    assert 40 <= pairs <= 80  # 60 expected
    assert joined.lengths.sum() == lines.lengths.sum() and len(kept) == len(joined.images)
    counts = np.bincount(joined.class_ids.ravel(), minlength=len(ALPHABET))[1:]
    assert counts.tolist() == np.bincount(lines.class_ids.ravel(), minlength=7)[1:].tolist()
    again = Joining(0.3, seed=3, space=None)(lines, indices, step=6)[1]
    assert again.tolist() != kept.tolist()


def test_lines_that_would_be_too_wide_stay_apart() -> None:
    join = Joining(1.0, seed=3, space=None)
    lines = two_lines((640, 640))
    assert len(join(lines, np.array([0, 1]), step=0)[0].images) == 2
    assert join.longest_px(280) == 592 and join.longest_px(900) == MAX_JOINED_PX
    assert join.longest_px(2_000) == 2_000


def test_the_ground_passes_from_one_line_to_the_other() -> None:
    left, right = np.full((32, 5), 100, np.uint8), np.full((32, 7), 130, np.uint8)
    assert side_by_side(left, right, 2)[0].tolist() == [*[100] * 5, 110, 120, *[130] * 7]


def test_a_run_on_joined_lines_learns(tmp_path: Path) -> None:
    run(tmp_path, joined=1.0, max_steps=60, batch_size=32, lr=1e-2, alignment_lines=640)
    losses = [record["loss"] for record in metrics(tmp_path) if record["kind"] == "train"]
    assert losses[-1] < 0.6 * losses[0]
