"""Packing: the whole job on small renders."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import lmdb
import msgspec
import numpy as np
import pytest

from datagen.alphabet import Alphabet, write_list
from datagen.errors import AlphabetError, ShardError
from datagen.formats import building
from datagen.formats.lmdb.handles import release
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.manifest import read_packed_manifest, read_render_manifest, write_manifest
from datagen.pack.job import PackSummary, pack
from datagen.pack.pack_settings import PackSettings
from datagen.sample import Samples
from datagen.split import PACKED, Split
from datagen.verify.job import verify
from ocrbase.errors import SettingsError
from ocrbase.locks import LockError, owned
from tests.support.paths import ROOT
from tests.support.samples import ALPHABET, make_render, make_samples


def _pack(tmp_path: Path, *renders: Path, **settings: object) -> PackSummary:
    settings = {"out": str(tmp_path / "lmdb"), "split": 0.9, "jobs": 1, **settings}
    return pack(PackSettings(inputs=tuple(map(str, renders)), **settings))  # type: ignore[arg-type]


def _data_hashes(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("data.mdb"))
    }


def _sentences(out: Path, split: Split) -> set[int]:
    tables = LmdbReader(out, split).tables()
    return {value for _, samples in tables for value in samples.meta["sentence"].tolist()}


def test_every_sample_arrives_once_unchanged(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 230, shard_size=60)
    summary = _pack(tmp_path, render, shard_size=50)
    assert summary.samples["train"] + summary.samples["val"] == 230
    reader = LmdbReader(tmp_path / "lmdb")
    packed = reader.read(range(230))
    order = np.argsort(packed.meta["index"])
    packed = packed.take(order)
    source = make_samples(range(230))
    assert packed.images == source.images
    assert packed.texts == source.texts
    assert packed.meta.tobytes() == source.meta.tobytes()
    np.testing.assert_allclose(packed.centres, source.centres, atol=1 / 32)


def test_sentences_do_not_cross_the_split(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 900, shard_size=300)
    summary = _pack(tmp_path, render)
    train, val = _sentences(summary.out, Split.TRAIN), _sentences(summary.out, Split.VAL)
    assert train and val and not train & val
    assert abs(summary.samples["val"] - 90) <= 3


def test_manifest_tells_what_is_there(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 120)
    _pack(tmp_path, render, shard_size=40)
    manifest = read_packed_manifest(tmp_path / "lmdb")
    train = LmdbReader(tmp_path / "lmdb", Split.TRAIN)
    texts = [text for _, samples in train.tables() for text in samples.texts]
    ids = ALPHABET.class_ids("".join(texts))
    counts = np.bincount(ids, minlength=len(ALPHABET)).tolist()
    assert manifest.class_histogram[Split.TRAIN] == counts
    assert manifest.samples[Split.TRAIN] == len(texts)
    assert manifest.sizes[Split.TRAIN] == {"280x32": len(texts)}
    assert manifest.alphabet.alphabet() == ALPHABET
    assert manifest.split.ratio == 0.9
    (source,) = manifest.inputs
    assert (source.path, source.n, source.settings) == (str(render), 120, {"seed": 0})
    card = (tmp_path / "lmdb" / "README.md").read_text()
    assert "ocrgen render --corpus news" in card and "| Song | OFL-1.1 |" in card


def test_bytes_do_not_depend_on_the_workers(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 200)
    _pack(tmp_path, render, out=str(tmp_path / "one"), shard_size=50, jobs=1)
    _pack(tmp_path, render, out=str(tmp_path / "four"), shard_size=50, jobs=4)
    assert _data_hashes(tmp_path / "one") == _data_hashes(tmp_path / "four")


def test_tables_of_several_renders_are_merged(tmp_path: Path) -> None:
    first = make_render(tmp_path / "news", 60, faces=("Song", "Kai"))
    second = make_render(tmp_path / "more", 60, faces=("Hei", "Song"))
    _pack(tmp_path, first, second)
    reader = LmdbReader(tmp_path / "lmdb")
    assert reader.info.faces == ("Song", "Kai", "Hei")
    faces = [reader.info.faces[i] for i in reader.read(range(120)).meta["face"]]
    assert {face: faces.count(face) for face in faces} == {"Song": 60, "Kai": 30, "Hei": 30}


def test_folders_of_renders_are_found(tmp_path: Path) -> None:
    make_render(tmp_path / "renders" / "a", 60)
    make_render(tmp_path / "renders" / "b", 60)
    assert sum(_pack(tmp_path, tmp_path / "renders").samples.values()) == 120
    with pytest.raises(ShardError, match=r"holds no dataset: run ocrgen render"):
        _pack(tmp_path, tmp_path / "nothing", overwrite=True)


def test_one_render_named_twice_is_refused(tmp_path: Path) -> None:
    make_render(tmp_path / "renders" / "a", 60)
    with pytest.raises(ShardError, match=r"named more than once"):
        _pack(tmp_path, tmp_path / "renders", tmp_path / "renders" / "a")


def test_differing_alphabets_are_refused_unless_a_target_is_named(tmp_path: Path) -> None:
    wider = Alphabet((*ALPHABET.symbols, "龘"))
    first = make_render(tmp_path / "news", 60)
    second = make_render(tmp_path / "wide", 60, alphabet=wider)
    with pytest.raises(
        AlphabetError, match=r"news has an alphabet of 41 .*wide one of 42 .*--alph"
    ):
        _pack(tmp_path, first, second)
    write_list(wider, tmp_path / "wide.txt")
    _pack(tmp_path, first, second, alphabet=str(tmp_path / "wide.txt"))
    assert LmdbReader(tmp_path / "lmdb").info.alphabet == wider
    write_list(Alphabet(("", *"0123456789")), tmp_path / "digits.txt")
    with pytest.raises(AlphabetError, match=r"labels hold '中', .* not among the 11 classes"):
        _pack(tmp_path, first, alphabet=str(tmp_path / "digits.txt"), overwrite=True)


def test_a_target_without_a_space_drops_it_with_its_centre(tmp_path: Path) -> None:
    spaced = Alphabet((*ALPHABET.symbols, " "))
    labels = ["a b c"] * 60
    render = make_render(tmp_path / "spaced", 60, alphabet=spaced, labels=labels, shard_size=60)
    _pack(tmp_path, render)
    assert set(LmdbReader(tmp_path / "lmdb").read([0]).texts) == {"a b c"}
    write_list(ALPHABET, tmp_path / "narrow.txt")
    _pack(tmp_path, render, alphabet=str(tmp_path / "narrow.txt"), overwrite=True)
    line = LmdbReader(tmp_path / "lmdb").read([0])
    assert line.texts == ["abc"]
    assert line.centres[0, :3].tolist() == [10.5, 62.5, 114.5]


def test_existing_data_needs_leave_to_be_replaced(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 60)
    _pack(tmp_path, render)
    before = _data_hashes(tmp_path / "lmdb")
    with pytest.raises(ShardError, match=r"holds packed data: add --overwrite"):
        _pack(tmp_path, render)
    assert _data_hashes(tmp_path / "lmdb") == before
    _pack(tmp_path, render, overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    with pytest.raises(ShardError, match=r"exists and is no packed data"):
        _pack(tmp_path, render, out=str(tmp_path / "mine"), overwrite=True)
    assert (tmp_path / "mine" / "notes.txt").exists()


def test_a_failure_leaves_the_existing_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = make_render(tmp_path / "news", 60)
    _pack(tmp_path, render)
    before = _data_hashes(tmp_path / "lmdb")
    os.truncate(render / "shard-00001.tar", 4000)
    with pytest.raises(ShardError, match=r"shard-00001\.tar has 4000 bytes"):
        _pack(tmp_path, render, overwrite=True)
    assert _data_hashes(tmp_path / "lmdb") == before


def test_free_space_is_checked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render = make_render(tmp_path / "news", 60)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(building.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(ShardError, match=r"needs about 0\.3 MB, the disk has 0\.0 MB free"):
        _pack(tmp_path, render)
    assert not (tmp_path / "lmdb").exists()


def test_later_packs_keep_every_split(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 300)
    first = _pack(tmp_path, render)
    train, val = _sentences(first.out, Split.TRAIN), _sentences(first.out, Split.VAL)
    more = make_render(tmp_path / "more", 600)
    second = _pack(tmp_path, render, more, overwrite=True, split=None)
    assert second.rule.threshold == first.rule.threshold
    assert train <= _sentences(second.out, Split.TRAIN)
    assert val <= _sentences(second.out, Split.VAL)
    with pytest.raises(SettingsError, match=r"split 0\.9, now 0\.5\): .*--resplit"):
        _pack(tmp_path, render, overwrite=True, split=0.5)
    third = _pack(tmp_path, render, overwrite=True, split=0.8, resplit=True)
    assert abs(third.samples["val"] - 60) <= 3


def test_split_by_faces_and_by_list(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 60)
    _pack(tmp_path, render, val_faces=("Kai",))
    val = LmdbReader(tmp_path / "lmdb", Split.VAL)
    assert set(val.read(range(30)).meta["face"].tolist()) == {1}
    with pytest.raises(SettingsError, match=r"no lines in the faces Hei; there are Song, Kai"):
        _pack(tmp_path, render, val_faces=("Hei",), out=str(tmp_path / "other"))
    (tmp_path / "val.txt").write_text("000000003\nnews/17\n")
    _pack(tmp_path, render, val_list=str(tmp_path / "val.txt"), out=str(tmp_path / "listed"))
    assert LmdbReader(tmp_path / "listed", Split.VAL).read([0, 1]).meta["index"].tolist() == [3, 17]
    (tmp_path / "val.txt").write_text("3\n999\n")
    with pytest.raises(ShardError, match=r"samples that no input holds: news/999"):
        _pack(tmp_path, render, val_list=str(tmp_path / "val.txt"), out=str(tmp_path / "no"))
    other = make_render(tmp_path / "more" / "news", 20)
    with pytest.raises(SettingsError, match=r"cannot tell inputs of one name apart \(news, news\)"):
        _pack(tmp_path, render, other, val_list=str(tmp_path / "val.txt"), out=str(tmp_path / "no"))
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(SettingsError, match="it is a fifo, not a regular file"):
        _pack(tmp_path, render, val_list=str(tmp_path / "fifo"), out=str(tmp_path / "no"))


def test_split_by_sample_is_the_plain_one(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 1000, shard_size=500)
    summary = _pack(tmp_path, render, split_by="sample")
    assert summary.samples["val"] == 100
    assert _sentences(summary.out, Split.TRAIN) & _sentences(summary.out, Split.VAL)


def test_few_groups_are_warned_of(tmp_path: Path) -> None:
    summary = _pack(tmp_path, make_render(tmp_path / "news", 90))
    message = "validation holds 3 groups (9 lines): with fewer than 200"
    assert any(message in warning for warning in summary.warnings)


def test_an_unfinished_render_is_refused_unless_partial(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 130)
    (render / "shard-00001.tar").unlink()
    with pytest.raises(ShardError, match=r"lacks 1 of 3 shards"):
        _pack(tmp_path, render)
    assert sum(_pack(tmp_path, render, partial=True).samples.values()) == 80


def test_killed_and_started_again_it_goes_on(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 400)
    whole = _pack(tmp_path, render, out=str(tmp_path / "whole"), shard_size=40)
    script = f"""
