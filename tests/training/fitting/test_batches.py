"""Batches of a step: lines are prepared as inference prepares them, grouped by padded width."""

import numpy as np

from datagen.line_images import prepare
from tests.support.bar_lines import BarLines, BarSource
from training.fitting.batches import make_batches
from training.model.preprocess import bucket_width


def test_light_on_dark_lines_train_as_they_will_be_read() -> None:
    lines = BarSource(6, widths=(80, 120)).batch(np.arange(6))
    negative = BarLines(
        [255 - image for image in lines.images], lines.class_ids, lines.lengths, lines.centres
    )
    for dark, light in zip(
        make_batches(lines, np.arange(6)), make_batches(negative, np.arange(6)), strict=True
    ):
        assert np.array_equal(dark.images, light.images)
        for row, index in enumerate(dark.indices.tolist()):
            pixels = prepare(lines.images[index]).pixels
            assert np.array_equal(dark.images[row, :, : pixels.shape[1]], pixels)


def test_wide_lines_come_in_smaller_batches() -> None:
    lines = BarSource(90, widths=(80, 300)).batch(np.arange(90))
    whole = make_batches(lines, np.arange(90), least=16)
    assert [batch.images.shape[2] for batch in whole] == [80, 320]
    cut = make_batches(lines, np.arange(90), least=16, columns=20 * 320)
    assert {batch.images.shape[2] for batch in cut} == {80, 320} and len(cut) >= 3
    assert all(len(batch) * batch.images.shape[2] <= 20 * 320 for batch in cut)
    indices = np.concatenate([batch.indices.numpy() for batch in cut])
    assert sorted(indices.tolist()) == list(range(90))


def test_batches_for_a_gpu_are_of_few_shapes() -> None:
    source = BarSource(4000, widths=tuple(range(40, 700, 7)))
    shapes = set()
    for start in range(0, 4000, 400):
        indices = np.arange(start, start + 400)
        lines = source.batch(indices)
        batches = make_batches(lines, indices, least=16, alike=True)
        shapes |= {tuple(batch.images.shape) for batch in batches}
        assert sorted(np.concatenate([b.indices for b in batches]).tolist()) == indices.tolist()
        own = np.sort([image.shape[1] for image in lines.images])
        assert {b.images.shape[2] for b in batches} == {
            bucket_width(int(part[-1])) for part in np.split(own, 4)
        }
    assert {lines for lines, _, _ in shapes} <= {100, 200, 300, 400} and len(shapes) < 16
    alone = BarSource(8, widths=(280,)).batch(np.arange(8))
    (batch,) = make_batches(alone, np.arange(8), alike=True)  # of one width: not divided
    assert len(batch) == 8 and batch.images.shape[2] == 280
    (single,) = make_batches(BarSource(1).batch(np.arange(1)), np.arange(1), alike=True)
    assert len(single) == 1
