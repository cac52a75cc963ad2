"""Copies of a store's folder: only what is new is fetched, whatever ended the last call."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ocrbase import store_copies
from ocrbase.store_copies import Wanted, everything, local_folder
from ocrbase.stores import Store, StoreError
from tests.support.object_store import ObjectStore
from tests.support.paths import ROOT

BIG = bytes(range(256)) * 4096 * 12  # 12 MiB, more than one chunk


class Told:
    """What a call says and how far it gets."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.moved: list[tuple[int, int]] = []

    def fetch(self, url: str, cache: Path, wanted: Wanted = everything) -> Path:
        return local_folder(
            url,
            cache=cache,
            wanted=wanted,
            say=self.lines.append,
            progress=lambda done, total: self.moved.append((done, total)),
        )


def _files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    assert local_folder(str(tmp_path)) == tmp_path
    assert local_folder(f"file://{tmp_path}") == tmp_path


def test_only_what_is_new_is_fetched(object_store: ObjectStore, tmp_path: Path) -> None:
    url, cache = object_store.url("copied/lmdb"), tmp_path / "cache"
    store = Store(url)
    objects = {"manifest.json": b"{}", "train/shard_00000/data.mdb": BIG, "empty": b""}
    for name, data in objects.items():
        store.publish_bytes(name, data)
    first, second, third = Told(), Told(), Told()
    folder = first.fetch(url, cache)
    assert _files(folder) == objects
    assert first.lines == [f"{url}: fetching 12.6 MB in 3 objects into {folder}"]
    assert first.moved[-1] == (len(BIG) + 2, len(BIG) + 2)
    assert second.fetch(url, cache) == folder and not second.lines
    store.publish_bytes("manifest.json", b"[]")
    store.remove("empty")
    third.fetch(url, cache)
    assert _files(folder) == {"manifest.json": b"[]", "train/shard_00000/data.mdb": BIG}
    assert third.lines == [f"{url}: fetching 0.0 MB in 1 object into {folder}"]


def test_a_file_that_was_cut_is_fetched_again(object_store: ObjectStore, tmp_path: Path) -> None:
    url = object_store.url("cut")
    Store(url).publish_bytes("a", b"12345")
    folder = Told().fetch(url, tmp_path)
    (folder / "a").write_bytes(b"123")
    Told().fetch(url, tmp_path)
    assert _files(folder) == {"a": b"12345"}


def test_what_is_not_wanted_stays_where_it_is(object_store: ObjectStore, tmp_path: Path) -> None:
    url = object_store.url("left")
    for name in ("train/a", "val/b"):
        Store(url).publish_bytes(name, name.encode())

    def val(name: str) -> bool:
        return name.startswith("val/")

    folder = Told().fetch(url, tmp_path, wanted=val)
    assert list(_files(folder)) == ["val/b"]
    Told().fetch(url, tmp_path)
    Told().fetch(url, tmp_path, wanted=val)
    assert list(_files(folder)) == ["train/a", "val/b"]


KILLED = """
import os, signal, sys
from pathlib import Path
from ocrbase.store_copies import Wanted, everything, local_folder

def progress(done, total):
    if done >= 8 << 20:
        os.kill(os.getpid(), signal.SIGKILL)

local_folder(sys.argv[1], cache=Path(sys.argv[2]), progress=progress)
"""


def test_a_killed_call_is_gone_on_with(object_store: ObjectStore, tmp_path: Path) -> None:
    url = object_store.url("killed-copy")
    Store(url).publish_bytes("data.mdb", BIG)
    call = [sys.executable, "-c", KILLED, url, str(tmp_path)]
    assert subprocess.run(call, cwd=ROOT, timeout=60).returncode == -signal.SIGKILL
    told = Told()
    folder = told.fetch(url, tmp_path)
    assert _files(folder) == {"data.mdb": BIG}
    assert told.moved[0] == (8 << 20, len(BIG))


def test_a_server_that_is_gone_in_the_middle(
    object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_copies, "_CHUNK_BYTES", 1 << 20)
    url = object_store.url("broken-copy")
    Store(url).publish_bytes("data.mdb", BIG)

    def progress(done: int, total: int) -> None:
        if done == 3 << 20:
            object_store.kill()

    try:
        with pytest.raises(StoreError, match=r"s3://lines/broken-copy/data\.mdb: "):
            local_folder(url, cache=tmp_path, progress=progress)
    finally:
        object_store.start()
    told = Told()
    assert _files(told.fetch(url, tmp_path)) == {"data.mdb": BIG}
    assert told.moved[0] == (3 << 20, len(BIG))


def test_a_folder_that_changes_meanwhile_is_refused(
    object_store: ObjectStore, tmp_path: Path
) -> None:
    url = object_store.url("changing")
    store = Store(url)
    store.publish_bytes("a", b"1")

    def progress(done: int, total: int) -> None:
        store.publish_bytes("b", b"2")

    with pytest.raises(StoreError, match=r"was written to while it was read \(b\)"):
        local_folder(url, cache=tmp_path, progress=progress)


def test_nothing_there_and_no_room(
    object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="s3://lines/nothing holds nothing"):
        local_folder(object_store.url("nothing"), cache=tmp_path)
    Store(object_store.url("large")).publish_bytes("a", bytes(2000))
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StoreError, match=r"needs 0\.0 MB at .*--cache or OCRGEN_CACHE"):
        local_folder(object_store.url("large"), cache=tmp_path)


def test_names_that_lead_out_are_refused(object_store: ObjectStore, tmp_path: Path) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe_file("/out/../../evil", b"1")
    with pytest.raises(StoreError, match="leads out of that folder"):
        local_folder("memory://out", cache=tmp_path)
    assert not (tmp_path / "evil").exists()
