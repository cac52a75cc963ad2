"""LMDB shards: the layout, the writer, readers across processes."""

import multiprocessing
import os
import pickle
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import lmdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.errors import ShardError
from datagen.formats.lmdb import layout
from datagen.formats.lmdb.handles import release
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.lmdb.shards import LmdbFolder, LmdbShardWriter
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.sample import META_DTYPE, Samples
from datagen.split import Split
from ocrbase.errors import DiskError
from tests.support.paths import ROOT
from tests.support.samples import make_render, make_samples


def _write(folder: Path, *batches: Samples, map_size: int = 64 << 20) -> LmdbFolder:
    with LmdbShardWriter(folder, map_size) as writer:
        for batch in batches:
            writer.write(batch)
    return LmdbFolder(folder)


def test_the_keys_and_values_of_the_layout(tmp_path: Path) -> None:
    samples = make_samples([5, 6], labels=["测试ab", "abc"])
    _write(tmp_path / "shard_00000", samples)
    assert [p.name for p in (tmp_path / "shard_00000").iterdir()] == ["data.mdb"]
    path = str(tmp_path / "shard_00000")
    with lmdb.open(path, readonly=True, lock=False) as env, env.begin() as transaction:
        entries = dict(transaction.cursor())
    assert list(entries) == [
        b"image-000000001", b"image-000000002", b"label-000000001", b"label-000000002",
        b"meta-000000001", b"meta-000000002", b"num-samples", b"wh-000000001", b"wh-000000002",
    ]  # fmt: skip
    assert entries[b"num-samples"] == b"2"
    assert entries[b"image-000000001"] == samples.images[0]
    assert entries[b"label-000000001"] == "测试ab".encode()
    assert entries[b"wh-000000002"] == b"280_32"


def test_the_bytes_of_a_meta_entry_are_fixed(tmp_path: Path) -> None:
    samples = make_samples([5], labels=["ab"], sentences=[0x0123456789ABCDEF])
    (value,) = _write(tmp_path / "s", samples).values("meta", [0])
    head = "010500000000000000efcdab89674523010000010020001801000000"
    effects = struct.pack("<15e", 24.0, *[float("nan")] * 14).hex()
    assert META_DTYPE.itemsize == 57 and len(value) == 1 + 57 + 4 + 2 * 2
    assert value[:58].hex() == head + effects
    assert struct.unpack("<2H", value[62:]) == (168, 584)  # 10.5 and 36.5 pixels, in sixteenths


def test_centres_that_are_not_known_cost_nothing_or_are_marked(tmp_path: Path) -> None:
    samples = make_samples(range(3))
    samples.centres[0] = np.nan
    samples.centres[1, 4] = np.nan
    values = _write(tmp_path / "s", samples).values("meta", range(3))
    assert [len(value) for value in values] == [62, 82, 82]
    _, _, centres = layout.decode_meta(values, 10)
    np.testing.assert_allclose(centres, samples.centres, atol=1 / 32)


def test_a_writer_that_raises_publishes_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), LmdbShardWriter(tmp_path / "s", 1 << 24) as writer:
        writer.write(make_samples(range(3)))
        raise RuntimeError("reading failed")
    assert list(tmp_path.iterdir()) == []


def test_two_attempts_at_one_shard_both_end_well(tmp_path: Path) -> None:
    samples = make_samples(range(4))
    with LmdbShardWriter(tmp_path / "s", 1 << 24) as slow:
        slow.write(samples)
        (tmp_path / "s").mkdir()
        other = _write(tmp_path / "other", samples)
        (tmp_path / "other" / "data.mdb").rename(tmp_path / "s" / "data.mdb")
        release(other.folder)
    assert LmdbFolder(tmp_path / "s").values("image", range(4)) == samples.images
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other", "s"]


@pytest.mark.parametrize("reason", ["No space left on device", "Input/output error"])
def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    def full(*_: object) -> None:
        raise lmdb.Error(f"mdb_txn_commit: {reason}")

    usage = shutil.disk_usage(tmp_path)._replace(free=5000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(LmdbShardWriter, "_append", full)
    with pytest.raises(DiskError, match=r"the disk is full at .*/s; nothing that was"):
        _write(tmp_path / "s", make_samples(range(3)))
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 60_000), min_size=1, max_size=60)
    | st.lists(st.integers(1900, 4200), min_size=50, max_size=400)
)
def test_the_map_is_large_enough_for_images_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    samples = make_samples(range(len(sizes)), labels=["x" * 30] * len(sizes))
    images = [os.urandom(size) for size in sizes]
    filled = Samples(images, samples.texts, samples.meta, samples.centres)
    labels = 30 * len(sizes)
    size = layout.map_size(np.array(sizes), labels, labels)
    folder = tmp_path_factory.mktemp("map") / "s"
    # The reserve for bookkeeping would hide a wrong sum of the rest.
    shard = _write(folder, filled, map_size=size - (3 << 20))
    assert (folder / "data.mdb").stat().st_size <= size - (3 << 20)
    assert shard.values("image", range(len(sizes))) == images
    release(folder)


