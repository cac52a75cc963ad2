"""One training step, ours against a plain loop over the same network, in one run.

    python benchmarks/train_step.py --model crnn              # on the CPU
    python benchmarks/train_step.py --model crnn --gpu --batch-size 512 --steps 50

The plain loop is what a tutorial writes: float32, eager, `nn.CTCLoss` over all classes, Adam, one
LMDB get and one decode for each item. Ours is the learner of `ocrtrain fit`, with clipping and the
moving average, which the plain loop has not. The two take turns, so that a busy machine slows both.
"""

import argparse
import json
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import lmdb
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from datagen.alphabet import builtin
from datagen.formats.line_dataset import LineDataset
from training.fitting import hardware
from training.fitting.data import step_loader, to_input
from training.fitting.hardware import Seat
from training.fitting.learner import Learner
from training.fitting.sources import StoredLines
from training.model.networks import Recogniser, build
from training.settings import MODELS, FitSettings

STAGES = ("load", "convolutions", "LSTMs and classes", "loss", "backward", "update")
Batch = tuple[Tensor, Tensor, Tensor]


class Items(Dataset[tuple[Tensor, list[int]]]):
    """One LMDB get an item."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.alphabet = folder, builtin()
        self.environment: lmdb.Environment | None = None

    def __len__(self) -> int:
        return int(self.get("num-samples"))

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

    def __init__(self, options: argparse.Namespace, folder: Path, device: torch.device) -> None:
        self.device = device
        self.network = network_of(options).to(device).train()
        self.criterion = nn.CTCLoss(zero_infinity=True)
        self.optimizer = torch.optim.Adam(self.network.parameters(), 1e-4, foreach=False)
        self.loader = DataLoader(
            Items(folder), options.batch_size, shuffle=True, drop_last=True, collate_fn=collate,
            num_workers=options.workers, persistent_workers=bool(options.workers),
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
    """The learner of `ocrtrain fit`; each stage is timed, which costs a GPU a wait a stage."""

    def __init__(self, options: argparse.Namespace, data: Path, device: torch.device) -> None:
        self.seat = Seat(0, 1, device, 1)
        settings = FitSettings(model=options.model, batch_size=options.batch_size)
        kind = hardware.precision(settings, device)
        settings = FitSettings(model=options.model, batch_size=options.batch_size, precision=kind)
        network = network_of(options).train()
        self.compiled = hardware.compile_convolutions(network, settings, device)
        self.learner = Learner(network, settings, self.seat)
        source = StoredLines(LineDataset([(data, None)], "train"))
        self.batches = step_loader(
            source, source.order(options.batch_size, 0), range(10**9),
            workers=options.workers, pin=device.type == "cuda",
        )  # fmt: skip
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.size = options.batch_size

    def step(self) -> None:
        learner = self.learner
        for batch in next(self.batches):
            losses = learner.line_losses(batch.to(self.seat.device), by_places=False)
            (losses.sum() / self.size).backward()
        learner.clip()
        learner.advance(1e-4)

    def staged_step(self) -> None:
        """The same step with a clock between its stages."""
        learner, clock = self.learner, Clock(self.seconds, self.seat.device)
        (batch,) = next(self.batches)
        batch = batch.to(self.seat.device)
        clock.tick("load")
        with hardware.autocast(self.seat.device, learner.settings.precision):
            x = learner.network.features(to_input(batch.images))
            clock.tick("convolutions")
            n, c, h, t = x.shape
            logits = learner.network.rnn(x.reshape(n, c * h, t).permute(2, 0, 1))
        clock.tick("LSTMs and classes")
        loss = (learner._sums(logits, batch, False) / 10).sum() / n
        clock.tick("loss")
        loss.backward()
        clock.tick("backward")
        learner.clip()
        learner.advance(1e-4)
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


def flop_of_a_line(options: argparse.Namespace) -> float:
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
    options = parser.parse_args()
    device = torch.device("cuda" if options.gpu else "cpu")
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or make_data(Path(folder), max(2000, 4 * options.batch_size))
        own = Path(folder) / "plain"  # LMDB opens a folder once in a process
        shutil.copytree(data / "train" / "shard_00000", own)
        report(options, data, own, device)


def report(options: argparse.Namespace, data: Path, own: Path, device: torch.device) -> None:
    plain = PlainLoop(options, own, device)
    ours = OurLoop(options, data, device)
    for loop in (plain, ours):
        timed(loop.step, device, 2)
    pairs = [
        (timed(plain.step, device, options.steps), timed(ours.step, device, options.steps))
        for _ in range(options.rounds)
    ]
    for _ in range(options.steps):
        ours.staged_step()
    theirs, mine = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
    size, flop, peak = options.batch_size, flop_of_a_line(options), peak_flops(device)
    print(f"{hardware.describe(device)}, {platform.processor() or platform.machine()}")
    print(f"torch {torch.__version__}, {options.model}, batches of {size}, {ours.compiled}")
    print(f"plain loop {size / theirs:10.1f} images/s")
    print(f"ours       {size / mine:10.1f} images/s, {ours.learner.settings.precision}")
    print(f"ratio      {theirs / mine:10.2f}  ({', '.join(f'{a / b:.2f}' for a, b in pairs)})")
    share = flop * size / mine / peak
    print(
        f"{flop / 1e9:.1f} GFLOP a line; {share:.1%} of a large product's {peak / 1e12:.2f} TFLOP/s"
    )
    total = sum(ours.seconds.values())
    print("of our step: " + ", ".join(f"{k} {v / total:.1%}" for k, v in ours.seconds.items()))
    print(json.dumps({"plain": size / theirs, "ours": size / mine, "ratio": theirs / mine}))


if __name__ == "__main__":
    main()
