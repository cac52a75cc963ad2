"""Packed lines as training reads them."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from datagen.alphabet import Alphabet
from datagen.data_sets.line_dataset import LineDataset, parse_data
from datagen.errors import AlphabetError, ImageError, ShardError
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.tar.shard import TarShardWriter
from datagen.images import decode, encode_jpeg
from datagen.line_geometry import scaled_width
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.sample import Samples
from datagen.split import Split
from ocrbase.errors import SettingsError
from tests.support.samples import ALPHABET, make_render, make_render_with_a_bad_image, make_samples


def _dataset(tmp_path: Path, name: str = "a", n: int = 90, **of_render: object) -> Path:
    render = make_render(tmp_path / name / "render", n, **of_render)  # type: ignore[arg-type]
    out = tmp_path / name / "lmdb"
    pack(PackSettings(inputs=(str(render),), out=str(out), split=0.9, shard_size=25, jobs=1))
    return out


def test_batches_hold_what_was_packed(tmp_path: Path) -> None:
    out = _dataset(tmp_path)
    data = pickle.loads(pickle.dumps(LineDataset([(out, None)])))
    rows = [len(data) - 1, 0, 30, 29]
    batch = data.batch(rows)
    samples = LmdbReader(out, Split.TRAIN).read(rows)
    np.testing.assert_array_equal(np.stack(batch.images), decode(samples.images))
    texts = [ALPHABET.decode(ids) for ids in batch.class_ids.tolist()]
    assert texts == samples.texts == data.texts_of(rows)
    np.testing.assert_array_equal(batch.centres, samples.centres)
    assert batch.lengths.tolist() == [10] * 4 and batch.widths.tolist() == [280] * 4


def test_several_datasets_are_numbered_through(tmp_path: Path) -> None:
    first, second = _dataset(tmp_path, "a"), _dataset(tmp_path, "b", width=200)
    data = LineDataset([(first, 3.0), (second, 1.0)])
    alone = [LineDataset([(path, None)]) for path in (first, second)]
    assert [(p.start, len(p.reader), p.weight) for p in data.parts] == [
        (0, len(alone[0]), 3.0),
        (len(alone[0]), len(alone[1]), 1.0),
    ]
    assert data.widths.tolist() == [280] * len(alone[0]) + [200] * len(alone[1])
    both = data.batch([len(alone[0]) + 4, 4])
    assert both.widths.tolist() == [200, 280]
    for image, source in zip(both.images, reversed(alone), strict=True):
        np.testing.assert_array_equal(image, source.batch([4]).images[0])
    assert len({data.fingerprint, alone[0].fingerprint, alone[1].fingerprint}) == 3


@pytest.mark.parametrize("workers", [0, 2])
def test_any_data_loader_takes_it(tmp_path: Path, workers: int) -> None:
    from torch.utils.data import DataLoader

    data = LineDataset([(_dataset(tmp_path, "a"), None), (_dataset(tmp_path, "b", 40), None)])
    loader = DataLoader(data, batch_size=32, num_workers=workers)
    images, texts = [], []
    for pixels, labels in loader:  # (N, 32, 280), N labels
        images.append(pixels.numpy())
        texts += labels
    every = np.arange(len(data))
    assert texts == data.texts_of(every)
    np.testing.assert_array_equal(np.concatenate(images), np.stack(data.batch(every).images))


def test_single_lines_and_the_end(tmp_path: Path) -> None:
    data = LineDataset([(_dataset(tmp_path), None)])
    image, text = data[-1]
    np.testing.assert_array_equal(image, data.batch([len(data) - 1]).images[0])
    assert [text] == data.texts_of([len(data) - 1])
    assert len(list(iter(data))) == len(data)  # which ends at the first IndexError
    for index in (len(data), -len(data) - 1):
        with pytest.raises(IndexError, match="position outside"):
            data[index]


def test_images_of_another_height_are_scaled_in_proportion(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 4, shard_size=4)
    samples = make_samples(range(4))
    big = np.repeat(np.repeat(decode(samples.images), 2, axis=1), 2, axis=2)[:, :, :500]
    meta = samples.meta.copy()
    meta["height"], meta["width"] = 64, 500
    with TarShardWriter(render / "shard-00000") as writer:
        writer.write(
            Samples([encode_jpeg(image) for image in big], samples.texts, meta, samples.centres * 2)
        )
    pack(PackSettings(inputs=(str(render),), out=str(tmp_path / "lmdb"), split=1.0, jobs=1))
    data = LineDataset([(tmp_path / "lmdb", None)])
    batch = data.batch(range(4))
    assert data.widths.tolist() == batch.widths.tolist() == [250] * 4 == [scaled_width(64, 500)] * 4
    np.testing.assert_allclose(batch.centres, samples.centres, atol=0.05)
    difference = np.abs(batch.images[0].astype(int) - decode(samples.images)[0][:, :250])
    assert difference.mean() < 8


def test_widths_of_mixed_shards_come_without_decoding(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 6, shard_size=6)
    with TarShardWriter(render / "shard-00000") as writer:
        writer.write(make_samples(range(3), width=100))
        writer.write(make_samples(range(3, 6), width=90))
    pack(PackSettings(inputs=(str(render),), out=str(tmp_path / "lmdb"), split=1.0, jobs=1))
    data = LineDataset([(tmp_path / "lmdb", None)])
    assert data.widths.tolist() == [100] * 3 + [90] * 3 == data.batch(range(6)).widths.tolist()


def test_labels_outside_the_alphabet_are_refused_at_once(tmp_path: Path) -> None:
    out = _dataset(tmp_path)
    narrow = Alphabet(tuple(s for s in ALPHABET.symbols if s not in ("a", "测")))
    with pytest.raises(AlphabetError, match=r"lmdb: labels hold 'a', '测', not among the 39"):
        LineDataset([(out, None)], alphabet=narrow)


def test_another_alphabet_that_holds_all_labels_gives_its_own_classes(tmp_path: Path) -> None:
    out = _dataset(tmp_path)
    wide = Alphabet(("", "龘", *ALPHABET.characters))
    own, other = LineDataset([(out, None)]), LineDataset([(out, None)], alphabet=wide)
    np.testing.assert_array_equal(own.batch([3]).class_ids + 1, other.batch([3]).class_ids)


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 4)
    pack(PackSettings(inputs=(str(render),), out=str(tmp_path / "lmdb"), split=1.0, jobs=1))
    with pytest.raises(ShardError, match=r"no val lines in .*lmdb"):
        LineDataset([(tmp_path / "lmdb", None)], Split.VAL)


def test_an_image_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    render = make_render_with_a_bad_image(tmp_path / "render")
    pack(PackSettings(inputs=(str(render),), out=str(tmp_path / "lmdb"), split=1.0, jobs=1))
    with pytest.raises(ImageError, match="shard_00000: image-000000003 cannot be decoded"):
        LineDataset([(tmp_path / "lmdb", None)]).batch(range(4))


def test_data_specs_are_paths_with_or_without_weights() -> None:
    assert parse_data(["data/lmdb", "real:0.5", "C:/x", "a:b:2"]) == [
        (Path("data/lmdb"), None),
        (Path("real"), 0.5),
        (Path("C:/x"), None),
        (Path("a:b"), 2.0),
    ]
    with pytest.raises(SettingsError, match=r"weight of a data set must be .* data/lmdb:0"):
        parse_data(["data/lmdb:0"])