import os, signal
from datagen.formats.building import BuildFolder
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.split import PACKED, Split
from datagen.split import PACKED, Split
finish = BuildFolder.finish
def killed(self, shard, report):
    finish(self, shard, report)
    if shard.endswith("3"):
        os.kill(os.getpid(), signal.SIGKILL)
BuildFolder.finish = killed
pack(PackSettings(inputs=({str(render)!r},), out={str(tmp_path / "lmdb")!r}, split=0.9,
     shard_size=40, jobs=1))
"""
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": ROOT})
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "lmdb").exists()
    summary = _pack(tmp_path, render, shard_size=40)
    assert summary.kept == 4
    assert _data_hashes(tmp_path / "lmdb") == _data_hashes(whole.out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lmdb", "news", "whole"]


def test_what_was_finished_under_other_settings_is_not_used(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 60)
    folder = building.BuildFolder(tmp_path / "lmdb")
    folder.begin("another plan")
    (folder.path / "train/shard_00000").mkdir(parents=True)
    folder.finish("train/shard_00000", {"samples": 1})
    assert _pack(tmp_path, render).kept == 0


def test_a_swap_that_was_killed_is_undone(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 60)
    _pack(tmp_path, render)
    before = _data_hashes(tmp_path / "lmdb")
    (tmp_path / "lmdb").rename(tmp_path / ".lmdb.old")
    with pytest.raises(ShardError, match=r"add --overwrite"):
        _pack(tmp_path, render)
    assert _data_hashes(tmp_path / "lmdb") == before
    assert not (tmp_path / ".lmdb.old").exists()


def test_own_splits_are_kept(tmp_path: Path) -> None:
    samples = make_samples(range(40))
    samples.meta["side"][:10] = Split.VAL.code
    samples.meta["side"][10:30] = Split.TRAIN.code
    render = _render_of(tmp_path / "imported", samples)
    _pack(tmp_path, render, split=0.5)
    val = LmdbReader(tmp_path / "lmdb", Split.VAL)
    indices = set(val.read(range(len(val))).meta["index"].tolist())
    assert set(range(10)) <= indices
    assert not indices & set(range(10, 30))


def _render_of(folder: Path, samples: Samples) -> Path:
    from datagen.formats.tar.shard import TarShardWriter

    make_render(folder, len(samples), shard_size=len(samples))
    with TarShardWriter(folder / "shard-00000") as writer:
        writer.write(samples)
    return folder


def test_data_packed_before_can_be_packed_again(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 120)
    first = _pack(tmp_path, render)
    again = _pack(tmp_path, first.out, out=str(tmp_path / "again"))
    assert again.samples == first.samples
    with pytest.raises(ShardError, match=r"would be replaced while it is read"):
        _pack(tmp_path, first.out, overwrite=True)


def test_settings_name_all_problems_at_once() -> None:
    with pytest.raises(SettingsError, match=r"split 1.5: .*; shard size 0: .*; jobs = -1: "):
        PackSettings(split=1.5, shard_size=0, jobs=-1)
    with pytest.raises(SettingsError, match=r"name the samples of validation with --val-list"):
        PackSettings(split_by="list")


def test_imported_lines_without_a_split_are_grouped_by_their_label(tmp_path: Path) -> None:
    from datagen.exchange.exchange_settings import ImportSettings
    from datagen.exchange.import_job import import_data

    folder = tmp_path / "lines"
    folder.mkdir()
    for i, image in enumerate(make_samples(range(200)).images):
        (folder / f"{i}.jpg").write_bytes(image)
    rows = [f"{i}.jpg\tlabel{i % 40}\n" for i in range(200)]
    (folder / "list.txt").write_text("".join(rows))
    import_data(ImportSettings("paddle", (str(folder),), out=str(tmp_path / "renders" / "real")))
    summary = _pack(tmp_path, tmp_path / "renders", split=0.8)
    assert summary.samples == {"train": 160, "val": 40} and summary.groups == 8
    labels = [set(LmdbReader(summary.out, split).read(range(40)).texts) for split in PACKED]
    assert not labels[0] & labels[1]


def test_a_class_counts_once_a_line() -> None:
    from datagen.pack.split_assignment import distinct_classes

    lines, ids = distinct_classes(["aab", "", "龘b1b", "中"], ALPHABET)
    found = [(line, ALPHABET.symbols[i]) for line, i in zip(lines, ids, strict=True)]
    assert sorted(found) == [(0, "a"), (0, "b"), (2, "1"), (2, "b"), (3, "中")]
    assert [len(part) for part in distinct_classes([], ALPHABET)] == [0, 0]


def test_two_packs_into_one_folder(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 60)
    with owned(tmp_path / "lmdb"), pytest.raises(LockError, match="is being written by process"):
        _pack(tmp_path, render)
    assert sum(_pack(tmp_path, render).samples.values()) == 60
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lmdb", "news"]


def test_relative_paths_hold_for_workers_of_an_earlier_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):  # the second job gets the workers of the first
        make_render(tmp_path / name / "news", 90)
        monkeypatch.chdir(tmp_path / name)
        summary = pack(PackSettings(("news",), out="lmdb", split=0.9, shard_size=30, jobs=2))
        assert sum(summary.samples.values()) == 90 and summary.shards == 4
        (report,) = verify(("lmdb",), jobs=2)
        assert report.good and report.path == "lmdb"


def test_renders_of_one_seed_are_warned_of(tmp_path: Path) -> None:
    for name, n, plan in (("a", 60, "p"), ("b", 80, "p"), ("c", 60, "q")):
        folder = make_render(tmp_path / "r" / name, n)
        manifest = read_render_manifest(folder)
        write_manifest(folder, msgspec.structs.replace(manifest, plan=plan, engine="e"))
    twins = [w for w in _pack(tmp_path, tmp_path / "r").warnings if "--seed" in w]
    assert len(twins) == 1 and "r/b and " in twins[0] and "60 lines are duplicate" in twins[0]


@pytest.mark.parametrize(
    ("label", "error", "message"),
    [
        (b"\xff\xfe", ShardError, "labels that are not UTF-8 text: label-000000002"),
        ("龘".encode(), AlphabetError, "labels hold '龘', not among the"),
    ],
)
def test_labels_that_packed_data_should_not_hold(
    tmp_path: Path, label: bytes, error: type[Exception], message: str
) -> None:
    out = _pack(tmp_path, make_render(tmp_path / "news", 60)).out
    folder = out / "train" / "shard_00000"
    release(folder)
    with lmdb.open(str(folder), map_size=1 << 26, lock=False) as env, env.begin(write=True) as txn:
        txn.put(b"label-000000002", label)
    manifest = read_packed_manifest(out)
    first, *others = manifest.shards
    first = msgspec.structs.replace(first, bytes=(folder / "data.mdb").stat().st_size)
    write_manifest(out, msgspec.structs.replace(manifest, shards=[first, *others]))
    with pytest.raises(error, match=message) as raised:
        _pack(tmp_path, out, out=str(tmp_path / "again"))
    assert "\n" not in str(raised.value)
    (report,) = verify((str(out),), jobs=1)
    assert report.errors


def test_workers_of_an_earlier_pack_split_anew(tmp_path: Path) -> None:
    render = make_render(tmp_path / "news", 240)
    settings = {"jobs": 2, "shard_size": 50, "split": 0.5, "overwrite": True, "resplit": True}
    for seed in (0, 1):
        summary = _pack(tmp_path, render, **settings, seed=seed)
        (report,) = verify((str(summary.out),), jobs=2)
        assert report.good and report.duplicates == report.shared_sentences == 0
        indices = LmdbReader(summary.out).read(range(240)).meta["index"]
        assert sorted(indices.tolist()) == list(range(240))


def test_what_a_removal_left_that_was_killed_is_not_used(tmp_path: Path) -> None:
    """Its plan is gone, and its shards may be of any plan."""
    build = building.BuildFolder(tmp_path / "out")
    build.begin("one plan")
    (build.path / "train" / "shard_00000").mkdir(parents=True)
    build.finish("train/shard_00000", Reported(1))
    assert build.begin("one plan") == 1
    (build.path / "plan.json").unlink()
    assert build.begin("another plan") == 0
    assert build.report("train/shard_00000", Reported) is None
    assert not (build.path / "train").exists()


class Reported(msgspec.Struct):
    lines: int
