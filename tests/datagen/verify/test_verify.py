"""Verification: what is good is called good, and every kind of damage is named."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import lmdb
import msgspec
import pytest

from datagen.alphabet import Alphabet
from datagen.cli import main
from datagen.errors import ShardError
from datagen.formats.lmdb.handles import release
from datagen.formats.manifest import read_packed_manifest, write_manifest
from datagen.formats.tar.reader import RenderReader
from datagen.formats.tar.shard import TarShardWriter
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.sample import Samples
from datagen.split import PACKED, Split
from datagen.time_steps import steps_needed
from datagen.verify.job import DatasetReport, verify
from tests.support.samples import make_render, make_samples


def _verify(path: Path, **options: bool) -> DatasetReport:
    (report,) = verify((str(path),), jobs=1, **options)
    return report


def _packed(tmp_path: Path, n: int = 60, **settings: object) -> Path:
    render = make_render(tmp_path / "news", n)
    out = tmp_path / "lmdb"
    settings = {"split": 0.8, "shard_size": 30, "jobs": 1, **settings}
    pack(PackSettings(inputs=(str(render),), out=str(out), **settings))  # type: ignore[arg-type]
    return out


@pytest.mark.parametrize("quick", [False, True])
def test_good_data_is_good(tmp_path: Path, quick: bool) -> None:
    out = _packed(tmp_path)
    for path in (out, tmp_path / "news"):
        report = _verify(path, quick=quick)
        assert report.good and report.lines == report.images == 60
        assert report.duplicates == report.shared_sentences == report.shared_labels == 0


def test_quick_decodes_some_of_a_large_shard(tmp_path: Path) -> None:
    make_render(tmp_path / "news", 300, shard_size=300)
    assert _verify(tmp_path / "news", quick=True).images == 200


def _edit(out: Path, edit: Callable[[lmdb.Transaction], object]) -> None:
    """Change entries of the first training shard behind the manifest's back."""
    folder = out / "train" / "shard_00000"
    release(folder)
    with lmdb.open(str(folder), map_size=1 << 26, lock=False) as env, env.begin(write=True) as txn:
        edit(txn)
    _record_sizes(out)


def _record_sizes(out: Path) -> None:
    """Have the manifest name the sizes that the files have now."""
    manifest = read_packed_manifest(out)
    shards = [
        msgspec.structs.replace(shard, bytes=(out / shard.path / "data.mdb").stat().st_size)
        for shard in manifest.shards
    ]
    write_manifest(out, msgspec.structs.replace(manifest, shards=shards))


@pytest.mark.parametrize(
    ("edit", "kind", "text"),
    [
        (lambda t: t.put(b"label-000000003", "中文".encode()), "checksum", "image-000000003: "),
        (lambda t: t.put(b"label-000000004", "龘中".encode()), "label", "'龘中' holds '龘'"),
        (lambda t: t.put(b"label-000000004", b""), "label", "image-000000004: empty"),
        (lambda t: t.put(b"image-000000005", b"no image"), "image", "8 bytes that are cut short"),
        (lambda t: t.put(b"num-samples", b"7"), "shard", "num-samples 7, the manifest says 30"),
        (lambda t: t.put(b"extra", b"1"), "key", "122 keys instead of 121"),
        (lambda t: t.delete(b"image-000000002"), "shard", "no entry image-000000002"),
        (lambda t: t.put(b"wh-000000001", b"28_32"), "size", "wh says 28_32, meta 280_32"),
        (lambda t: t.put(b"label-000000006", b"a" * 60), "time steps", "needs 119 time steps"),
    ],
)  # fmt: skip
def test_damage_in_lmdb_is_named(
    tmp_path: Path, edit: Callable[[lmdb.Transaction], object], kind: str, text: str
) -> None:
    out = _packed(tmp_path)
    _edit(out, edit)
    report = _verify(out)
    assert report.errors[kind] >= 1
    assert any(text in offender for offender in report.offenders[kind])
    assert all("shard_00000" in offender for offender in report.offenders[kind])


def test_entries_that_were_swapped_whole_are_noticed(tmp_path: Path) -> None:
    out = _packed(tmp_path)

    def swap(transaction: lmdb.Transaction) -> None:
        for family in ("image", "label", "meta", "wh"):
            keys = [f"{family}-00000000{i}".encode() for i in (1, 2)]
            values = [transaction.get(key) for key in keys]
            for key, value in zip(keys, reversed(values), strict=True):
                transaction.put(key, value)

    _edit(out, swap)
    assert _verify(out).offenders["checksum"] == [
        f"{out}/train/shard_00000: the entries are not those of the manifest"
    ]


