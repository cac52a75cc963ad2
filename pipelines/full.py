"""The whole job: 3.6 million lines of news and classical text, packed, trained on, evaluated.

    python -m pipelines.full                 # everything by default
    python -m pipelines.full --n 20000 --gpus 0 --max-steps 200

Run again, it goes on where it stopped.
"""

import argparse
import sys
from pathlib import Path

from msgspec import Struct

from ocrbase.errors import UserError
from ocrbase.records import read_json
from pipelines.steps import Step, StepError, run_steps

CORPORA = ("news:0.85", "classical:0.15")
N = 3_600_000
SPLIT = 0.99
RUN = "full"
# Lines set by other programs; a validation set drawn by our own renderer flatters. Clones have it.
REAL_LINES = Path(__file__).resolve().with_name("real_lines")


class _Packed(Struct, frozen=True):
    """What the manifest of packed data says of its size."""

    samples: dict[str, int]


def steps(options: argparse.Namespace) -> list[Step]:
    """The commands of the job."""
    folder: Path = options.folder
    packed, run = folder / "data/lmdb", folder / "runs" / RUN
    corpora = [word for corpus in CORPORA for word in ("--corpus", corpus)]
    pack = ["ocrgen", "pack", "--split", str(SPLIT)]
    if _lines(packed) is not None:
        pack.append("--overwrite")  # of a smaller render; the split is kept
    fit = ["ocrtrain", "fit", "--run", RUN]
    resumed = (run / "settings.json").exists()  # then the run's own settings hold
    fit += ["--resume"] if resumed else ["--model", options.model]
    for name in ("gpus",) if resumed else ("gpus", "epochs", "max_steps"):
        value = getattr(options, name)
        if value is not None:
            fit += [f"--{name.replace('_', '-')}", str(value)]
    evaluate = ("ocrtrain", "evaluate", "--checkpoint", f"runs/{RUN}/best.safetensors")
    on_real_lines = [Step((*evaluate, "--data", str(REAL_LINES)))] if REAL_LINES.exists() else []
    return [
        Step(("ocrgen", "render", *corpora, "--n", str(options.n))),
        Step(tuple(pack), done=lambda: (_lines(packed) or 0) >= options.n),
        Step(tuple(fit)),
        Step((*evaluate, "--html", "evaluation.html")),
        *on_real_lines,
    ]


def _lines(packed: Path) -> int | None:
    """Samples of packed data, or None where there are none."""
    path = packed / "manifest.json"
    return sum(read_json(path, _Packed).samples.values()) if path.exists() else None


def main(arguments: list[str] | None = None) -> int:
    """Run the recipe; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.full", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--n", type=int, default=N, help="lines to render (%(default)s)")
    parser.add_argument("--model", default="crnn", help="network (%(default)s)")
    parser.add_argument("--gpus", type=int, help="GPUs; default: all there are, 0 is the CPU")
    parser.add_argument("--epochs", type=int, help="passes over the data")
    parser.add_argument("--max-steps", type=int, help="end the training after so many steps")
    parser.add_argument("--folder", type=Path, default=Path(), help="where data/ and runs/ go")
    options = parser.parse_args(arguments)
    try:
        seconds = run_steps(steps(options), options.folder)
    except StepError as error:
        print(f"Error: {error}; run the same command again to go on", file=sys.stderr)
        return error.code if error.code in (2, 130) else 1
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    for name, spent in seconds.items():
        print(f"{name}: {spent:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
