"""Accuracy and milliseconds per line of our models and of what else people use, in one run.

    python benchmarks/predict.py crnn_v2 best.onnx best.int8.onnx
    python benchmarks/predict.py best.onnx --data data/lmdb --limit 500 --threads 2

Each model is measured as its suffix says (torch, ONNX Runtime). Beside them read, where they are
installed: RapidOCR's recognisers, PP-OCRv6 small (`pip install rapidocr`) and PP-OCRv4 mobile (`pip
install --no-deps rapidocr-onnxruntime`), without detection, and Tesseract with chi_sim
(`apt-get install tesseract-ocr-chi-sim`), one process per line. A time counts from the file on disk
to the text. The readers take turns and the best of the rounds counts, so that a busy machine slows
all alike; CPU time leaves other programs out, but counts threads that wait for work.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

# In the place of this folder, whose names would hide modules that libraries look for.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from datagen.formats.manifest import cpu_name
from training.evaluation.labelled import open_labelled
from training.evaluation.metrics import line_errors, normalise_text
from training.inference.line_reader import LineReader
from training.inference.scorers import OnnxScorer, TorchScorer

ROOT = Path(__file__).resolve().parent.parent
SINGLE = 40  # lines timed one by one, spread over the set


@dataclass
class Reader:
    """Something that reads files of lines.

    Attributes:
        name: of its row.
        read: files to texts, all together.
        alone: seconds per line, one by one, wall and CPU; the best round.
        together: the same of all lines at once.
        texts: what it read.
    """

    name: str
    read: Callable[[list[Path]], list[str]]
    alone: tuple[float, float] = (float("inf"), float("inf"))
    together: tuple[float, float] = (float("inf"), float("inf"))
    texts: list[str] = field(default_factory=list)

    def measure(self, paths: list[Path]) -> None:
        """One round more."""
        few = paths[:: max(1, len(paths) // SINGLE)]
        for path in few:  # the first reading of a width is slower
            self.read([path])
        alone = [seconds(lambda path=path: self.read([path])) for path in few]  # type: ignore[misc]
        self.alone = best(self.alone, mean(alone))
        wall, cpu = seconds(lambda: self._keep(self.read(paths)))
        self.together = best(self.together, (wall / len(paths), cpu / len(paths)))

    def _keep(self, texts: list[str]) -> None:
        self.texts = texts


def main() -> None:
    """Print machine, versions and one row per reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL", help="files or names")
    parser.add_argument("--data", type=Path, default=ROOT / "pipelines" / "real_lines")
    parser.add_argument("--limit", type=int, default=400, help="lines")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    source = open_labelled(options.data)
    count = min(options.limit, len(source))
    samples = source.read([i * len(source) // count for i in range(count)])
    readers = [ours(model, options.threads) for model in options.models]
    readers += peers(options.threads)
    print(f"{machine()}, {options.threads} threads; {count} lines of {options.data}")
    with TemporaryDirectory() as folder:
        paths = []
        for i, image in enumerate(samples.images):
            suffix = ".jpg" if image.startswith(b"\xff\xd8") else ".png"
            paths.append(Path(folder) / f"{i:05d}{suffix}")
            paths[-1].write_bytes(image)
        for _ in range(options.rounds):
            for reader in readers:
                reader.measure(paths)
    show(readers, samples.texts)


def ours(model: Path, threads: int) -> Reader:
    """One of our models on the CPU with so many threads."""
    if model.suffix == ".onnx":
        lines = LineReader(OnnxScorer(model, threads, "cpu"))
    else:
        import torch

        torch.set_num_threads(threads)
        lines = LineReader(TorchScorer(model, "cpu"))
    return Reader(model.name, lambda paths: [reading.text for reading in lines.read(paths)])


def peers(threads: int) -> list[Reader]:
    """Whatever else is installed."""
    found = []
    if find_spec("rapidocr"):
        found.append(rapidocr_v6(threads))
    if find_spec("rapidocr_onnxruntime"):
        found.append(rapidocr_v4(threads))
    if shutil.which("tesseract"):
        found.append(Reader("Tesseract chi_sim", lambda paths: tesseract(paths, threads)))
    return found


def rapidocr_v6(threads: int) -> Reader:
    """The recogniser that RapidOCR 3.10 brings, PP-OCRv6 small."""
    from rapidocr import RapidOCR
    from rapidocr.ch_ppocr_rec import TextRecInput

    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        }
    )
    engine(np.full((48, 160, 3), 255, np.uint8), use_det=False, use_cls=False)  # loads it
    recognise: Any = engine.text_rec

    def read(paths: list[Path]) -> list[str]:
        return list(recognise(TextRecInput(img=[picture(path) for path in paths])).txts)

    return Reader(f"RapidOCR {version('rapidocr')}, PP-OCRv6 small", read)


def rapidocr_v4(threads: int) -> Reader:
    """The recogniser that rapidocr-onnxruntime 1.4 brings, PP-OCRv4 mobile."""
    from rapidocr_onnxruntime import RapidOCR

    recognise: Any = RapidOCR(intra_op_num_threads=threads).text_rec

    def read(paths: list[Path]) -> list[str]:
        return [result[0] for result in recognise([picture(path) for path in paths])[0]]

    name = f"RapidOCR {version('rapidocr-onnxruntime')}, PP-OCRv4 mobile"
    return Reader(name, read)


def picture(path: Path) -> Any:
    """An image as OpenCV reads it, BGR."""
    import cv2

    return cv2.imread(str(path))


def tesseract(paths: list[Path], threads: int) -> list[str]:
    """One process for a line, or for a list of all lines."""
    target = paths[0]
    if len(paths) > 1:
        target = paths[0].with_name("list.txt")
        target.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    done = subprocess.run(
        ("tesseract", str(target), "stdout", "-l", "chi_sim", "--psm", "7"),
        check=True, capture_output=True, encoding="utf-8",
        env=os.environ | {"OMP_THREAD_LIMIT": str(threads)},
    )  # fmt: skip
    return [page.strip() for page in done.stdout.split("\f")[: len(paths)]]


def machine() -> str:
    """Processor, Python and libraries."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "numpy"))
    return f"{cpu_name()}, {os.cpu_count()} cores; Python {platform.python_version()}, {libraries}"


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """How long something takes: by the clock, and CPU time with that of ended children."""
    started, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    return time.perf_counter() - started, sum(after[:4]) - sum(before[:4])


def mean(times: list[tuple[float, float]]) -> tuple[float, float]:
    """Of both clocks."""
    return sum(t[0] for t in times) / len(times), sum(t[1] for t in times) / len(times)


def best(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """The shorter by each clock."""
    return min(one[0], other[0]), min(one[1], other[1])


def show(readers: list[Reader], targets: list[str]) -> None:
    """One row per reader; accuracy as `ocrtrain evaluate` normalises it (width, spaces)."""
    print(f"{'':38}{'one by one, ms':>20}{'together, ms':>20}{'right':>8}{'CER':>9}")
    print(f"{'':38}{'clock':>12}{'CPU':>8}{'clock':>12}{'CPU':>8}")
    for reader in readers:
        errors = line_errors(
            [normalise_text(text) for text in reader.texts],
            [normalise_text(text) for text in targets],
        )
        alone, together = ([1000 * s for s in pair] for pair in (reader.alone, reader.together))
        print(
            f"{reader.name[-37:]:38}{alone[0]:12.1f}{alone[1]:8.1f}"
            f"{together[0]:12.1f}{together[1]:8.1f}{errors.line_accuracy:8.1%}{errors.cer:9.2%}"
        )


if __name__ == "__main__":
    main()
