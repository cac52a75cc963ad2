"""Tar shards, their sidecars, and folders of them."""

import errno
import io
import os
import pickle
import signal
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.errors import ShardError
from datagen.formats.manifest import read_manifest
from datagen.formats.tar import shard as tar_shard
from datagen.formats.tar.reader import RenderReader, finished_shards, shard_stem
from datagen.formats.tar.shard import TarShard, TarShardWriter
from datagen.formats.tar.sidecar import split_text
from datagen.sample import META_DTYPE, Samples
from ocrbase import publishing as publish
from ocrbase.errors import DiskError
from ocrbase.publishing import leftovers
from tests.support.paths import ROOT
from tests.support.samples import make_render, make_samples


def _write(stem: Path, *batches: Samples) -> Path:
    with TarShardWriter(stem) as writer:
        for batch in batches:
            writer.write(batch)
    return stem


def _same(left: Samples, right: Samples) -> None:
    assert left.images == right.images
    assert left.texts == right.texts
    assert left.meta.tobytes() == right.meta.tobytes()
    np.testing.assert_array_equal(left.centres, right.centres)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    samples = make_samples(range(100, 120), with_masks=True)
    shard = TarShard(_write(tmp_path / "shard-00000", samples))
    read = shard.read(range(20))
    _same(read, samples)
    assert read.masks == samples.masks
    assert read.quads is not None and read.quads.shape == (20, 10, 4, 2)
    backwards = shard.read([19, 3, 3])
    assert backwards.images == [samples.images[19], samples.images[3], samples.images[3]]


def test_far_apart_samples_are_read_without_the_span_between(tmp_path: Path) -> None:
    samples = make_samples(range(200))
    shard = TarShard(_write(tmp_path / "s", samples))
    assert shard.read([0, 199]).images == [samples.images[0], samples.images[199]]


def test_tarfile_reads_the_members_in_order(tmp_path: Path) -> None:
    samples = make_samples([7, 123456789], with_masks=True)
    stem = _write(tmp_path / "s", samples)
    with tarfile.open(f"{stem}.tar") as archive:
        members = archive.getmembers()
        names = [member.name for member in members]
        contents = [archive.extractfile(member).read() for member in members]  # type: ignore[union-attr]
    keys = ("000000007", "123456789")
    assert names == [f"{key}.{part}" for key in keys for part in ("jpg", "txt", "mask.png")]
    assert contents[0] == samples.images[0]
    assert contents[4].decode() == samples.texts[1]
    assert all(m.mtime == m.uid == m.gid == 0 and m.uname == m.gname == "" for m in members)


