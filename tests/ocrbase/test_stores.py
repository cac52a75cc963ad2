"""Objects behind a URL: a real S3 server, written to by several at once, and gone."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ocrbase.stores import Store, StoreError, is_url, local_path
from tests.support.object_store import ObjectStore


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://bucket/render", True),
        ("memory://render", True),
        ("data/renders", False),
        ("C:/renders", False),
        ("news:0.5", False),
        ("file:///data/renders", False),
    ],
)
def test_what_is_a_url(text: str, url: bool) -> None:
    assert is_url(text) is url


def test_a_file_url_is_a_path() -> None:
    assert local_path("file:///data/two%20words") == Path("/data/two words")
    assert local_path("data/lmdb") == Path("data/lmdb")


def test_objects_come_and_go(object_store: ObjectStore, tmp_path: Path) -> None:
    store = Store(object_store.url("come/and/go/"))
    assert store.objects() == {} and store.name == "go"
    (tmp_path / "shard").write_bytes(bytes(range(200)))
    store.publish_file("train/shard.tar", tmp_path / "shard")
    store.publish_bytes("manifest.json", b"{}")
    first = store.objects()
    assert {name: entry.size for name, entry in first.items()} == {
        "manifest.json": 2, "train/shard.tar": 200,
    }  # fmt: skip
    assert store.read("train/shard.tar", 10, 12) == bytes([10, 11])
    store.publish_bytes("manifest.json", b"[]")
    assert store.objects()["manifest.json"].version != first["manifest.json"].version
    store.remove("manifest.json")
    store.remove("manifest.json")
    assert list(pickle.loads(pickle.dumps(store)).objects()) == ["train/shard.tar"]


def test_objects_of_a_folder_with_a_longer_name_are_others(object_store: ObjectStore) -> None:
    Store(object_store.url("news")).publish_bytes("a", b"1")
    Store(object_store.url("news2")).publish_bytes("b", b"1")
    assert list(Store(object_store.url("news")).objects()) == ["a"]


def test_one_of_many_creates(object_store: ObjectStore) -> None:
    store = Store(object_store.url("created"))
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: store.create("manifest.json", b"%d" % i), range(8)))
    assert made.count(True) == 1
    assert store.read("manifest.json") == b"%d" % made.index(True)


def test_memory_is_a_store_too() -> None:
    store = Store("memory://a/store")
    store.publish_bytes("one/two", b"123")
    assert store.create("three", b"4") and not store.create("three", b"5")
    assert {name: entry.size for name, entry in store.objects().items()} == {
        "one/two": 3, "three": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://no-such-bucket/x", "s3://no-such-bucket/x: there is no such bucket or object"),
        ("nonsense://x/y", "no kind of store is known as nonsense://"),
    ],
)
def test_a_wrong_name_is_one_line(object_store: ObjectStore, url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        Store(url).objects()


def test_a_server_that_is_gone_is_one_line(object_store: ObjectStore) -> None:
    store = Store(object_store.url("gone"))
    store.publish_bytes("a", b"1")
    object_store.kill()
    try:
        with pytest.raises(StoreError, match=r"s3://lines/gone/b: .*Could not connect") as raised:
            store.publish_bytes("b", b"2")
        assert "\n" not in str(raised.value)
    finally:
        object_store.start()
    store.publish_bytes("b", b"2")
    assert list(store.objects()) == ["a", "b"]


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(StoreError, match=r"pip install 'ocrgen\[remote\]'"):
        Store("s3://bucket/x")
