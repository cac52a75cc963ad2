"""A short training from a model, in given styles, for benchmarks that compare styles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.learning import absolute
from pipelines.steps import call
from training.fitting.run_records import FINISHED
from training.fitting.state_files import states

BATCH_LINES = 64


@dataclass(frozen=True)
class Start:
    """What all trainings of a comparison have in common.

    Attributes:
        init: model to start from, a file or a bundled one.
        model: its network.
        alphabet: its alphabet.
        corpora: text, as of ocrgen render.
        length: characters per line, "1-20".
        width: frames in px, "32-704".
        lines: that each trains on.
        lr: peak learning rate.
    """

    init: str
    model: str
    alphabet: str
    corpora: Sequence[str]
    length: str
    width: str
    lines: int
    lr: float = 5e-4


def fine_tune(start: Start, folder: Path, run: str, styles: Mapping[str, float]) -> Path:
    """Train on styles with their shares, or go on where an earlier call stopped.

    Returns:
        The model of the last step, weights averaged.
    """
    place, steps = folder / "runs" / run, start.lines // BATCH_LINES
    if not (place / FINISHED).exists():
        words = ["--run", run, "--live", "--model", start.model, "--init", absolute(start.init)]
        words += [word for corpus in start.corpora for word in ("--corpus", absolute(corpus))]
        words += [word for name, share in styles.items() for word in ("--style", f"{name}:{share}")]
        words += ["--alphabet", start.alphabet, "--length", start.length, "--width", start.width]
        words += ["--fit-width", "--batch-size", str(BATCH_LINES), "--max-steps", str(steps)]
        words += ["--lr", str(start.lr), "--ema-decay", "0.98", "--alignment-lines", "0"]
        # The weights of the last step are wanted, so the one validation stands there.
        words += ["--validate-every", str(steps), "--validation-lines", "64", "--gpus", "0"]
        if states(place):
            words = ["--run", run, "--resume"]
        call(("ocrtrain", "fit", *words), folder, capture=True)
    return place / "best.safetensors"