def test_the_file_takes_only_what_it_uses_of_the_map(tmp_path: Path) -> None:
    _write(tmp_path / "s", make_samples(range(3)), map_size=1 << 34)
    assert (tmp_path / "s" / "data.mdb").stat().st_blocks * 512 < 1 << 20
    assert (tmp_path / "s" / "data.mdb").stat().st_size < 1 << 20


def test_labels_longer_than_foreseen_make_the_map_grow(tmp_path: Path) -> None:
    samples = make_samples(range(50), labels=["长" * 5000] * 50)
    size = layout.map_size(np.array([len(image) for image in samples.images]), 0, 0)
    assert len(_write(tmp_path / "s", samples, map_size=size - (4 << 20) + (1 << 18))) == 50


def test_missing_keys_and_files_are_named(tmp_path: Path) -> None:
    shard = _write(tmp_path / "s", make_samples(range(3)))
    with pytest.raises(ShardError, match="has no entry image-000000004"):
        shard.values("image", [2, 3])
    with pytest.raises(ShardError, match=r"holds no data\.mdb"):
        LmdbFolder(tmp_path / "none").values("image", [0])
    for size, message in ((0, "no meta pages"), (9000, "no meta pages")):
        folder = tmp_path / f"bad{size}"
        folder.mkdir()
        (folder / "data.mdb").write_bytes(bytes(size))
        with pytest.raises(ShardError, match=message):
            LmdbFolder(folder).values("image", [0])


def test_a_truncated_dataset_is_named(tmp_path: Path) -> None:
    out = _dataset(tmp_path, 60)
    path = out / "train" / "shard_00000" / "data.mdb"
    os.truncate(path, path.stat().st_size - 4096)
    with pytest.raises(ShardError, match=r"train/shard_00000/data\.mdb has \d+ bytes, the manif"):
        LmdbReader(out)


def test_a_replaced_folder_is_opened_anew(tmp_path: Path) -> None:
    shard = _write(tmp_path / "s", make_samples(range(3)))
    first = shard.values("label", [0])
    (tmp_path / "s").rename(tmp_path / "old")
    _write(tmp_path / "s", make_samples(range(10, 13)))
    assert shard.values("label", [0]) != first


def _dataset(tmp_path: Path, n: int) -> Path:
    render = make_render(tmp_path / "news", n)
    out = tmp_path / "lmdb"
    pack(PackSettings(inputs=(str(render),), out=str(out), split=0.9, shard_size=25, jobs=1))
    return out


def _labels(reader: LmdbReader) -> list[str]:
    return reader.read(range(len(reader))).texts


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_readers_work_in_other_processes(tmp_path: Path, method: str) -> None:
    reader = LmdbReader(_dataset(tmp_path, 60))
    here = _labels(reader)  # opens the shards before the fork
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(_labels, [reader] * 4) == [here] * 4
    assert _labels(pickle.loads(pickle.dumps(reader))) == here


def test_one_split_or_both(tmp_path: Path) -> None:
    out = _dataset(tmp_path, 60)
    train, val = LmdbReader(out, Split.TRAIN), LmdbReader(out / "val")
    assert _labels(LmdbReader(out)) == _labels(train) + _labels(val)
    assert len(val) == 6
    sizes = [len(image) for image in train.read(range(20, 40)).images]
    assert train.image_sizes(range(20, 40)).tolist() == sizes
    with pytest.raises(IndexError):
        train.read([len(train)])


def test_more_shards_than_files_may_be_open(tmp_path: Path) -> None:
    """The limit of most systems is 1,024, and any process may raise its own."""
    _write(tmp_path / "0", make_samples([5]))
    for number in range(1, 80):
        shutil.copytree(tmp_path / "0", tmp_path / str(number))
    opened = (
        "import resource, sys; from pathlib import Path;"
        "from datagen.formats.lmdb import handles;"
        "from ocrbase import open_files; open_files.OTHER_FILES = 40;"
        "_, hard = resource.getrlimit(resource.RLIMIT_NOFILE);"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard));"
        "print(len([handles.environment(Path(sys.argv[1], str(k))) for k in range(80)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", opened, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "80\n", done.stderr
