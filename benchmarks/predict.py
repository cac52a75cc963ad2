"""Latency of a single line, throughput of many, and accuracy on the same images.

Each model file given is measured as its suffix says (torch, ONNX Runtime), and Tesseract with
chi_sim beside them where it is installed. A latency counts from the file on disk to the text, the
process being up; Tesseract has no such state, so its start-up is measured as well and shown.

    python benchmarks/predict.py runs/mine/best.safetensors best.onnx best.int8.onnx
    python benchmarks/predict.py best.onnx --data data/lmdb --limit 500 --threads 4
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

# In the place of this folder, whose names would hide modules that libraries look for.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from training.evaluation.labelled import open_labelled
from training.evaluation.metrics import line_errors, normalise_text
from training.inference.line_reader import LineReader
from training.inference.scorers import OnnxScorer, TorchScorer

HERE = Path(__file__).resolve().parent
SINGLE = 50  # lines timed one by one
REPEATS = 3  # of the whole set; the best counts, since others may use the machine


@dataclass(frozen=True)
class Measured:
    """One row of the table."""

    name: str
    latency_ms: np.ndarray
    lines_per_s: float
    texts: list[str]


def main() -> None:
    """Print machine, versions and one row per reader."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("models", nargs="*", type=Path, metavar="MODEL")
    options.add_argument("--data", type=Path, default=HERE.parent / "pipelines" / "real_lines")
    options.add_argument("--limit", type=int, default=400)
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    source = open_labelled(given.data)
    count = min(given.limit, len(source))
    samples = source.read([i * len(source) // count for i in range(count)])
    print(f"{machine()}, {given.threads} threads; {count} lines of {given.data}")
    with TemporaryDirectory() as folder:
        paths = []
        for i, image in enumerate(samples.images):
            suffix = ".jpg" if image.startswith(b"\xff\xd8") else ".png"
            paths.append(Path(folder) / f"{i:05d}{suffix}")
            paths[-1].write_bytes(image)
        rows = [measure(str(m), reader(m, given.threads), paths) for m in given.models]
        if shutil.which("tesseract"):
            rows.append(tesseract(paths, given.threads))
        else:
            print("tesseract is not installed: apt-get install tesseract-ocr-chi-sim")
    print(f"\n{'':34}{'latency ms':>18}{'lines/s':>9}{'ratio':>8}{'line acc.':>11}{'CER':>9}")
    peer = rows[-1].lines_per_s
    for row in rows:
        show(row, samples.texts, peer)
    print(
        "latency: median and 95th percentile of one line at a time; lines/s: all at once; ratio: to"
        f" {rows[-1].name}; accuracy normalised (width, spaces)"
    )


def machine() -> str:
    """Processor, Python and libraries."""
    from importlib.metadata import version

    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        processor = named[0].partition(":")[2].strip() if named else processor
    libraries = ", ".join(f"{n} {version(n)}" for n in ("torch", "onnxruntime", "numpy"))
    return f"{processor}, {os.cpu_count()} cores; Python {platform.python_version()}, {libraries}"


def reader(model: Path, threads: int) -> LineReader:
    """A reader on the CPU with so many threads."""
    if model.suffix == ".onnx":
        return LineReader(OnnxScorer(model, threads))
    import torch

    torch.set_num_threads(threads)
    return LineReader(TorchScorer(model, "cpu"))


def measure(name: str, lines: LineReader, paths: list[Path]) -> Measured:
    """Time our own reader."""
    list(lines.read(paths[:8]))  # warm up
    singles = np.array([seconds(lambda p=p: list(lines.read([p]))) for p in paths[:SINGLE]])  # type: ignore[misc]
    whole = min(seconds(lambda: list(lines.read(paths))) for _ in range(REPEATS))
    texts = [reading.text for reading in lines.read(paths)]
    return Measured(name, 1000 * singles, len(paths) / whole, texts)


def tesseract(paths: list[Path], threads: int) -> Measured:
    """Time Tesseract: one process per line, and one process for a list of all lines."""
    environment = os.environ | {"OMP_THREAD_LIMIT": str(threads)}
    options = ("stdout", "-l", "chi_sim", "--psm", "7")

    def run(target: Path) -> str:
        done = subprocess.run(
            ("tesseract", str(target), *options),
            check=True, capture_output=True, encoding="utf-8", env=environment,
        )  # fmt: skip
        return done.stdout

    listing = paths[0].with_name("list.txt")
    listing.write_text("".join(f"{p}\n" for p in paths), encoding="utf-8")
    version = subprocess.run(("tesseract", "--version"), capture_output=True, encoding="utf-8")
    singles = np.array([seconds(lambda p=p: run(p)) for p in paths[:SINGLE]])  # type: ignore[misc]
    started = time.perf_counter()
    pages = run(listing).split("\f")[: len(paths)]
    whole = time.perf_counter() - started
    name = f"{version.stdout.split(chr(10))[0]} chi_sim"
    return Measured(name, 1000 * singles, len(paths) / whole, [page.strip() for page in pages])


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def show(row: Measured, targets: list[str], peer: float) -> None:
    """Print one row."""
    errors = line_errors(
        [normalise_text(t) for t in row.texts], [normalise_text(t) for t in targets]
    )
    median, late = np.percentile(row.latency_ms, [50, 95])
    print(
        f"{row.name[-34:]:34}{median:10.1f}{late:8.1f}{row.lines_per_s:9.1f}"
        f"{row.lines_per_s / peer:8.2f}{errors.line_accuracy:11.1%}{errors.cer:9.2%}"
    )


if __name__ == "__main__":
    main()
