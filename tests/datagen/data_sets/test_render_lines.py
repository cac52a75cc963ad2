"""Renders that are read without packing: the same lines, split and errors as packed data gives."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from datagen.alphabet import Alphabet
from datagen.data_sets.line_dataset import LineDataset
from datagen.data_sets.opening import open_data, packed_rule
from datagen.errors import AlphabetError, ImageError, ShardError
from datagen.formats.lmdb.reader import LmdbReader, split_rule
from datagen.formats.tar.lines import RenderLines
from datagen.formats.tar.random_access import TarLines, _opened
from datagen.formats.tar.shard import TarShard, TarShardWriter
from datagen.images import encode_jpeg
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.sample import Samples
from datagen.split import PACKED, Split
from ocrbase.errors import SettingsError
from tests.support.samples import ALPHABET, make_render, make_render_with_a_bad_image, make_samples


def packed(out: Path, *renders: Path, share: float = 0.9) -> Path:
    inputs = tuple(map(str, renders))
    pack(PackSettings(inputs=inputs, out=str(out), split=share, shard_size=25, jobs=1))
    return out


def sentences(lines: RenderLines | LmdbReader) -> set[int]:
    return set(lines.read(range(len(lines))).meta["sentence"].tolist())


@pytest.mark.parametrize("share", [0.9, 0.5, 1.0])
def test_a_render_gives_the_lines_and_the_split_of_its_pack(tmp_path: Path, share: float) -> None:
    render = make_render(tmp_path / "render", 120, shard_size=40)
    out = packed(tmp_path / "lmdb", render, share=share)
    sets = open_data([(render, None)], share)
    assert sets.rule == split_rule(out) and not sets.obeys_packed
    for split in PACKED:
        reader = LmdbReader(out, split)
        if not len(reader):
            assert not sets.holding(split).items
            continue
        ours = LineDataset(sets, split)
        theirs = LineDataset([(out, None)], split)
        assert ours.texts_of(range(len(ours))) == theirs.texts_of(range(len(theirs)))
        assert ours.widths.tolist() == theirs.widths.tolist()
        shuffled = np.random.default_rng(0).permutation(len(ours))
        batch = pickle.loads(pickle.dumps(ours)).batch(shuffled)
        expected = theirs.batch(shuffled)
        np.testing.assert_array_equal(np.stack(batch.images), np.stack(expected.images))
        np.testing.assert_array_equal(batch.class_ids, expected.class_ids)
        np.testing.assert_allclose(batch.centres, expected.centres, atol=1 / 32)  # LMDB rounds
        counts = [part.reader.info.class_counts[split] for part in (*ours.parts, *theirs.parts)]
        np.testing.assert_array_equal(*counts)
        assert len({ours.fingerprint, theirs.fingerprint}) == 2  # orders differ, too


def test_lines_of_other_sizes_are_known_without_decoding(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 6, shard_size=6)
    with TarShardWriter(render / "shard-00000") as writer:
        writer.write(make_samples(range(3), width=100, labels=["abc", "a", "abcdefgh"]))
        tall = make_samples(range(3, 6), width=90)
        meta = tall.meta.copy()
        meta["height"], meta["width"] = 64, 500
        image = encode_jpeg(np.full((64, 500), 200, np.uint8))
        writer.write(Samples([image] * 3, tall.texts, meta, tall.centres))
    data = LineDataset(open_data([(render, None)], 1.0))
    batch = data.batch([5, 2, 0])
    assert data.widths.tolist() == [100] * 3 + [250] * 3
    assert batch.widths.tolist() == [250, 100, 100] and batch.lengths.tolist() == [10, 8, 3]
    np.testing.assert_allclose(batch.centres[0], tall.centres[2] / 2)
    assert np.isnan(batch.centres[2][3:]).all() and np.isfinite(batch.centres[1][:8]).all()


def test_no_sentence_is_torn_apart_between_renders(tmp_path: Path) -> None:
    one = make_render(tmp_path / "one", 90)
    two = make_render(tmp_path / "two", 120, width=200)  # the same sentences, and ten others
    sets = open_data([(one, None), (two, 2.0)], 0.7)
    sides = {
        split: [sentences(item.reader(split)) for item in sets.items]  # type: ignore[arg-type]
        for split in PACKED
    }
    assert sides[Split.VAL][0] & sides[Split.VAL][1]
    assert not set.union(*sides[Split.TRAIN]) & set.union(*sides[Split.VAL])
    assert sets.rule == split_rule(packed(tmp_path / "lmdb", one, two, share=0.7))


def test_renders_obey_the_split_of_packed_data_beside_them(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 120)
    out = packed(tmp_path / "lmdb", make_render(tmp_path / "other", 90), share=0.6)
    sets = open_data([(render, None), (out, None)], 0.99)
    assert sets.rule == split_rule(out) and sets.obeys_packed
    train, val = (sets.items[0].reader(split) for split in PACKED)
    assert isinstance(train, RenderLines) and isinstance(val, RenderLines)
    assert sentences(LmdbReader(out, Split.VAL)) <= sentences(val)
    assert not sentences(LmdbReader(out, Split.VAL)) & sentences(train)
    mixed = LineDataset(sets, Split.TRAIN)
    assert [len(part.reader) for part in mixed.parts] == [
        len(train),
        len(LmdbReader(out, Split.TRAIN)),
    ]
    assert mixed.batch([0, len(mixed) - 1]).widths.tolist() == [280, 280]


def test_lines_that_bring_a_split_of_their_own_keep_it(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 60, shard_size=60)
    samples = make_samples(range(60))
    samples.meta["side"] = np.where(np.arange(60) < 20, Split.VAL.code, Split.TRAIN.code)
    with TarShardWriter(render / "shard-00000") as writer:
        writer.write(samples)
    out = packed(tmp_path / "lmdb", make_render(tmp_path / "other", 90), share=0.6)
    for beside in ([], [(out, None)]):
        sets = open_data([(render, None), *beside], 0.99)
        val = sets.items[0].reader(Split.VAL)
        assert isinstance(val, RenderLines)
        assert val.read(range(len(val))).texts == samples.texts[:20]


def test_the_share_of_a_render_can_be_chosen_in_python(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 120)
    train, val = (len(LineDataset.open(render, split=s, share=0.5)) for s in ("train", "val"))
    assert train + val == 120 and 40 < val < 80 and len(LineDataset.open(render)) > 110
    with pytest.raises(SettingsError, match="share 0: give a share"):
        LineDataset.open(render, share=0)


def test_what_is_read_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 100, shard_size=50)
    before = LineDataset([(render, None)]).fingerprint
    assert before == LineDataset([(render, None)]).fingerprint
    assert before != LineDataset(open_data([(render, None)], 0.5)).fingerprint
    with TarShardWriter(render / "shard-00001") as writer:
        writer.write(make_samples(range(50, 100), width=279))
    assert before != LineDataset([(render, None)]).fingerprint


def test_random_access_reads_what_the_sidecar_says(tmp_path: Path) -> None:
    labels = ["中文测试", "a", "bb", "中c", "测", "ddd", "文e文"]
    samples = make_samples(range(40, 47), labels=labels, with_masks=True)
    with TarShardWriter(tmp_path / "shard-00004") as writer:
        writer.write(samples)
    rows = np.array([6, 0, 3, 3, 1])
    lines = TarLines.locate(tmp_path / "shard-00004", 40).encoded(rows)
    expected = TarShard(tmp_path / "shard-00004").read(rows)
    assert lines.images == expected.images and lines.texts == expected.texts
    np.testing.assert_array_equal(lines.centres, expected.centres)
    assert lines.widths.tolist() == expected.meta["width"].tolist()


def test_an_unfinished_render_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 150, shard_size=50)
    (render / "shard-00001.tar").unlink()
    with pytest.raises(
        ShardError,
        match=r"render lacks 1 of 3 shards \(shard-00001\): run the command that made it again to"
        r" complete it$",
    ):
        LineDataset([(render, None)])


def test_damage_is_named_before_training_begins(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 100, shard_size=50)
    tar, sidecar = render / "shard-00001.tar", render / "shard-00001.npz"
    whole = tar.read_bytes()
    tar.write_bytes(whole[:-512])
    with pytest.raises(ShardError, match=r"shard-00001\.tar has \d+ bytes, its sidecar says"):
        LineDataset([(render, None)])
    tar.write_bytes(whole)
    table = bytearray(sidecar.read_bytes())
    table[table.index(b"centres.npy") + 400] ^= 1  # a bit of one centre, which no bound shows
    sidecar.write_bytes(table)
    with pytest.raises(ShardError, match=r"shard-00001\.npz is truncated or damaged \(Bad CRC"):
        LineDataset([(render, None)])


def test_an_image_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    render = make_render_with_a_bad_image(tmp_path / "render")
    with pytest.raises(ImageError, match=r"shard-00000\.tar 000000002 cannot be decoded"):
        LineDataset(open_data([(render, None)], 1.0)).batch(range(4))


def test_a_shard_that_is_replaced_is_not_read_with_the_old_table(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 50)
    data = LineDataset(open_data([(render, None)], 1.0))
    before = data.batch([7])
    with TarShardWriter(render / "shard-00000") as writer:
        writer.write(make_samples(range(50), labels=["b"] * 50))
    np.testing.assert_array_equal(data.batch([7]).images[0], before.images[0])  # still open
    _opened.cache_clear()
    with pytest.raises(ShardError, match=r"shard-00000\.tar or its sidecar has been replaced"):
        data.batch([7])


def test_labels_outside_the_first_alphabet_are_refused_at_once(tmp_path: Path) -> None:
    wide = Alphabet((*ALPHABET.symbols, "龘"))
    one = make_render(tmp_path / "one", 20)
    other = make_render(tmp_path / "other", 20, alphabet=wide)
    assert len(LineDataset(open_data([(one, None), (other, None)], 1.0))) == 40
    strange = make_render(tmp_path / "strange", 3, alphabet=wide, labels=["龘", "a", "b"])
    with pytest.raises(AlphabetError, match=r"strange: labels hold '龘', not among the 41 classes"):
        LineDataset([(one, None), (strange, None)])
    assert len(LineDataset(open_data([(strange, None), (one, None)], 1.0))) == 23


def test_a_folder_of_data_sets_is_told_from_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_render(tmp_path / "renders" / name, 4)
    with pytest.raises(
        ShardError,
        match=r"renders is no data set itself, but holds 2: .* --data \S+/a --data \S+/b$",
    ):
        open_data([(tmp_path / "renders", None)])
    with pytest.raises(ShardError, match=r"nowhere holds no manifest\.json"):
        open_data([(tmp_path / "nowhere", None)])


def test_the_rule_beside_renders_is_that_of_the_first_packed_data(tmp_path: Path) -> None:
    render = make_render(tmp_path / "render", 90)
    out = packed(tmp_path / "lmdb", render, share=0.6)
    assert packed_rule([tmp_path / "nowhere", render]) is None
    assert packed_rule([render, out]) == packed_rule([out / "train"]) == split_rule(out)
