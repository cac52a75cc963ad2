"""Accuracy by length of a network trained on ten characters and of one trained on 1 to 20.

    python benchmarks/lengths.py --steps 900

Both train live on the same text of random words over a small alphabet, with the same network,
steps and seed; they differ in the lengths and widths of their lines alone. Lines of 1, 3, 10 and
30 characters, of sentences that neither has seen, are then read by both.
"""

import argparse
import platform
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from datagen.alphabet import Alphabet, builtin, write_list
from datagen.render.render_settings import LookSettings
from datagen.split import Split, by_sentence
from datagen.text.plan_settings import PlanSettings
from training.fitting.fit import fit
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank, describe
from training.fitting.live import LiveLines
from training.fitting.sources import open_sources
from training.fitting.validate import Scores, validate
from training.model.checkpoint import LAST, load_model

LENGTHS = (1, 3, 10, 30)
SPLIT = 0.9
FITTED = LookSettings(fit_width=True, widths=(32, 1000))
RANK = Rank(0, 1, torch.device("cpu"), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--lines", type=int, default=300, help="read of each length")
    parser.add_argument("--classes", type=int, default=60)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = write_text(folder, options.classes)
        lines = {
            "ten characters": (plan, LookSettings()),
            "1 to 20": (
                replace(plan, length_min=1, length_max=20),
                LookSettings(fit_width=True, widths=(32, 640)),
            ),
        }
        print(f"torch {torch.__version__}, {platform.machine()}, {options.steps} steps of 64")
        for kind, (text, look) in lines.items():
            started = time.process_time()
            path = train(folder, kind, text, look, options)
            seconds = time.process_time() - started
            scores = [read(path, plan, length, options.lines) for length in LENGTHS]
            shown = ", ".join(
                f"{length}: {score.line_accuracy:.3f} (CER {score.cer:.3f})"
                for length, score in zip(LENGTHS, scores, strict=True)
            )
            print(f"{kind:15s} {seconds:5.0f} CPU s on {describe(RANK.device)}; lines of {shown}")


def write_text(folder: Path, classes: int) -> PlanSettings:
    """Sentences of 40 characters, random words over the first hanzi of the alphabet."""
    draw = random.Random(7)
    hanzi = [c for c in builtin().symbols if "\u4e00" <= c <= "\u9fff"][: classes - 11]
    words = ["".join(draw.choices(hanzi, k=2)) for _ in range(400)] + list("0123456789")
    sentences = ["".join(draw.choices(words, k=30))[:40] for _ in range(4000)]
    (folder / "text.txt").write_text("\n".join(sentences), encoding="utf-8")
    write_list(Alphabet(("", *"0123456789", *hanzi)), folder / "alphabet.txt")
    return PlanSettings(
        corpora=(str(folder / "text.txt"),), alphabet=str(folder / "alphabet.txt"), min_per_class=0
    )


def train(
    folder: Path, kind: str, plan: PlanSettings, look: LookSettings, options: argparse.Namespace
) -> Path:
    settings = FitSettings(
        live=True, plan=plan, look=look, split=SPLIT, run=kind.replace(" ", "-"), model="crnn_v2",
        width_multiplier=0.25, hidden=96, max_steps=options.steps, batch_size=64,
        alignment_lines=12_000, threads=options.threads, validate_every=options.steps,
        validation_lines=64,
    )  # fmt: skip
    return fit(settings, open_sources(settings), RANK, runs=folder).folder / LAST


def read(path: Path, plan: PlanSettings, length: int, lines: int) -> Scores:
    source = LiveLines(
        replace(plan, length_min=length, length_max=length),
        FITTED,
        by_sentence(SPLIT, FitSettings.split_seed),
        Split.VAL,
        lines,
    )
    return validate(load_model(path).network, source, lines, RANK, "float32")


if __name__ == "__main__":
    main()
