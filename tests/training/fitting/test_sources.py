"""Where training takes its lines from: what is known of stored lines before they are read."""

import json
from pathlib import Path

import numpy as np
import pytest

from datagen.data_sets.line_dataset import LineDataset
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.manifest import FILE
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.split import Split
from tests.support.samples import label_of, make_render
from training.fitting.sources import StoredLines
from training.model.networks import output_length

CROWDED = "aabbccddee"  # fifteen time steps


def steps_of(width_px: int) -> int:
    return output_length("crnn", width_px)


def packed(tmp_path: Path, width: int) -> Path:
    """Twelve lines, of which only number 7 does not fit 13 time steps."""
    labels = [CROWDED if i == 7 else label_of(i) for i in range(12)]
    render = make_render(tmp_path / "render", 12, shard_size=12, width=width, labels=labels)
    settings = PackSettings(
        inputs=(str(render),), out=str(tmp_path / "lmdb"), split=1.0, shard_size=2, jobs=1
    )
    pack(settings)
    return tmp_path / "lmdb"


def crowded(folder: Path) -> list[tuple[str, str]]:
    """The infeasible lines: their label, and what stands at the index that is named."""
    lines = StoredLines(LineDataset([(folder, None)], Split.TRAIN))
    reader = LmdbReader(folder, Split.TRAIN)
    wrong = lines.facts().infeasible(steps_of)
    return [(label, reader.read(np.array([index])).texts[0]) for index, label in wrong]


def test_labels_that_do_not_fit_are_named_from_their_shard_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = packed(tmp_path, width=48)
    read: list[int] = []
    texts_of = LineDataset.texts_of

    def counted(self: LineDataset, indices: np.ndarray) -> list[str]:
        read.append(len(indices))
        return texts_of(self, indices)

    monkeypatch.setattr(LineDataset, "texts_of", counted)
    assert crowded(folder) == [(CROWDED, CROWDED)]
    assert read == [2]


def test_labels_are_not_read_where_all_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = packed(tmp_path, width=64)
    monkeypatch.setattr(LineDataset, "texts_of", None)
    assert crowded(folder) == []


def test_data_packed_before_most_steps_was_kept_is_read(tmp_path: Path) -> None:
    folder = packed(tmp_path, width=48)
    manifest = json.loads((folder / FILE).read_text(encoding="utf-8"))
    for shard in manifest["shards"]:
        del shard["most_steps"]
    (folder / FILE).write_text(json.dumps(manifest), encoding="utf-8")
    assert crowded(folder) == [(CROWDED, CROWDED)]