def test_truncated_data_is_named(tmp_path: Path) -> None:
    out = _packed(tmp_path)
    os.truncate(out / "val" / "shard_00000" / "data.mdb", 5000)
    assert "val/shard_00000/data.mdb has 5000 bytes" in _verify(out).offenders["shard"][0]
    for number in (0, 1):
        os.truncate(tmp_path / "news" / f"shard-0000{number}.tar", 3000)
    message = _verify(tmp_path / "news").offenders["shard"][0]
    assert "shard-00000.tar has 3000" in message and "shard-00001.tar has 3000" in message


def test_a_changed_byte_of_a_tar_is_named(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 60)
    data = bytearray((render / "shard-00001.tar").read_bytes())
    data[1000] ^= 0x10
    (render / "shard-00001.tar").write_bytes(data)
    report = _verify(render)
    assert list(report.errors) == ["checksum"]
    assert "shard-00001.tar 000000050: " in report.offenders["checksum"][0]


def test_a_label_of_the_tar_that_differs_from_the_sidecar_is_named(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 10, shard_size=10)
    text = make_samples([3]).texts[0].encode()
    data = (render / "shard-00000.tar").read_bytes()
    (render / "shard-00000.tar").write_bytes(data.replace(text, text[::-1]))
    assert "the tar says" in _verify(render).offenders["label"][0]


def test_a_sentence_in_both_splits_is_an_error_and_a_label_is_counted(tmp_path: Path) -> None:
    samples = make_samples(range(20), labels=["abc"] * 20, sentences=[7] * 20)
    samples.meta["side"] = [Split.TRAIN.code, Split.VAL.code] * 10
    render = make_render(tmp_path / "news", 20, shard_size=20)
    with TarShardWriter(render / "shard-00000") as writer:
        writer.write(samples)
    out = tmp_path / "lmdb"
    pack(PackSettings(inputs=(str(render),), out=str(out), jobs=1))
    report = _verify(out)
    assert report.good and report.shared_sentences == 0 and report.shared_labels == 1
    for split in PACKED:
        _clear_own_split(out / split / "shard_00000")
    _record_sizes(out)
    report = _verify(out)
    assert report.errors == {"sentence in both splits": 1}
    assert report.offenders["sentence in both splits"] == ["sentence 0000000000000007"]


def _clear_own_split(folder: Path) -> None:
    """Make it look as if the split itself had put the samples where they are."""
    release(folder)
    with lmdb.open(str(folder), map_size=1 << 26, lock=False) as env, env.begin(write=True) as txn:
        for i in range(1, 11):
            value = bytearray(txn.get(b"meta-%09d" % i))
            value[1 + 26] = 0
            txn.put(b"meta-%09d" % i, bytes(value))


def test_a_damaged_mask_is_found(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 10, with_masks=True)
    shard = RenderReader(render).open_shard(0).tar
    assert _verify(render).good and shard.sidecar.mask_offset is not None
    data = bytearray(shard.tar.read_bytes())
    data[int(shard.sidecar.mask_offset[3]) + 60] ^= 1
    shard.tar.write_bytes(data)
    report = _verify(render)
    assert report.errors == {"checksum": 1}
    assert report.offenders["checksum"] == [f"{shard.tar} 000000003: the mask is damaged"]


def test_duplicate_images_are_counted(tmp_path: Path) -> None:
    samples = make_samples(range(10))
    render = make_render(tmp_path / "news", 10, shard_size=10)
    doubled = [*samples.images[:7], *samples.images[:3]]
    with TarShardWriter(render / "shard-00000") as writer:
        writer.write(Samples(doubled, samples.texts, samples.meta, samples.centres))
    report = _verify(render)
    assert report.good and report.duplicates == 3


def test_adjacent_repeats_cost_a_step_each() -> None:
    assert steps_needed(["", "a", "ab", "aa", "aaab", "abab"]).tolist() == [0, 1, 2, 3, 6, 4]


def test_several_datasets_and_none(tmp_path: Path) -> None:
    make_render(tmp_path / "renders" / "a", 10)
    make_render(tmp_path / "renders" / "b", 10, alphabet=Alphabet(("", *"xyz")))
    good, bad = verify((str(tmp_path / "renders"),), jobs=2)
    assert good.good and bad.errors["label"] == 10
    with pytest.raises(ShardError, match="holds no dataset"):
        verify((str(tmp_path / "nothing"),))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = _packed(tmp_path)
    assert main(["verify", str(out), "--jobs", "1"]) == 0
    assert f"{out}: good; 60 lines in 3 shards, 60 images decoded" in capsys.readouterr().out
    _edit(out, lambda transaction: transaction.put(b"image-000000005", b"no image"))
    assert main(["verify", str(out), "--jobs", "1"]) == 1
    assert "error: image: 1" in capsys.readouterr().out
    assert main(["verify", str(out), "--jobs", "1", "--format", "json"]) == 1
    (report,) = json.loads(capsys.readouterr().out)
    assert report["errors"]["image"] == 1 and not report["good"]
    shutil.rmtree(out)
    assert main(["verify", str(out)]) == 1
    assert "holds no dataset" in capsys.readouterr().err
