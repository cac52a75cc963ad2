"""All that is measured on a machine with GPUs, in one command of ten minutes.

    bash benchmarks/gpu_run.sh                       # crnn, on one GPU and on all there are
    bash benchmarks/gpu_run.sh --model crnn_v2 --out v2.json
    python benchmarks/gpu_run.py --small             # the same on a CPU, to see that it runs

1. The training step beside a plain loop, with its share of the GPU's peak, with the LSTMs in
   float32 and in bfloat16.
2. `ocrtrain fit` on one GPU and on all: from packed data, on lines rendered live, and by the recipe
   `reading`, whose lines are of all widths: lines per second after the start, and what an epoch of
   3.6 million lines takes at that rate.

A part for which no time is left, or that fails, says so in the JSON file; the others go on.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from datagen.formats.manifest import cpu_name
from training.fitting.gpus import driver
from training.fitting.hardware import cores
from training.model.model_settings import MODELS

EPOCH_LINES = 3_600_000
LINES = ("LMDB", "live", "reading")  # where the lines of a run come from; the last by its recipe
MIN_SECONDS = 20.0  # that a part needs to be worth its start


@dataclass(frozen=True)
class Scale:
    """How much is run.

    Attributes:
        lines: rendered and packed for the purpose.
        batch_size: lines per step and process.
        steps: of each loop in a round of the step benchmark.
        fit_steps: of a run of `ocrtrain fit`.
        skipped: of those, how many pass before rates count: kernels are chosen and compiled.
        step_options: of the step benchmark.
        fit_options: of `ocrtrain fit`.
    """

    lines: int
    batch_size: int
    steps: int
    fit_steps: int
    skipped: int
    step_options: tuple[str, ...] = ()
    fit_options: tuple[str, ...] = ()


FULL = Scale(40_000, 512, 30, 260, 100, ("--gpu", "--workers", "6"))
SMALL = Scale(
    400, 8, 1, 4, 2, ("--rounds", "1"),
    ("--width-multiplier", "0.125", "--hidden", "8", "--threads", "1"),
)  # fmt: skip


class Run:
    """Commands until the time is up, and what they gave."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.end = folder, time.monotonic() + seconds
        self.results: dict[str, Any] = {}

    def measure(self, name: str, part: Callable[..., dict[str, Any]], *arguments: object) -> None:
        """Call a part with this run; whatever becomes of it, its name is in the results."""
        started = time.monotonic()
        if self.end - started < MIN_SECONDS:
            self.results[name] = {"skipped": "no time is left"}
        else:
            try:
                self.results[name] = part(self, *arguments)
            except subprocess.TimeoutExpired:
                self.results[name] = {"skipped": "the time was up before it ended"}
            except subprocess.CalledProcessError as error:
                self.results[name] = {"failed": str(error.stderr).strip().splitlines()[-5:]}
        self.results[name]["seconds"] = round(time.monotonic() - started, 1)
        print(f"{name}: {json.dumps(self.results[name])}", flush=True)

    def call(self, *command: str) -> str:
        """What a command prints, run in the folder with the repository's packages."""
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, *command], cwd=self.folder, env={**os.environ, "PYTHONPATH": path},
            capture_output=True, text=True, check=True, timeout=self.end - time.monotonic(),
        )  # fmt: skip
        return done.stdout


def data(run: Run, scale: Scale) -> dict[str, Any]:
    """Lines of both corpora, rendered and packed; how fast."""
    corpora = ("--corpus", "news:0.85", "--corpus", "classical:0.15")
    started = time.monotonic()
    run.call("-m", "datagen", "render", *corpora, "--n", str(scale.lines), "--out", "renders")
    rendered = time.monotonic()
    run.call("-m", "datagen", "pack", "renders", "--out", "lmdb")
    return {
        "rendered_per_s": scale.lines / (rendered - started),
        "packed_per_s": scale.lines / (time.monotonic() - rendered),
    }


def step(run: Run, scale: Scale, model: str, lstm: str) -> dict[str, Any]:
    """The training step beside a plain loop."""
    output = run.call(
        str(ROOT / "benchmarks" / "train_step.py"), "--model", model, "--data", "lmdb", "--lstm",
        lstm, "--batch-size", str(scale.batch_size), "--steps", str(scale.steps),
        *scale.step_options,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def fit(run: Run, scale: Scale, model: str, gpus: int, lines: str) -> dict[str, Any]:
    """`ocrtrain fit` on so many GPUs (0: on the CPU), and the epoch that follows from its rate."""
    name = f"{lines}-{gpus}"
    source = {
        "LMDB": ("--model", model, "--data", "lmdb"),
        "live": ("--model", model, "--live", "--corpus", "news:0.85", "--corpus", "classical:0.15"),
        "reading": ("--config", "reading"),
    }[lines]
    run.call(
        "-m", "training", "fit", "--run", name, "--gpus", str(gpus),
        "--batch-size", str(scale.batch_size * max(1, gpus)), "--max-steps", str(scale.fit_steps),
        "--epochs", "100000", "--validation-lines", "64", "--validate-every", "1000000",
        "--checkpoint-every", "1000000", "--log-every", str(max(1, scale.skipped // 5)),
        "--alignment-lines", "0", *source, *scale.fit_options,
    )  # fmt: skip
    text = (run.folder / "runs" / name / "metrics.jsonl").read_text(encoding="utf-8")
    return rate(text, scale.skipped)


def rate(metrics: str, skipped: int) -> dict[str, Any]:
    """Lines per second from a run's metrics.jsonl, after its first steps."""
    records = [json.loads(line) for line in metrics.splitlines()]
    rates = [r["images_per_s"] for r in records if r["kind"] == "train" and r["step"] > skipped]
    lines_per_s = statistics.median(rates)
    return {"lines_per_s": lines_per_s, "epoch_hours": EPOCH_LINES / lines_per_s / 3600}


def machine() -> dict[str, Any]:
    """What the numbers are of."""
    installed = driver()
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "cpu": cpu_name(), "cores": cores(), "gpus": gpus, "torch": torch.__version__,
        "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
        "driver": installed.version if installed else None,
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run all parts; returns the exit code, 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", choices=MODELS, default="crnn")
    parser.add_argument("--minutes", type=float, default=9.5, help="for all of it")
    parser.add_argument("--out", type=Path, default=Path("gpu-run.json"))
    parser.add_argument("--small", action="store_true", help="on the CPU, in little time")
    options = parser.parse_args(arguments)
    gpus = 0 if options.small else torch.cuda.device_count()
    if not (gpus or options.small):
        parser.error("torch finds no GPU here; --small runs on the CPU")
    scale = SMALL if options.small else FULL
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), 60 * options.minutes)
        run.results["machine"] = machine()
        run.measure("data", data, scale)
        for lstm in ("float32", "bfloat16"):
            run.measure(f"step, LSTMs {lstm}", step, scale, options.model, lstm)
        for count in sorted({min(gpus, 1), gpus}):
            for lines in LINES:
                name = f"fit, {count} GPUs, {lines}"
                run.measure(name, fit, scale, options.model, count, lines)
    options.out.write_text(json.dumps(run.results, indent=2) + "\n", encoding="utf-8")
    print(f"all of it: {options.out}")
    return int(any("failed" in result for result in run.results.values()))


if __name__ == "__main__":
    sys.exit(main())
