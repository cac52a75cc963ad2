"""What a beam and a language model gain over greedy decoding, and what they cost.

The network scores every line once; each decoder then works on the same logits.

    ocrtrain lm build --corpus news --corpus classical --out lm.npz
    python benchmarks/decoding.py runs/mine/best.safetensors --lm lm.npz --data data/lmdb
"""

import argparse
import platform
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

# In the place of this folder, whose names would hide modules that libraries look for.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from training.evaluation.intervals import compare
from training.evaluation.labelled import open_labelled
from training.evaluation.metrics import LineErrors, line_errors
from training.evaluation.report import shown
from training.inference.beam import beam_decode
from training.inference.beam_settings import BeamSettings
from training.inference.decoding import Decoded, FloatArray, IntArray, greedy_decode
from training.inference.image_decoding import read_line
from training.inference.language_model import load
from training.inference.line_reader import Decoder, LineReader
from training.inference.scorers import open_scorer


class RecordingDecoder:
    """Greedy decoding that keeps the logits, so that all decoders see the same."""

    def __init__(self) -> None:
        self.lines: list[FloatArray] = []

    def __call__(self, logits: FloatArray, input_lengths: IntArray) -> list[Decoded]:
        self.lines += [logits[:, [n]].copy() for n in range(logits.shape[1])]
        return greedy_decode(logits, input_lengths)


def main() -> None:
    """Print machine, versions, and one row per decoder."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("model", type=Path)
    options.add_argument("--lm", type=Path)
    options.add_argument("--data", type=Path, default=Path("data/lmdb"))
    options.add_argument("--limit", type=int, default=500)
    options.add_argument("--widths", type=int, nargs="*", default=[5, 10, 25])
    options.add_argument("--weights", type=float, nargs="*", default=[0.15, 0.3, 0.5])
    options.add_argument("--bonuses", type=float, nargs="*", default=[0.0, 0.5, 1.0])
    given = options.parse_args()
    source = open_labelled(given.data)
    count = min(given.limit, len(source))
    samples = source.read([i * len(source) // count for i in range(count)])
    recorder = RecordingDecoder()
    scorer = open_scorer(given.model, device="cpu")
    reader = LineReader(scorer, recorder)
    started = time.perf_counter()
    for image in samples.images:  # one by one, so that the logits come in order
        reader.decode([read_line(image).pixels])
    scoring = 1000 * (time.perf_counter() - started) / count
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()},"
          f" NumPy {np.__version__}; {count} lines of {given.data}")  # fmt: skip
    print(f"scoring with {given.model}: {scoring:.1f} ms per line\n")
    decoders: list[tuple[str, Decoder]] = [("greedy", greedy_decode)]
    decoders += [
        (f"beam of {w}", partial(beam_decode, settings=BeamSettings(w))) for w in given.widths
    ]
    if given.lm:
        table = load(given.lm).table
        decoders += [
            (
                f"beam of 10, lm {weight:g}, bonus {bonus:g}",
                partial(
                    beam_decode,
                    settings=BeamSettings(lm_weight=weight, length_bonus=bonus),
                    table=table,
                ),
            )
            for weight in given.weights
            for bonus in given.bonuses
        ]
    first = None
    for name, decoder in decoders:
        first = row(name, decoder, recorder.lines, scorer.alphabet, samples.texts, first)


def row(name, decoder, lines, alphabet, targets, first) -> LineErrors:  # type: ignore[no-untyped-def]
    """Decode all lines, print one row, and give back the errors of the first decoder."""
    decoder(lines[0], np.array([len(lines[0])]))  # compile
    started = time.perf_counter()
    texts = [alphabet.decode(decoder(x, np.array([len(x)]))[0].class_ids) for x in lines]
    cost = 1000 * (time.perf_counter() - started) / len(lines)
    errors = line_errors(texts, targets)
    first = first or errors
    paired = compare(first.edits, errors.edits, errors.target_lengths)
    print(
        f"{name:32}{cost:7.2f} ms per line   line accuracy {errors.line_accuracy:7.2%}"
        f"   CER {errors.cer:7.2%}, {shown(paired.cer_change)} against greedy"
    )
    return first


if __name__ == "__main__":
    main()
