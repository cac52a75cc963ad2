"""Manifests on disk: written, read, and named field by field where they are damaged."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen.errors import ShardError
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.manifest import FILE, read_manifest, read_packed_manifest
from datagen.formats.tar.reader import RenderReader
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from tests.support.samples import make_render

OLD = Path(__file__).parents[2] / "made_by_0_1_0"


@pytest.fixture
def render(tmp_path: Path) -> Path:
    """120 samples in three shards."""
    return make_render(tmp_path / "render", 120)


@pytest.fixture
def packed(tmp_path: Path, render: Path) -> Path:
    """The same, packed."""
    out = tmp_path / "lmdb"
    pack(PackSettings(inputs=(str(render),), out=str(out), split=0.8, shard_size=40, jobs=1))
    return out


def _edit(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / FILE).read_text(encoding="utf-8"))
    edit(manifest)
    (folder / FILE).write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize("name", ["render", "lmdb"])
def test_keys_are_those_of_0_1_0(name: str, render: Path, packed: Path) -> None:
    old = json.loads((OLD / name / FILE).read_text(encoding="utf-8"))
    new = json.loads(({"render": render, "lmdb": packed}[name] / FILE).read_text(encoding="utf-8"))
    assert new.keys() <= old.keys()
    needed = {"format", "version", "alphabet", "corpora", "faces", "n", "shard_size"}
    needed |= {"samples", "split", "shards", "sizes", "class_histogram", "inputs"}
    assert needed & old.keys() <= new.keys()
    if name == "lmdb":
        assert new["shards"][0].keys() == old["shards"][0].keys()
        assert new["split"].keys() == old["split"].keys()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda m: m.update(n=0), "n: expected int >= 1"),
        (lambda m: m.update(n=10**12), r"n: expected int <= 1000000000"),
        (lambda m: m.update(n="120"), "n: expected int, got str"),
        (lambda m: m.pop("shard_size"), "missing required field shard_size"),
        (lambda m: m.update(shard_size=0), "shard_size: expected int >= 1"),
        (lambda m: m.update(shard_size=1), "lacks 117 of 120 shards"),
        (lambda m: m.update(n=10**9, shard_size=1), r"lacks 999,999,997 of 1,000,000,000 shards"),
        (lambda m: m.update(n=119), r"shard-00002\.tar does not hold the samples 100 to 118"),
        (lambda m: m.update(n=121), r"shard-00002\.tar holds 20 of 21 samples"),
        (lambda m: m.update(faces={"a": 1}), "faces: expected array, got object"),
        (lambda m: m["alphabet"].update(blank=-1), r"alphabet\.blank: expected int >= 0"),
        (lambda m: m["alphabet"].update(blank=500), "alphabet.blank 500 is beyond"),
        (lambda m: m.update(face_licences={"a": 3}), r"face_licences\[\.\.\.\]: expected"),
    ],
)  # fmt: skip
def test_a_damaged_manifest_of_a_render_is_named(
    render: Path, edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    _edit(render, edit)
    with pytest.raises(ShardError, match=message) as raised:
        RenderReader(render)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda m: m.update(shards=[]), "shards: expected array of length >= 1"),
        (lambda m: m["shards"].pop(), "its shards hold"),
        (lambda m: m["shards"].append(m["shards"][0]), "samples.train is 96, its shards hold 136"),
        (lambda m: m["shards"].reverse(), "shards are val/shard_00000"),
        (lambda m: m["shards"][0].update(path="../render"), r"shards\[0\]\.path: expected str"),
        (lambda m: m["shards"][0].update(path="/etc"), r"shards\[0\]\.path: expected str"),
        (lambda m: m["shards"][0].update(samples=7), "its shards hold 63, sizes of train/shard"),
        (lambda m: m["samples"].update(train=3), "samples.train is 3, its shards hold 96"),
        (lambda m: m["samples"].update(test=3), "samples: invalid enum value 'test'"),
        (lambda m: m["class_histogram"].update(val=[1, 2]), "class_histogram.val has 2 of"),
        (lambda m: m["split"].update(by=3), "split.by: "),
        (lambda m: m["shards"][0].update(sizes={"wide": 40}), r"shards\[0\]\.sizes: expected str"),
        (lambda m: m["shards"][0].update(bytes=1 << 70), r"shards\[0\]\.bytes: "),
    ],
)  # fmt: skip
def test_a_damaged_manifest_of_packed_data_is_named(
    packed: Path, edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    _edit(packed, edit)
    with pytest.raises(ShardError, match=message) as raised:
        LmdbReader(packed)
    assert "\n" not in str(raised.value) and str(packed) in str(raised.value)


def test_what_a_newer_release_adds_is_passed_over(packed: Path) -> None:
    _edit(packed, lambda m: m.update(new_field=[1, 2]))
    assert len(LmdbReader(packed)) == 120


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b"3", b"[" * 100_000, b""])
def test_what_is_no_manifest_is_refused_in_one_line(render: Path, content: bytes) -> None:
    (render / FILE).write_bytes(content)
    with pytest.raises(ShardError, match=r"manifest\.json") as raised:
        read_manifest(render)
    assert "\n" not in str(raised.value)


def test_a_fifo_in_place_of_a_manifest_does_not_hang(render: Path) -> None:
    (render / FILE).unlink()
    os.mkfifo(render / FILE)
    with pytest.raises(ShardError, match="it is a fifo"):
        read_manifest(render)


def test_a_command_with_names_that_are_no_text_is_written(packed: Path) -> None:
    import msgspec

    from datagen.formats.manifest import write_manifest

    manifest = read_packed_manifest(packed)
    write_manifest(packed, msgspec.structs.replace(manifest, command="ocrgen pack \udcff"))
    assert read_packed_manifest(packed).command == "ocrgen pack ?"
