"""One numbering through several parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.formats.spans import Spans


@given(st.lists(st.integers(0, 9), max_size=12), st.data())
def test_every_position_is_found_in_its_part(counts: list[int], data: st.DataObject) -> None:
    spans = Spans.of(counts)
    owners = [(part, row) for part, count in enumerate(counts) for row in range(count)]
    assert len(spans) == len(counts) and spans.total == len(owners)
    assert spans.counts().tolist() == counts
    wanted = data.draw(st.lists(st.sampled_from(range(len(owners))))) if owners else []
    located = {}
    for part, at, rows in spans.locate(wanted):
        located |= {where: (part, row) for where, row in zip(at.tolist(), rows, strict=True)}
    assert located == {where: owners[position] for where, position in enumerate(wanted)}
    for part in range(len(counts)):
        assert [owners[position][0] for position in spans.span(part)] == [part] * counts[part]


@pytest.mark.parametrize("position", [-1, 5])
def test_a_position_outside_is_refused(position: int) -> None:
    with pytest.raises(IndexError, match=r"outside \[0, 5\)"):
        list(Spans.of([2, 0, 3]).locate(np.array([0, position])))
