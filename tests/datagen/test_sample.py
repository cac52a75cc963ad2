"""Columns of lines: cut, joined, replaced."""

import numpy as np
import pytest

from datagen.sample import LabelTable, Samples, unknown_centres, unknown_meta


def _samples(texts: list[str], first: int = 0, *, extras: bool = True) -> Samples:
    """Lines whose every column tells the line it belongs to."""
    meta = unknown_meta(len(texts))
    meta["index"] = first + np.arange(len(texts))
    centres = unknown_centres(texts)
    for row, text in enumerate(texts):
        centres[row, : len(text)] = 100 * (first + row) + np.arange(len(text))
    quads = np.repeat(centres, 8, axis=1).reshape(*centres.shape, 4, 2)
    names = [f"{first + row}".encode() for row in range(len(texts))]
    masks = [b"mask " + name for name in names]
    return Samples(
        names, texts, meta, centres, quads if extras else None, masks if extras else None
    )


def _check(samples: Samples, indices: list[int], texts: list[str]) -> None:
    assert samples.images == [f"{index}".encode() for index in indices]
    assert samples.texts == texts and len(samples) == len(texts)
    assert samples.meta["index"].tolist() == indices
    assert samples.quads is not None
    for row, (index, text) in enumerate(zip(indices, texts, strict=True)):
        known = samples.centres[row, : len(text)]
        assert known.tolist() == [100 * index + i for i in range(len(text))]
        assert np.isnan(samples.centres[row, len(text) :]).all()
        assert np.array_equal(samples.quads[row, :, 2, 1], samples.centres[row], equal_nan=True)
    assert samples.masks == [f"mask {index}".encode() for index in indices]


def test_take_gives_lines_in_the_order_asked_for() -> None:
    _check(_samples(["ab", "c", "def"]).take([2, 0]), [2, 0], ["def", "ab"])


def test_concatenate_pads_the_shorter_part() -> None:
    parts = [_samples(["ab"]), _samples(["cdef", "g"], 1)]
    _check(Samples.concatenate(parts), [0, 1, 2], ["ab", "cdef", "g"])
    labels = LabelTable.concatenate([part.labels for part in parts])
    assert len(labels) == 3 and labels.texts == ["ab", "cdef", "g"]
    assert labels.centres.shape == (3, 4) and labels.meta["index"].tolist() == [0, 1, 2]


def test_nothing_joined_is_nothing() -> None:
    assert len(Samples.concatenate([])) == len(LabelTable.concatenate([])) == 0


def test_quads_and_masks_are_kept_only_where_every_part_has_them() -> None:
    joined = Samples.concatenate([_samples(["a"]), _samples(["b"], 1, extras=False)])
    assert joined.quads is None and joined.masks is None and len(joined) == 2


@pytest.mark.parametrize("new", [["vwxyz", "u"], ["", "u"]])
def test_replaced_rows_may_be_longer_or_shorter(new: list[str]) -> None:
    replaced = _samples(["ab", "cd", "efg", "h"]).replace_rows(np.array([3, 1]), _samples(new, 8))
    _check(replaced, [0, 9, 2, 8], ["ab", new[1], "efg", new[0]])


def test_scatter_puts_each_line_at_its_position() -> None:
    parts = [
        (np.array([3, 0]), _samples(["abc", "d"], 10)),
        (np.array([1, 2]), _samples(["e", "fghi"], 20)),
    ]
    _check(Samples.scatter(parts), [11, 20, 21, 10], ["d", "e", "fghi", "abc"])


def test_a_table_has_as_many_lines_as_labels() -> None:
    samples = _samples(["ab", "c"])
    assert len(samples.labels) == len(samples) == 2
