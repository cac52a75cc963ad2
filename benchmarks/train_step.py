"""One training step, ours against a plain loop over the same network, in one run.

    python benchmarks/train_step.py --model crnn              # on the CPU
    python benchmarks/train_step.py --model crnn --gpu --batch-size 512 --steps 50

The plain loop is what a tutorial writes: float32, eager, `nn.CTCLoss` over all classes, Adam, one
LMDB get and one decode per item. Ours is the train state of `ocrtrain fit`, with clipping and
the moving average, which the plain loop has not. Each has a process of its own, set up as its user
would have it; the two take turns, so that a busy machine slows both.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import lmdb
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from datagen.alphabet import builtin
from datagen.data_sets.line_dataset import LineDataset
from datagen.formats.manifest import cpu_name
from datagen.split import Split
from training.fitting import hardware
from training.fitting.compiling import compile_parts
from training.fitting.data import step_loader
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.sources import StoredLines
from training.fitting.train_state import TrainState
from training.model.model_settings import MODELS
from training.model.network_input import to_input
from training.model.networks import build
from training.model.recogniser import Recogniser

STAGES = ("load", "convolutions", "LSTMs and classes", "loss", "backward", "update")
Batch = tuple[Tensor, Tensor, Tensor]


class Items(Dataset[tuple[Tensor, list[int]]]):
    """One LMDB get per item."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.alphabet = folder, builtin()
        self.environment: lmdb.Environment | None = None
        self.count = int(self.get("num-samples"))
        self.environment.close()
        self.environment = None  # each worker opens its own

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, list[int]]:
        data = np.frombuffer(self.get(f"image-{index + 1:09d}"), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        label = self.alphabet.encode(self.get(f"label-{index + 1:09d}").decode())
        return (torch.from_numpy(image).float() / 255 - 0.5)[None] / 0.5, label

    def get(self, key: str) -> bytes:
        if self.environment is None:
            self.environment = lmdb.open(str(self.folder), readonly=True, lock=False)
        with self.environment.begin() as transaction:
            return bytes(transaction.get(key.encode()) or b"")


def collate(items: list[tuple[Tensor, list[int]]]) -> Batch:
    images, labels = zip(*items, strict=True)
    lengths = torch.tensor([len(label) for label in labels])
    return torch.stack(images), torch.tensor([c for label in labels for c in label]), lengths


class PlainLoop:
    """The peer."""

    def __init__(self, options: argparse.Namespace, data: Path, device: torch.device) -> None:
        self.device = device
        torch.set_num_threads(options.threads)
        self.network = network_of(options).to(device).train()
        self.criterion = nn.CTCLoss(zero_infinity=True)
        self.optimizer = torch.optim.Adam(self.network.parameters(), 1e-4, foreach=False)
        self.loader = DataLoader(
            Items(data / "train" / "shard_00000"), options.batch_size, shuffle=True,
            drop_last=True, collate_fn=collate, num_workers=options.workers,
            persistent_workers=bool(options.workers),
        )  # fmt: skip
        self.batches: Iterator[Batch] = iter(())

    def step(self) -> None:
        batch = next(self.batches, None)
        if batch is None:
            self.batches = iter(self.loader)
            batch = next(self.batches)
        images, targets, lengths = batch
        scores = self.network(images.to(self.device)).log_softmax(2)
        steps = torch.full((scores.shape[1],), scores.shape[0])
        loss = self.criterion(scores, targets.to(self.device), steps, lengths)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


class OurLoop:
    """The train_state of `ocrtrain fit`; stages are timed apart, which costs a GPU a wait each."""

    def __init__(self, options: argparse.Namespace, data: Path, device: torch.device) -> None:
        self.rank = Rank(0, 1, device, 1)
        settings = FitSettings(
            model=options.model, batch_size=options.batch_size, threads=options.threads
        )
        hardware.set_up(settings, self.rank)
        settings = replace(settings, precision=hardware.precision(settings, device))
        network = network_of(options).train()
        network.compute_lstms_in(getattr(torch, options.lstm))
        self.train_state = TrainState(network, settings, self.rank)
        self.compiled = compile_parts(network, settings, device, one_width=True)
        source = StoredLines(LineDataset([(data, None)], Split.TRAIN))
        self.batches = step_loader(
            source, source.order(options.batch_size, 0), range(10**9),
            workers=options.workers, pin=device.type == "cuda",
        )  # fmt: skip
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.size = options.batch_size

    def step(self) -> None:
        train_state = self.train_state
        for batch in next(self.batches):
            losses = train_state.line_losses(batch.to(self.rank.device), by_alignment=False)
            (losses.sum() / self.size).backward()
        train_state.clip()
        train_state.advance(1e-4)

    def facts(self, steps: int) -> dict[str, Any]:
        """What the report says of this loop, and the seconds of its stages over some steps."""
        for _ in range(steps):
            self.staged_step()
        return {
            "compiled": self.compiled,
            "precision": self.train_state.settings.precision,
            "peak_memory_gib": peak_memory(self.rank.device) / 2**30,
            "device": hardware.describe(self.rank.device),
            "peak": peak_flops(self.rank.device),
            "seconds": self.seconds,
        }

    def staged_step(self) -> None:
        """The same step with a clock between its stages."""
        train_state, clock = self.train_state, Clock(self.seconds, self.rank.device)
        (batch,) = next(self.batches)
        batch = batch.to(self.rank.device)
        clock.tick("load")
        with hardware.autocast(self.rank.device, train_state.settings.precision):
            x = train_state.network.features(to_input(batch.images))
            clock.tick("convolutions")
            n, c, h, t = x.shape
            logits = train_state.network.rnn(x.reshape(n, c * h, t).permute(2, 0, 1))
        clock.tick("LSTMs and classes")
        loss = (train_state._sums(logits, batch, False) / 10).sum() / n
        clock.tick("loss")
        loss.backward()
        clock.tick("backward")
        train_state.clip()
        train_state.advance(1e-4)
        clock.tick("update")


class Clock:
    def __init__(self, seconds: dict[str, float], device: torch.device) -> None:
        self.seconds, self.device, self.last = seconds, device, now(device)

    def tick(self, stage: str) -> None:
        time_now = now(self.device)
        self.seconds[stage] += time_now - self.last
        self.last = time_now


def now(device: torch.device) -> float:
    """Seconds; CPU time of this process on a CPU, so that other programs do not count."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def timed(step: Callable[[], object], device: torch.device, times: int) -> float:
    start = now(device)
    for _ in range(times):
        step()
    return (now(device) - start) / times


def network_of(options: argparse.Namespace) -> Recogniser:
    torch.manual_seed(0)
    return build(options.model, len(builtin()))


def peak_memory(device: torch.device) -> int:
    """Most bytes that tensors took on a GPU so far; 0 on a CPU, which does not count them."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0


def flop_per_line(options: argparse.Namespace) -> float:
    """Multiplications and additions of forward and backward, three times the forward."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network_of(options)(torch.zeros(1, 1, 32, 280))
    return 3.0 * float(counter.get_total_flops())


def peak_flops(device: torch.device) -> float:
    """What a large bfloat16 product reaches here, the best of five."""
    size = 8192 if device.type == "cuda" else 2048
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in "lr")
    with torch.no_grad():
        seconds = [timed(lambda: torch.mm(left, right), device, 3) for _ in range(5)]
    return float(2 * size**3 / min(seconds))


def make_data(folder: Path, lines: int) -> Path:
    """Render and pack lines of the built-in news text."""
    from datagen.cli import main

    renders, packed = folder / "renders", folder / "lmdb"
    main(["render", "--corpus", "news", "--n", str(lines), "--out", str(renders)])
    main(["pack", str(renders), "--out", str(packed)])
    return packed


class Peer:
    """A loop in a process of its own."""

    def __init__(self, kind: type, options: argparse.Namespace, data: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other_end = context.Pipe()
        self.process = context.Process(target=serve, args=(kind, options, data, other_end))
        self.process.start()
        other_end.close()  # or the end of the process would not be seen here

    def ask(self, what: str, times: int = 0) -> Any:
        self.connection.send((what, times))
        return self.connection.recv()

    def end(self) -> None:
        self.connection.send(("end", 0))
        self.process.join()


def device_of(*, gpu: bool) -> torch.device:
    """With the index that torch.cuda.set_device asks for."""
    return torch.device("cuda", 0) if gpu else torch.device("cpu")


def serve(kind: type, options: argparse.Namespace, data: Path, connection: Connection) -> None:
    """Answer with the seconds of a step, or with what is known of the loop."""
    device = device_of(gpu=options.gpu)
    loop = kind(options, data, device)
    while True:
        what, times = connection.recv()
        if what == "end":
            return
        if what == "steps":
            connection.send(timed(loop.step, device, times))
        elif what == "facts":
            connection.send(loop.facts(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", choices=MODELS, default="crnn")
    parser.add_argument("--data", type=Path, help="packed data; default: rendered for the purpose")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3, help="of each loop in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=0, help="loader processes of both loops")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument(
        "--lstm", choices=("float32", "bfloat16"), default="float32", help="of ours, on a GPU"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or make_data(Path(folder), max(2000, 4 * options.batch_size))
        print(json.dumps(report(options, data)))


def report(options: argparse.Namespace, data: Path) -> dict[str, Any]:
    """Let the two loops take turns; prints what a person reads, returns what a program does."""
    plain, ours = (Peer(kind, options, data) for kind in (PlainLoop, OurLoop))
    for peer in (plain, ours):
        peer.ask("steps", 2)
    pairs = [
        (plain.ask("steps", options.steps), ours.ask("steps", options.steps))
        for _ in range(options.rounds)
    ]
    facts = ours.ask("facts", options.steps)
    for peer in (plain, ours):
        peer.end()
    plain_s, ours_s = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
    size, flop, peak = options.batch_size, flop_per_line(options), facts["peak"]
    ratios = [a / b for a, b in pairs]
    share = flop * size / ours_s / peak
    total = sum(facts["seconds"].values())
    stages = {name: seconds / total for name, seconds in facts["seconds"].items()}
    print(f"{cpu_name()}; {facts['device']}")
    print(f"torch {torch.__version__}, {options.model}, batches of {size}, {facts['compiled']}")
    print(f"plain loop {size / plain_s:10.1f} images/s")
    print(f"ours       {size / ours_s:10.1f} images/s, {facts['precision']}, LSTMs {options.lstm}")
    print(f"ratio      {plain_s / ours_s:10.2f}  ({', '.join(f'{r:.2f}' for r in ratios)})")
    print(
        f"{flop / 1e9:.1f} GFLOP per line; {share:.1%} of a large product's"
        f" {peak / 1e12:.2f} TFLOP/s; {facts['peak_memory_gib']:.1f} GiB at most"
    )
    print("of our step: " + ", ".join(f"{name} {part:.1%}" for name, part in stages.items()))
    return {
        "plain": size / plain_s, "ours": size / ours_s, "ratio": plain_s / ours_s,
        "share_of_peak": share, "peak_tflops": peak / 1e12, "compiled": facts["compiled"],
        "precision": facts["precision"], "peak_memory_gib": facts["peak_memory_gib"],
        "stages": stages,
    }  # fmt: skip


if __name__ == "__main__":
    main()