def test_bytes_equal_those_of_tarfile(tmp_path: Path) -> None:
    samples = make_samples([0, 1])
    stem = _write(tmp_path / "s", samples)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for i in range(2):
            for suffix, data in (("jpg", samples.images[i]), ("txt", samples.texts[i].encode())):
                member = tarfile.TarInfo(f"{i:09d}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    assert Path(f"{stem}.tar").read_bytes() == buffer.getvalue()


def test_bytes_depend_neither_on_batches_nor_on_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = [make_samples([i]) for i in range(6)]
    whole = _write(tmp_path / "whole", make_samples(range(6)))
    monkeypatch.setattr("time.time", lambda: 2e9)
    parts = _write(tmp_path / "parts", *samples)
    for suffix in (".tar", ".npz"):
        assert Path(f"{whole}{suffix}").read_bytes() == Path(f"{parts}{suffix}").read_bytes()


def test_numpy_alone_opens_the_sidecar(tmp_path: Path) -> None:
    samples = make_samples(range(3))
    stem = _write(tmp_path / "s", samples)
    data = Path(f"{stem}.tar").read_bytes()
    with np.load(f"{stem}.npz", allow_pickle=False) as table:
        assert int(table["version"]) == 1
        assert int(table["tar_size"]) == len(data)
        offset, size = int(table["image_offset"][2]), int(table["image_size"][2])
        assert set(META_DTYPE.names or ()) <= set(table.files)
    assert data[offset : offset + size] == samples.images[2]


def test_labels_of_differing_length_keep_their_centres(tmp_path: Path) -> None:
    short, long = make_samples([0], labels=["ab"]), make_samples([1], labels=["abcdef"])
    shard = TarShard(_write(tmp_path / "s", short, long))
    _same(shard.read([0]), short)
    _same(shard.read([1]), long)
    assert np.isnan(shard.read([0, 1]).centres[0, 2:]).all()


def test_a_writer_that_raises_publishes_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="drawing failed"), TarShardWriter(tmp_path / "s") as w:
        w.write(make_samples(range(3)))
        raise RuntimeError("drawing failed")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_shard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match="no samples to write"), TarShardWriter(tmp_path / "s"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_kill_leaves_only_a_hidden_file_that_the_next_attempt_removes(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import os, signal
        from pathlib import Path
        from datagen.formats.tar.shard import TarShardWriter
        from tests.support.samples import make_samples
        with TarShardWriter(Path({str(tmp_path / "s")!r})) as writer:
            writer.write(make_samples(range(5)))
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == -signal.SIGKILL
    assert leftovers(tmp_path / "s.tar") == list(tmp_path.iterdir()) != []
    _write(tmp_path / "s", make_samples(range(5)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.npz", "s.tar"]


def test_two_attempts_at_one_shard_both_end_well(tmp_path: Path) -> None:
    samples = make_samples(range(4))
    with TarShardWriter(tmp_path / "s") as slow:
        slow.write(samples)
        _write(tmp_path / "s", samples)
    _same(TarShard(tmp_path / "s").read(range(4)), samples)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_is_one_line_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = _write(tmp_path / "kept", make_samples(range(2)))

    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tar_shard, "flush", no_space)
    with pytest.raises(DiskError, match=r"the disk is full at .*lost\.tar; nothing that was"):
        _write(tmp_path / "lost", make_samples(range(2)))
    monkeypatch.setattr(publish, "flush", no_space)
    monkeypatch.setattr(tar_shard, "flush", lambda descriptor: None)
    with pytest.raises(DiskError, match="the disk is full"):
        _write(tmp_path / "lost", make_samples(range(2)))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept.npz", "kept.tar"]
    assert len(TarShard(kept)) == 2


def test_a_fifo_in_place_of_a_tar_does_not_hang(tmp_path: Path) -> None:
    shard = TarShard(_write(tmp_path / "x", make_samples([0])))
    shard.tar.unlink()
    os.mkfifo(shard.tar)
    with pytest.raises(ShardError, match="it is a fifo, not a regular file"):
        shard.read([0])


def test_a_truncated_tar_is_named(tmp_path: Path) -> None:
    stem = _write(tmp_path / "s", make_samples(range(4)))
    os.truncate(f"{stem}.tar", 5000)
    with pytest.raises(ShardError, match=r"s\.tar has 5000 bytes, its sidecar says 30720"):
        TarShard(stem)


@pytest.mark.parametrize("size", [0, 100, 2000])
def test_a_truncated_sidecar_is_named(tmp_path: Path, size: int) -> None:
    stem = _write(tmp_path / "s", make_samples(range(4)))
    os.truncate(f"{stem}.npz", size)
    with pytest.raises(ShardError, match=r"s\.npz is truncated or damaged"):
        TarShard(stem)


def test_a_missing_sidecar_or_tar_is_named(tmp_path: Path) -> None:
    stem = _write(tmp_path / "s", make_samples(range(4)))
    Path(f"{stem}.tar").unlink()
    with pytest.raises(ShardError, match=r"s\.tar is missing"):
        TarShard(stem)
    Path(f"{stem}.npz").unlink()
    with pytest.raises(ShardError, match=r"s\.npz is missing"):
        TarShard(stem)


def test_columns_of_differing_length_are_refused(tmp_path: Path) -> None:
    good = make_samples(range(3))
    bad = Samples(good.images, good.texts[:2], good.meta, good.centres)
    with pytest.raises(ShardError, match="differ in length"):
        _write(tmp_path / "s", bad)


def test_an_index_of_ten_digits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match="1000000000 has over nine digits"):
        _write(tmp_path / "s", make_samples([10**9]))


def test_a_folder_reads_as_one(tmp_path: Path) -> None:
    folder = make_render(tmp_path / "news", 130, shard_size=50)
    reader = pickle.loads(pickle.dumps(RenderReader(folder)))
    assert len(reader) == 130
    assert finished_shards(folder) == {0, 1, 2}
    order = [129, 0, 51, 50, 49, 7]
    _same(reader.read(order), make_samples(order))
    tables = list(reader.tables())
    assert [start for start, _ in tables] == [0, 50, 100]
    assert [text for _, t in tables for text in t.texts] == make_samples(range(130)).texts
    sizes = [len(image) for image in reader.read(order).images]
    assert reader.image_sizes(order).tolist() == sizes
    assert reader.info.faces == ("Song", "Kai")


def test_a_folder_with_a_missing_shard_is_refused_or_read_in_part(tmp_path: Path) -> None:
    folder = make_render(tmp_path / "news", 130, shard_size=50)
    shard_stem(folder, 1).with_suffix(".tar").unlink()
    with pytest.raises(ShardError, match=r"lacks 1 of 3 shards \(shard-00001\).*--partial"):
        RenderReader(folder, partial=False)
    assert RenderReader(folder, partial=True).read([50]).texts == make_samples([100]).texts


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match=r"holds no manifest\.json: no folder that ocrgen render"):
        RenderReader(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"manifest\.json is no valid JSON"),
        ('{"format": "other"}', "of the format 'other'"),
        ('{"format": "ocrgen-render", "version": 9}', "of version 9, this program reads 1"),
    ],
)
def test_a_bad_manifest_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ShardError, match=message):
        read_manifest(tmp_path)


@given(st.lists(st.text(alphabet="ab中文é🀄", max_size=5), max_size=20))
def test_labels_in_a_row_of_bytes_come_apart_again(labels: list[str]) -> None:
    raw = [label.encode() for label in labels]
    ends = np.cumsum([len(part) for part in raw], dtype=np.int64)
    assert split_text(np.frombuffer(b"".join(raw), np.uint8), ends) == labels
