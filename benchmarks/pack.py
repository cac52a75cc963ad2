"""Packing rate beside the disk's own and beside a plain loop of one put per key.

    python benchmarks/pack.py
    python benchmarks/pack.py --n 1000000 --folder /mnt/fast --rounds 5

Each round measures all of them one after the other, so that a ratio compares like with like on a
machine that others use too; the figures are medians over the rounds. The plain loop does what the
LMDB script of deep-text-recognition-benchmark does with image bytes at hand: a dictionary of 1,000
samples, then one put for each of its keys, in a map of 1 TiB.
"""

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import lmdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.lines import machine, make_lines
from datagen.formats.tar.reader import RenderReader
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings

_READ = 1000


def main() -> None:
    """Print machine, versions, rates and ratios."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--n", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--folder", type=Path, help="on the disk to measure; default: TMPDIR")
    given = options.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        root = Path(name)
        size = make_lines(root / "render", given.n)
        print(f"{given.n:,} lines of 280x32, {size:.0f} bytes per JPEG")
        runs = {
            "plain loop, one put per key": lambda: plain_loop(root),
            "ocrgen pack, 1 worker": lambda: packed(root, given.n, 1),
            "ocrgen pack, one worker per core": lambda: packed(root, given.n, 0),
        }
        measured: dict[str, list[tuple[float, float]]] = {run: [] for run in runs}
        disk: list[float] = []
        for _ in range(given.rounds):
            disk.append(disk_rate(root))
            for run, measure in runs.items():
                measured[run].append(timed(measure))
        report(measured, disk, given.n)
        print(f"largest process {peak_mb():.0f} MB")


def report(measured: dict[str, list[tuple[float, float]]], disk: list[float], n: int) -> None:
    """Print the medians and the ratios within each round."""
    stored = 4.35e3  # bytes of LMDB a line: a page for the image, and its share of the others
    rate = statistics.median(disk)
    print(f"disk alone: {rate / 1e6:.0f} MB/s written and flushed = {rate / stored:,.0f} lines/s")
    base = measured["plain loop, one put per key"]
    for run, times in measured.items():
        wall = statistics.median(t for t, _ in times)
        cpu = statistics.median(c for _, c in times)
        ratio = statistics.median(b / t for (t, _), (b, _) in zip(times, base, strict=True))
        print(
            f"{run:30s} {n / wall:9,.0f} lines/s   {n / cpu:9,.0f} per second of processor time"
            f"   {ratio:5.2f} x the plain loop"
        )


def packed(root: Path, n: int, jobs: int) -> None:
    """The real job, from tar shards to renamed folder."""
    out = root / "lmdb"
    size = max(10_000, n // 8)
    pack(PackSettings((str(root / "render"),), out=str(out), shard_size=size, jobs=jobs))
    shutil.rmtree(out)


def plain_loop(root: Path) -> None:
    """One put per key, a transaction for every 1,000 samples, from the same tar shards."""
    reader, out = RenderReader(root / "render"), root / "plain"
    with lmdb.open(str(out), map_size=1 << 40) as environment:
        for start in range(0, len(reader), _READ):
            samples = reader.read(range(start, min(start + _READ, len(reader))))
            cache: dict[bytes, bytes] = {}
            for i, (image, text) in enumerate(zip(samples.images, samples.texts, strict=True)):
                cache[f"image-{start + i + 1:09d}".encode()] = image
                cache[f"label-{start + i + 1:09d}".encode()] = text.encode()
            write(environment, cache)
        write(environment, {b"num-samples": str(len(reader)).encode()})
    shutil.rmtree(out)


def write(environment: lmdb.Environment, cache: dict[bytes, bytes]) -> None:
    """Put a dictionary, key by key."""
    with environment.begin(write=True) as transaction:
        for key, value in cache.items():
            transaction.put(key, value)


def disk_rate(root: Path, size: int = 512 << 20) -> float:
    """Bytes per second that one process writes and flushes."""
    block, path = os.urandom(1 << 24), root / "disk"
    started = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    path.unlink()
    return size / seconds


def timed(measure: Callable[[], None]) -> tuple[float, float]:
    """Wall time, and processor time of this process and its finished children."""
    before, started = processor_time(), time.perf_counter()
    measure()
    wall = time.perf_counter() - started
    stop_workers()
    return wall, processor_time() - before


def stop_workers() -> None:
    """End joblib's idle workers, so that their processor time is known and none is reused."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


def processor_time() -> float:
    """Seconds, user and system."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_mb() -> float:
    """Largest resident size that this process or a child had."""
    sizes = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
    sizes.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return max(sizes) / 1024


if __name__ == "__main__":
    main()
