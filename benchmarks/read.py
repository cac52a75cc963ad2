"""Reading rate of stored lines on one core, beside the usual one-sample-at-a-time reading.

    python benchmarks/read.py

Random batches, fetched, decoded, labels as class ids, centres included: from packed data, and from
the tar shards of the render itself, at the same lines. The peer opens the same LMDB and takes one
sample at a time, image by PIL in gray, as most trainers' data sets do. Each round measures all one
after the other in CPU time; the figures are medians over the rounds.
"""

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.lines import machine, make_lines
from datagen.data_sets.line_dataset import LineDataset
from datagen.data_sets.opening import open_data
from datagen.formats.lmdb.handles import environment
from datagen.formats.lmdb.reader import LmdbReader
from datagen.pack.job import pack
from datagen.pack.pack_settings import PackSettings
from datagen.split import Split


def main() -> None:
    """Print machine, versions, rates and ratios."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--n", type=int, default=60_000)
    options.add_argument("--batch-size", type=int, default=256)
    options.add_argument("--batches", type=int, default=60)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--folder", type=Path, help="on the disk to measure; default: TMPDIR")
    given = options.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(machine())
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        root = Path(name)
        size = make_lines(root / "render", given.n)
        inputs, out = (str(root / "render"),), str(root / "lmdb")
        pack(PackSettings(inputs, out=out, split=1.0, shard_size=given.n // 4, jobs=1))
        data, reader = LineDataset([(root / "lmdb", None)]), LmdbReader(root / "lmdb", Split.TRAIN)
        tars = LineDataset(open_data([(root / "render", None)], 1.0))
        same = data.texts_of(range(100)) == tars.texts_of(range(100))
        assert same and len(data) == len(tars)
        print(
            f"{given.n:,} lines of 280x32, {size:.0f} bytes per JPEG, in {len(reader.shards)} LMDB"
            f" and {len(tars.parts[0].reader.shards)} tar shards"
        )
        runs: dict[str, Callable[[np.ndarray], object]] = {
            "one sample at a time, PIL": lambda rows: one_by_one(reader, rows),
            "LineDataset on LMDB": data.batch,
            "LineDataset on tar shards": tars.batch,
            "OpenCV decoding alone": decoding_alone(reader, given.batch_size),
        }
        rng = np.random.default_rng(0)
        shape = (given.batches, given.batch_size)
        measured: dict[str, list[float]] = {run: [] for run in runs}
        for _ in range(given.rounds):
            batches = rng.integers(0, given.n, shape)
            for run, read in runs.items():
                started = time.process_time()
                for rows in batches:
                    read(rows)
                measured[run].append(batches.size / (time.process_time() - started))
    for run, rates in measured.items():
        ratios = [
            statistics.median(r / b for r, b in zip(rates, measured[base], strict=True))
            for base in ("one sample at a time, PIL", "LineDataset on LMDB")
        ]
        print(
            f"{run:28s} {1e6 / statistics.median(rates):6.1f} us per image"
            f" {statistics.median(rates):9,.0f} images/s per core"
            f" {ratios[0]:5.2f} x the peer {ratios[1]:5.2f} x LMDB"
        )


def one_by_one(reader: LmdbReader, rows: np.ndarray) -> list[tuple[np.ndarray, str]]:
    """A transaction, two gets and a PIL image for each sample."""
    samples = []
    starts = reader.shards.starts
    shards = np.searchsorted(starts, rows, side="right") - 1
    for shard, row in zip(shards.tolist(), rows.tolist(), strict=True):
        index = row - int(starts[shard]) + 1
        held = environment(reader.folder / reader.entries[shard].path)
        with held.begin(write=False) as transaction:
            label = transaction.get(b"label-%09d" % index).decode("utf-8")
            data = transaction.get(b"image-%09d" % index)
        samples.append((np.asarray(Image.open(io.BytesIO(data)).convert("L")), label))
    return samples


def decoding_alone(reader: LmdbReader, count: int) -> Callable[[np.ndarray], object]:
    """What decoding costs when the bytes are at hand already: the bound of any reading."""
    images = [np.frombuffer(data, np.uint8) for data in reader.read(range(count)).images]
    return lambda rows: [cv2.imdecode(image, cv2.IMREAD_GRAYSCALE) for image in images]


if __name__ == "__main__":
    main()
