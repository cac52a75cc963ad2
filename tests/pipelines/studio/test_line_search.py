"""Lines found by what is known of them."""

import pytest

from datagen.render.job import render
from datagen.render.render_settings import RenderSettings
from datagen.sample import EFFECTS
from pipelines.studio.line_search import Filter, LineSearch


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> LineSearch:
    folder = tmp_path_factory.mktemp("search") / "render"
    render(RenderSettings(n=300, shard_size=200, out=str(folder), jobs=1))
    return LineSearch.open(folder)


def test_filters_agree_with_the_labels(search: LineSearch) -> None:
    assert len(search.find(Filter())) == len(search) == 300
    part = search.labels.texts[7][2:5]
    found = search.find(Filter(text=part))
    assert 7 in found
    assert found.tolist() == [i for i, text in enumerate(search.labels.texts) if part in text]
    face = int(search.labels.meta["face"][0])
    assert set(search.labels.meta["face"][search.find(Filter(face=face))]) == {face}
    size = EFFECTS.index("size_px")
    strengths = search.labels.meta["effects"][:, size]
    rows = search.find(Filter(effect=size, low=20, high=24))
    assert 0 < len(rows) < 300
    assert strengths[rows].min() >= 20 and strengths[rows].max() <= 24


def test_notes_say_what_is_known(search: LineSearch) -> None:
    samples = search.read(search.find(Filter())[:2])
    note = search.notes(samples)[1]
    assert samples.texts[1] in note and "index 1" in note and "size_px" in note
    assert search.faces[samples.meta["face"][1]] in note


def test_short_classes_are_the_rarest(search: LineSearch) -> None:
    short = search.short_classes(5)
    texts = search.labels.texts
    assert all(count == sum(symbol in text for text in texts) for symbol, count in short)
    assert max(count for _, count in short) == 0  # 300 lines leave most of 5990 classes unseen
