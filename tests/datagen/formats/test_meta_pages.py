"""Truncated and damaged LMDBs: refused before LMDB maps them, which would end in SIGBUS."""

import os
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest

from datagen.errors import ShardError
from datagen.formats.lmdb.meta_pages import check_file
from tests.support.paths import ROOT

READ_ALL = """
import sys
from pathlib import Path
from datagen.errors import ShardError
from datagen.formats.lmdb.shards import LmdbFolder
refused = 0
for name in sys.argv[1:]:
    try:
        folder = LmdbFolder(Path(name))
        for family in ("image", "label"):
            folder.values(family, range(len(folder)))
    except ShardError:
        refused += 1
print(refused)
"""


def _foreign(folder: Path, commits: int = 3) -> Path:
    """An LMDB that grew in several transactions, values on pages of their own and not."""
    with lmdb.open(str(folder), map_size=1 << 26) as environment:
        for commit in range(commits):
            with environment.begin(write=True) as transaction:
                for i in range(20 * commit + 1, 20 * commit + 21):
                    transaction.put(b"image-%09d" % i, bytes([i]) * (100 * i))
                    transaction.put(b"label-%09d" % i, b"abc")
                transaction.put(b"num-samples", b"%d" % (20 * commit + 20))
    return folder / "data.mdb"


def test_every_truncation_is_refused_and_none_kills_the_process(tmp_path: Path) -> None:
    whole = _foreign(tmp_path / "whole").read_bytes()
    sizes = sorted({0, 1, 100, 4096, 8192, 8193, len(whole) - 1, *range(10_000, len(whole), 9_000)})
    folders = [tmp_path / "whole"]
    for size in sizes:
        folders.append(tmp_path / f"{size}")
        folders[-1].mkdir()
        (folders[-1] / "data.mdb").write_bytes(whole[:size])
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, *map(str, folders)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(sizes) > 20


def test_the_newer_of_the_meta_pages_counts(tmp_path: Path) -> None:
    for commits in (1, 2, 3):
        file = _foreign(tmp_path / f"{commits}", commits)
        check_file(file)
        os.truncate(file, file.stat().st_size - 4096)
        with pytest.raises(ShardError, match=r"data\.mdb has [\d,]+ bytes, its pages need"):
            check_file(file)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (16, b"\0\0\0\0", "no meta pages"),
        (20, b"\x02", "no meta pages"),
        (10, b"\0", "no meta pages"),
        (40, b"\x03\0\0\0", "no meta pages"),
        (4096 + 16, b"\0", "no meta pages"),
        (4096 + 128, b"\xff\0\0\0\0\0\0\x01", "outside of its pages"),
        (4096 + 92, b"\x04", "several values per key"),
    ],
)
def test_damaged_meta_pages_are_refused(
    tmp_path: Path, at: int, value: bytes, message: str
) -> None:
    file = _foreign(tmp_path / "x", 3)
    data = bytearray(file.read_bytes())
    data[at : at + len(value)] = value
    file.write_bytes(data)
    with pytest.raises(ShardError, match=message):
        check_file(file)


def test_a_fifo_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "data.mdb")
    with pytest.raises(ShardError, match="it is a fifo"):
        check_file(tmp_path / "data.mdb")
