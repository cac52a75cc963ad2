"""LMDBs with damaged trees: refused before LMDB follows what stands in them."""

import struct
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from random import Random

import lmdb
import numpy as np
import pytest

from datagen.errors import ShardError
from datagen.formats.lmdb import layout
from datagen.formats.lmdb.handles import release
from datagen.formats.lmdb.meta_pages import check_file
from datagen.formats.lmdb.shards import LmdbFolder, LmdbShardWriter
from tests.support.paths import ROOT
from tests.support.samples import make_samples

LINES, CASES = 60, 600
PAGE, BRANCH, LEAF = 4096, 1, 2
FAMILIES = ("image", "label", "meta", "wh")
REFUSED = "outside of its pages"


def packed(folder: Path) -> Path:
    """A shard as `pack` writes it; some images need pages of their own, some do not."""
    samples = make_samples(range(LINES))
    samples.images[::3] = [image * 3 for image in samples.images[::3]]
    sizes = np.array([len(image) for image in samples.images])
    with LmdbShardWriter(folder, layout.map_size(sizes, 20 * LINES, 10 * LINES)) as writer:
        writer.write(samples)
    return folder / "data.mdb"


def grown(folder: Path) -> Path:
    """An LMDB of three levels that another program changed again and again."""
    rng = Random(1)
    with lmdb.open(str(folder), map_size=1 << 26) as environment:
        for _ in range(20):
            with environment.begin(write=True) as transaction:
                for i in rng.sample(range(4000), 400):
                    transaction.put(b"label-%09d" % i + b"x" * 100, b"abc" * rng.randrange(9))
                    transaction.put(b"image-%09d" % i, bytes(rng.choice((10, 2000, 2030, 9000))))
                for i in rng.sample(range(4000), 100):
                    transaction.delete(b"image-%09d" % i)
        assert environment.stat()["depth"] == 3
    return folder / "data.mdb"


@pytest.mark.parametrize("make", [packed, grown])
def test_whole_ones_are_accepted(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    file = make(tmp_path / "x")
    assert pytest.importorskip("lmdb.verify").verify(str(file)) == []
    check_file(file)


def test_an_empty_one_is_accepted(tmp_path: Path) -> None:
    lmdb.open(str(tmp_path)).close()
    check_file(tmp_path / "data.mdb")


def test_no_damage_to_a_tree_kills_the_process(tmp_path: Path) -> None:
    packed(tmp_path / "whole")
    read = f"from {__name__} import read_damaged; from pathlib import Path; import sys"
    done = subprocess.run(
        [sys.executable, "-c", f"{read}; read_damaged(Path(sys.argv[1]))", tmp_path],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    read_all, refused = map(int, done.stdout.split())
    assert refused > CASES / 4 and read_all > CASES / 20, (read_all, refused)


def read_damaged(folder: Path) -> None:
    """Damage the LMDB `whole` in many ways, read all of each, and print how many could be read,
    and how many were refused."""
    data, read_all, refused = (folder / "whole" / "data.mdb").read_bytes(), 0, 0
    for case in range(CASES):
        damaged = LmdbFolder(folder / f"{case}")
        damaged.folder.mkdir()
        damaged.file.write_bytes(_damaged(data, Random(case)))
        problems = _problems(damaged)
        read_all += not problems
        refused += any(REFUSED in problem for problem in problems)
        release(damaged.folder)
        damaged.file.unlink()
    print(read_all, refused)


def _problems(folder: LmdbFolder) -> list[str]:
    """What reading all entries raises, which goes on where one is missing."""
    problems = []
    for family, step in product(FAMILIES, (1, -1)):
        try:
            folder.values(family, range(LINES)[::step])
        except ShardError as error:
            problems.append(str(error))
    return problems


def _damaged(data: bytes, rng: Random) -> bytes:
    """One to three numbers changed that LMDB follows: in a page's header, its table of offsets,
    or a node."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        page = rng.choice([p for p in range(2, len(data) // PAGE) if _kind(data, p)]) * PAGE
        lower = struct.unpack_from("<H", data, page + 12)[0]
        slot = page + rng.randrange(16, lower, 2)
        node = page + struct.unpack_from("<H", data, slot)[0]
        at = rng.choice((page + 10, page + 12, slot, slot, *range(node, node + 32, 2)))
        old = struct.unpack_from("<H", changed, at)[0]
        extreme = (0, 1, 2, 16, 4080, 4096, 32_768, 65_534, 65_535, rng.randrange(65_536))
        new = rng.choice((*extreme, old ^ 1 << rng.randrange(16), (old + 2) % 65_536))
        struct.pack_into("<H", changed, at, new)
    return bytes(changed)


def _kind(data: bytes, page: int) -> int:
    """Flags of a page of the tree, 0 for others."""
    number, _, flags, *_ = struct.unpack_from("<QHHHH", data, page * PAGE)
    return int(flags) if number == page and flags in (BRANCH, LEAF) else 0
