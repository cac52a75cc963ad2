"""A render to measure with: JPEG lines of the usual size in the real shard form, drawn quickly."""

import platform
from pathlib import Path

import cv2
import lmdb
import numpy as np

from datagen.alphabet import builtin
from datagen.formats.manifest import (
    VERSION,
    RenderManifest,
    StoredAlphabet,
    cpu_name,
    write_manifest,
)
from datagen.formats.tar.reader import shard_count, shard_stem
from datagen.formats.tar.shard import TarShardWriter
from datagen.images import encode_jpeg
from datagen.sample import Samples, unknown_meta

DISTINCT = 1000  # images; labels and meta are all distinct
SHARD = 10_000


def machine() -> str:
    """One line that names what the figures were taken on."""
    import os

    cores = len(os.sched_getaffinity(0))
    return (
        f"{cpu_name()}, {cores} cores, load {os.getloadavg()[0]:.1f}; Python"
        f" {platform.python_version()}, NumPy {np.__version__}, OpenCV {cv2.__version__}, lmdb"
        f" {lmdb.__version__}"
    )


def make_lines(folder: Path, n: int) -> float:
    """Write a render of n lines of 280 x 32 px; returns the mean bytes of an image."""
    folder.mkdir(parents=True)
    alphabet = builtin()
    write_manifest(
        folder,
        RenderManifest(
            version=VERSION,
            n=n,
            shard_size=SHARD,
            alphabet=StoredAlphabet.of(alphabet),
            corpora=["none"],
            faces=["Hershey"],
        ),
    )
    images = [encode_jpeg(image, 80) for image in _pixels()]
    rng = np.random.default_rng(0)
    symbols = np.array(alphabet.symbols[1:])
    centres = np.tile(14 + 28 * np.arange(10, dtype=np.float32), (DISTINCT, 1))
    for shard in range(shard_count(n, SHARD)):
        with TarShardWriter(shard_stem(folder, shard)) as writer:
            for start in range(shard * SHARD, min(n, (shard + 1) * SHARD), DISTINCT):
                count = min(DISTINCT, n - start)
                meta = unknown_meta(count)
                meta["index"] += np.uint64(start)
                meta["sentence"] = rng.integers(0, 2**63, count)
                meta["height"], meta["width"], meta["corpus"], meta["face"] = 32, 280, 0, 0
                rows = symbols[rng.integers(0, len(symbols), (count, 10))]
                texts = ["".join(row) for row in rows]
                writer.write(Samples(images[:count], texts, meta, centres[:count]))
    return float(np.mean([len(image) for image in images]))


def _pixels() -> np.ndarray:
    rng = np.random.default_rng(0)
    pixels = np.clip(rng.normal(210, 2.5, (DISTINCT, 32, 280)), 0, 255).astype(np.uint8)
    for image in pixels:
        for place in range(10):
            for _ in range(5):  # strokes of about the density of hanzi
                ends = rng.integers(2, 26, 4) + np.array([28 * place, 2, 28 * place, 2])
                cv2.line(image, ends[:2].tolist(), ends[2:].tolist(), 60, 2, cv2.LINE_AA)
    return pixels
