"""The main job on a small scale, from text to a model that reads, on two CPU cores.

    bash pipelines/quickstart.sh         # or, in an environment that has the project:
    python -m pipelines.quickstart

The small job is honest about its size: weather reports of invented places, about 120 distinct
characters, most of them hanzi, in all faces and with all six variations at full height. That much
a narrow network learns in minutes; the 5990 classes of the full alphabet take hours
(`python -m pipelines.full`). To show that nothing else changes, it also renders and packs some
thousand lines of news and classical text over all of them.
Everything lies in quickstart/; run again, it goes on where it stopped.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from pipelines.steps import Step, StepError, call, run_steps, shown
from pipelines.weather import sentences

TEXT = "weather.txt"
SENTENCES = 20_000
LINES = 80_000
STEPS = 1_300
NETWORK = ("--model", "crnn_v2", "--width-multiplier", "0.25", "--hidden", "96")
LEARNING = ("--lr", "0.004", "--alignment-lines", "14000", "--validation-lines", "500")
FRESH = 24
FRESH_SEED = 2026  # of lines that no other step draws
MIN_ACCURACY = 0.90
FULL_ALPHABET_LINES = 4_000
RUN = "quickstart"


def main(arguments: list[str] | None = None) -> int:
    """Run the recipe; returns the exit code: 1 if a step or the accuracy fails."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.quickstart", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--folder", type=Path, default=Path("quickstart"), help="%(default)s")
    parser.add_argument("--n", type=int, default=LINES, help="lines to render (%(default)s)")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps (%(default)s)")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    started = time.monotonic()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_text(folder)
        seconds = run_steps(_steps(folder, options.n, options.steps), folder)
        accuracy = _evaluate(folder)
        right = _read_fresh_lines(folder)
    except StepError as error:
        print(f"Error: {error}; run the same command again to go on", file=sys.stderr)
        return error.code if error.code in (2, 130) else 1
    except KeyboardInterrupt:
        return 130
    _tell(folder, seconds, accuracy, right, time.monotonic() - started)
    if accuracy < MIN_ACCURACY:
        print(f"Error: line accuracy {accuracy:.3f} is under {MIN_ACCURACY}", file=sys.stderr)
        return 1
    return 0


def _steps(folder: Path, n: int, steps: int) -> list[Step]:
    small = ("--corpus", TEXT, "--alphabet", "alphabet.txt", "--min-per-class", "0")
    run = folder / "runs" / RUN
    fit: tuple[str, ...] = ("ocrtrain", "fit", "--run", RUN)
    if (run / "settings.json").exists():
        fit += ("--resume",)
    else:
        fit += (*NETWORK, *LEARNING, "--max-steps", str(steps), "--epochs", "1000", "--gpus", "0")
    both = ("--corpus", "news:0.85", "--corpus", "classical:0.15")
    full = "data/full-alphabet"
    return [
        Step(("ocrgen", "preview", *small, "--out", "contact-sheet.png")),
        Step(("ocrgen", "render", *small, "--n", str(n))),
        Step(
            ("ocrgen", "pack", "data/renders/weather", "--split", "0.97"),
            done=lambda: (folder / "data/lmdb/manifest.json").exists(),
        ),
        Step(("ocrgen", "render", *both, "--n", str(FULL_ALPHABET_LINES))),
        Step(
            ("ocrgen", "pack", "data/renders/news+classical", "--split", "0.99", "--out", full),
            done=lambda: (folder / full / "manifest.json").exists(),
        ),
        Step(fit),
        Step(("ocrtrain", "evaluate", "--html", "evaluation.html")),
    ]


def _write_text(folder: Path) -> None:
    """The text, one sentence per line, and its characters as a list file."""
    from datagen.alphabet import Alphabet, write_list

    text = list(sentences(SENTENCES))
    (folder / TEXT).write_text("\n".join(text) + "\n", encoding="utf-8")
    write_list(Alphabet(("", *sorted(set("".join(text))))), folder / "alphabet.txt")


def _evaluate(folder: Path) -> float:
    """Line accuracy on validation lines whose text occurs nowhere in training.

    The split is by sentence; about three in a hundred windows of the validation sentences stand
    in a training sentence too. These do not count here.
    """
    import numpy as np

    from datagen.formats.lmdb.reader import LmdbReader
    from datagen.split import Split
    from training.evaluation.evaluate import evaluate
    from training.inference.line_reader import LineReader

    packed = folder / "data/lmdb"
    trained = {t for _, part in LmdbReader(packed, Split.TRAIN).tables() for t in part.texts}
    reader = LineReader.open(folder / "runs" / RUN / "best.safetensors")
    read = evaluate(reader, LmdbReader(packed, Split.VAL), str(packed))
    pairs = zip(read.predictions, read.targets, strict=True)
    right = [prediction == target for prediction, target in pairs if target not in trained]
    return float(np.mean(right))


def _read_fresh_lines(folder: Path) -> int:
    """Write fresh image files, let the model read them; returns how many it reads right."""
    from datagen.render.renderer import Renderer
    from datagen.text.plan_settings import PlanSettings

    fresh = folder / "fresh"
    fresh.mkdir(exist_ok=True)
    plan = PlanSettings(
        corpora=(str(folder / TEXT),), alphabet=str(folder / "alphabet.txt"), seed=FRESH_SEED,
        min_per_class=0,
    )  # fmt: skip
    truth = {}
    for i, (image, text) in enumerate(Renderer(plan=plan, n=FRESH)):
        image.save(fresh / f"line-{i:02d}.png")
        truth[f"line-{i:02d}.png"] = text
    command = ("ocrtrain", "predict", "fresh", "--format", "json")
    print(f"$ {shown(command)}", flush=True)
    right = 0
    for row in call(command, folder, capture=True).splitlines():
        reading = json.loads(row)
        name = Path(reading["file"]).name
        agrees = reading["text"] == truth[name]
        right += agrees
        print(f"  fresh/{name}  {reading['text']}" + ("" if agrees else f"   is {truth[name]}"))
    return right


def _tell(
    folder: Path, seconds: dict[str, float], accuracy: float, right: int, total: float
) -> None:
    print(f"\nline accuracy {accuracy:.3f} on validation lines whose text was never trained on")
    print(f"{right} of {FRESH} fresh image files read without an error")
    print(f"{total:.0f} s in all; " + ", ".join(f"{k} {v:.0f} s" for k, v in seconds.items()))
    print(f"contact sheet: {folder / 'contact-sheet.png'}; model: {folder}/runs/{RUN}")


if __name__ == "__main__":
    sys.exit(main())
