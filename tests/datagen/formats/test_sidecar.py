"""Sidecars that lie: refused with the column's name, before memory is taken for what they claim."""

import os
import resource
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen.errors import ShardError
from datagen.formats.tar.shard import TarShard, TarShardWriter, shard_files
from datagen.formats.tar.sidecar import encode_sidecar, read_indices, read_sidecar, read_sizes
from tests.support.samples import make_samples


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    """A shard of four samples."""
    with TarShardWriter(tmp_path / "s") as writer:
        writer.write(make_samples(range(4), with_masks=True))
    return tmp_path / "s"


def _rewrite(sidecar: Path, *, compression: int = zipfile.ZIP_STORED, **columns: Any) -> None:
    """Replace columns by arrays or raw bytes; None drops one."""
    with zipfile.ZipFile(sidecar) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(sidecar, "w", compression) as archive:
        for name, data in entries.items():
            new = columns.get(name.removesuffix(".npy"), data)
            if isinstance(new, bytes):
                archive.writestr(name, new)
            elif new is not None:
                with archive.open(name, "w") as member:
                    np.lib.format.write_array(member, np.asarray(new))


def _header(shape: tuple[int, ...], kind: str = "<f4") -> bytes:
    text = str({"descr": kind, "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def test_what_is_written_is_read(stem: Path) -> None:
    sidecar = read_sidecar(shard_files(stem)[1])
    samples = make_samples(range(4), with_masks=True)
    assert sidecar.labels.texts == samples.texts
    assert sidecar.labels.meta.tobytes() == samples.meta.tobytes()
    np.testing.assert_array_equal(sidecar.labels.centres, samples.centres)
    assert sidecar.mask_size is not None and samples.masks is not None
    assert sidecar.mask_size.tolist() == [len(mask) for mask in samples.masks]
    assert encode_sidecar(sidecar) == shard_files(stem)[1].read_bytes()
    tar_size, indices = read_indices(shard_files(stem)[1])
    assert tar_size == stem.with_suffix(".tar").stat().st_size
    assert indices.tolist() == [0, 1, 2, 3]
    assert read_sizes(shard_files(stem)[1]).tolist() == [len(image) for image in samples.images]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("centres", _header((4, 1 << 40)), r"centres has 0 bytes, not 17,592,186,044,416"),
        ("centres", _header((1 << 40, 1 << 40)), "centres has 0 bytes"),
        ("centres", _header((-4, 10)), "truncated or damaged"),
        ("centres", b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535, "truncated or damaged"),
        ("centres", np.zeros((4, 10)), r"column centres is of type <f8"),
        ("centres", np.zeros((4, 1), "<f4"), "column centres: shorter than the longest label"),
        ("quads", np.zeros((4, 9, 4, 2), "<f4"), "column quads: not as long"),
        ("index", np.zeros(3, "<u8"), r"columns of 3, 4 lines"),
        ("index", np.full(4, 10**10, "<u8"), "column index: has over nine digits"),
        ("effects", np.zeros((4, 3), "<f2"), r"column effects is of type <f2 and shape \(4, 3\)"),
        ("text", np.full(40, 0xFF, "u1"), "column text: "),
        ("text_end", np.array([10, 30, 20, 40], "<i8"), "text_end does not divide"),
        ("text_end", np.array([0, 0, 0, 1 << 62], "<i8"), "text_end does not divide"),
        ("image_offset", np.full(4, 1 << 62, "<i8"), "a part of the images lies outside"),
        ("image_offset", np.full(4, -1, "<i8"), "a part of the images lies outside"),
        ("mask_size", np.full(4, 1 << 62, "<i8"), "a part of the masks lies outside"),
        ("mask_size", None, "mask_offset and mask_size go together"),
        ("crc32", None, "without the columns crc32"),
        ("version", np.array(2, "<i8"), "is of version 2, this program reads 1"),
        ("version", np.array("1"), "column version is of type <U1"),
    ],
)
def test_a_column_that_lies_is_named(stem: Path, column: str, value: Any, message: str) -> None:
    _rewrite(shard_files(stem)[1], **{column: value})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ShardError, match=message) as raised:
        TarShard(stem)
    assert "\n" not in str(raised.value) and str(shard_files(stem)[1]) in str(raised.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_compressed_columns_are_refused(stem: Path) -> None:
    _rewrite(shard_files(stem)[1], compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ShardError, match="version is compressed or encrypted"):
        TarShard(stem)


def test_a_sidecar_without_lines_is_refused(stem: Path) -> None:
    with np.load(shard_files(stem)[1]) as archive:
        empty = {n: archive[n][:0] for n in archive.files if archive[n].ndim}
    _rewrite(shard_files(stem)[1], **empty)
    with pytest.raises(ShardError, match="columns of 0 lines"):
        read_sizes(shard_files(stem)[1])


def test_no_flipped_byte_gives_a_traceback(stem: Path) -> None:
    sidecar = shard_files(stem)[1]
    whole = sidecar.read_bytes()
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        for at in generator.integers(0, len(data), 3).tolist():
            data[at] = int(generator.integers(256))
        sidecar.write_bytes(data)
        try:
            TarShard(stem).read(range(4))
        except ShardError:
            refused += 1
    assert refused > 250  # what is left hit the times and names of the archive


def test_a_fifo_is_refused(stem: Path) -> None:
    sidecar = shard_files(stem)[1]
    sidecar.unlink()
    os.mkfifo(sidecar)
    with pytest.raises(ShardError, match="it is a fifo, not a regular file"):
        TarShard(stem)
