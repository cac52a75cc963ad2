"""Packed data in an object store: what a folder would hold, whoever is killed on the way."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from datagen.cli import main
from datagen.errors import ShardError
from datagen.formats.manifest import FILE, read_packed_manifest
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.verify.job import verify
from ocrbase.homes import cache_home
from ocrbase.store_copies import local_folder
from ocrbase.stores import Store, StoreError
from tests.support.object_store import ObjectStore
from tests.support.samples import make_render


def _settings(render: Path, out: str, **changes: object) -> PackSettings:
    given = {"split": 0.8, "jobs": 1, "shard_size": 40, **changes}
    return PackSettings(inputs=(str(render),), out=out, **given)  # type: ignore[arg-type]


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("data.mdb"))
    }


def _unseen(count: int) -> None:
    """Nobody counts the bytes."""


@pytest.fixture
def render(tmp_path: Path) -> Path:
    return make_render(tmp_path / "news", 160, shard_size=80)


def test_objects_are_the_files_of_a_folder(
    render: Path, tmp_path: Path, object_store: ObjectStore
) -> None:
    here, url = tmp_path / "lmdb", object_store.url("same/lmdb")
    pack(_settings(render, str(here)))
    words = ["pack", str(render), "--split", "0.8", "--jobs", "1", "--shard-size", "40"]
    done = CliRunner().invoke(main, [*words, "--out", url])
    assert done.exit_code == 0 and f"in {url}\n" in done.output
    assert _hashes(object_store.path("same/lmdb")) == _hashes(here) != {}
    files = {p.relative_to(here).as_posix() for p in here.rglob("*") if p.is_file()}
    assert object_store.names("same/lmdb") == files
    assert not any(path.name == "data.mdb" for path in cache_home().glob("packs/**/*"))
    (report,) = verify((url,), jobs=1)
    assert report.lines == 160 and not report.errors


def test_what_is_there_is_replaced_with_leave_and_keeps_its_split(
    render: Path, tmp_path: Path, object_store: ObjectStore
) -> None:
    url = object_store.url("again/lmdb")
    first = pack(_settings(render, url))
    with pytest.raises(ShardError, match=r"s3://lines/again/lmdb holds packed data: add --overwr"):
        pack(_settings(render, url))
    more = make_render(tmp_path / "more", 240, shard_size=80)
    second = pack(_settings(more, url, split=None, overwrite=True, shard_size=100))
    assert second.rule.threshold == first.rule.threshold
    names = {name for name in object_store.names("again/lmdb") if name.endswith("data.mdb")}
    assert len(names) == second.shards  # those of the first pack are gone
    object_store.path("pack-kind").mkdir()
    object_store.path("pack-kind/diary.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ShardError, match="holds objects but no packed data: name another --out"):
        pack(_settings(render, object_store.url("pack-kind")))


def test_killed_while_it_sends_it_goes_on_and_keeps_the_split(
    render: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, sent = object_store.url("killed/lmdb"), []
    threshold = pack(_settings(render, url)).rule.threshold
    settings = _settings(render, url, split=None, overwrite=True, shard_size=30)
    publish = Store.publish_file

    def goes_down(
        store: Store, name: str, file: Path, moved: Callable[[int], None] = _unseen
    ) -> None:
        if len(sent) == 2:
            raise StoreError(f"{url}: gone")
        sent.append(name)
        publish(store, name, file, moved)

    monkeypatch.setattr(Store, "publish_file", goes_down)
    with pytest.raises(StoreError, match="gone"):
        pack(settings)
    assert FILE not in object_store.names("killed/lmdb")  # nobody reads a mixture
    before, names = list(sent), []

    def counted(
        store: Store, name: str, file: Path, moved: Callable[[int], None] = _unseen
    ) -> None:
        names.append(name)
        publish(store, name, file, moved)

    monkeypatch.setattr(Store, "publish_file", counted)
    sent_bytes: list[tuple[int, int]] = []
    summary = pack(settings, sending=lambda done, total: sent_bytes.append((done, total)))
    assert [done for done, _ in sent_bytes] == sorted(done for done, _ in sent_bytes)
    held = [object_store.path("killed/lmdb") / name for name in {*before, *names[:-1]}]
    assert sent_bytes[-1] == (sum(file.stat().st_size for file in held),) * 2
    assert summary.kept == summary.shards and summary.rule.threshold == threshold
    assert names and not set(names) & set(before) and names[-1] == FILE
    assert read_packed_manifest(local_folder(url)).samples == summary.samples
    (report,) = verify((url,), jobs=1)
    assert not report.errors


def test_what_another_pack_had_sent_before_it_was_killed_is_sent_anew(
    render: Path, tmp_path: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = object_store.url("changed/lmdb")
    publish = Store.publish_file

    def killed(store: Store, name: str, file: Path, moved: Callable[[int], None] = _unseen) -> None:
        if name == FILE:
            raise StoreError(f"{url}: gone")
        publish(store, name, file, moved)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "publish_file", killed)
        with pytest.raises(StoreError, match="gone"):
            pack(_settings(render, url))
    pack(_settings(render, url, seed=8))
    pack(_settings(render, str(tmp_path / "lmdb"), seed=8))
    assert _hashes(object_store.path("changed/lmdb")) == _hashes(tmp_path / "lmdb")
    with pytest.raises(ShardError, match="holds packed data: add --overwrite"):
        pack(_settings(render, url))
