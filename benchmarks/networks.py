"""What each network costs, all in one run: parameters, arithmetic, training, reading one line.

    python benchmarks/networks.py
    python benchmarks/networks.py --model crnn_lite --model crnn_v2 --rounds 5

Times are CPU time on one thread, of freshly initialised networks: a step of `ocrtrain fit` on lines
of 280 px, and ONNX Runtime on one line of 560 px, in float32 and with 8-bit weights. The networks
take turns and the best of the rounds counts, so that a busy machine slows all of them alike.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from datagen.alphabet import builtin
from datagen.formats.manifest import cpu_name
from training.export import export
from training.fitting import hardware
from training.fitting.ctc import ctc_loss
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank, autocast
from training.fitting.train_state import adamw
from training.inference.scorers import OnnxScorer
from training.model.checkpoint import save_model
from training.model.model_settings import MODELS
from training.model.networks import build
from training.model.recogniser import Recogniser

CPU = torch.device("cpu")
READ_PX, TRAIN_PX, CHARACTERS = 560, 280, 10
REPEATS = 5  # of a reading per round


def main() -> None:
    """Print the machine and one row per network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", action="append", choices=MODELS, help="default: all")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    hardware.set_up(FitSettings(threads=1), Rank(0, 1, CPU, 1))
    precision = hardware.precision(FitSettings(), CPU)
    names = options.model or list(MODELS)
    with TemporaryDirectory() as folder:
        costs = [Cost(name, Path(folder), options.batch_size, precision) for name in names]
        for _ in range(options.rounds):
            for cost in costs:
                cost.measure()
    print(f"{cpu_name()}, one thread; training in {precision}, batches of {options.batch_size}")
    print(
        f"{'':10} {'parameters':>11} {'GFLOP':>6} {'lines/s':>8} {'float32 ms':>11} {'int8 ms':>8}"
    )
    for cost in costs:
        read, eight = (1000 * cost.seconds[kind] for kind in ("float32", "int8"))
        print(
            f"{cost.name:10} {cost.parameters / 1e6:9.2f} M {cost.gflop:6.2f}"
            f" {options.batch_size / cost.seconds['step']:8.1f} {read:11.1f} {eight:8.1f}"
        )
    print(f"lines/s: of {TRAIN_PX} px in training; GFLOP and ms: of one line of {READ_PX} px")


class Cost:
    """One network, ready to train and to read."""

    def __init__(self, name: str, folder: Path, batch_size: int, precision: str) -> None:
        torch.manual_seed(0)
        self.name = name
        network = build(name, len(builtin())).eval()
        self.parameters = sum(p.numel() for p in network.parameters())
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.zeros(1, 1, 32, READ_PX))
        self.gflop = counter.get_total_flops() / 1e9
        blank = np.full((1, 32, READ_PX), 255, np.uint8)
        save_model(folder / f"{name}.safetensors", network, builtin())
        self.jobs: dict[str, Callable[[], object]] = {}
        for kind in ("float32", "int8"):
            out = folder / f"{name}.{kind}.onnx"
            export(folder / f"{name}.safetensors", out, [blank[0]], int8=kind == "int8")
            scorer = OnnxScorer(out, threads=1)
            self.jobs[kind] = lambda scorer=scorer: scorer.logits(blank)  # type: ignore[misc]
        self.jobs["step"] = Step(network, batch_size, precision)
        self.seconds = dict.fromkeys(self.jobs, float("inf"))

    def measure(self) -> None:
        """Once more; the best so far is kept."""
        for kind, job in self.jobs.items():
            for _ in range(1 if kind == "step" else REPEATS):
                started = time.process_time()
                job()
                self.seconds[kind] = min(self.seconds[kind], time.process_time() - started)


@dataclass
class Step:
    """A step of training on random lines."""

    network: Recogniser
    batch_size: int
    precision: str

    def __post_init__(self) -> None:
        self.network = self.network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = adamw(self.network, 0.01)
        self.images = torch.rand(self.batch_size, 1, 32, TRAIN_PX) * 2 - 1
        self.targets = torch.randint(1, len(builtin()), (self.batch_size, CHARACTERS))
        self.lengths = torch.full((self.batch_size,), CHARACTERS)

    def __call__(self) -> None:
        with autocast(CPU, self.precision):
            logits = self.network(self.images)
        ctc_loss(logits, self.targets, self.lengths).mean().backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)


if __name__ == "__main__":
    main()
