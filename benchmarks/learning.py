"""Learning curves of `ocrtrain fit --live`: variants of its options over the same lines.

    python benchmarks/learning.py --corpus news.txt:0.85 --corpus classical.txt:0.15 \\
        --plot warm_start.png

    python benchmarks/learning.py --variant "crnn_v2=--model crnn_v2" \\
        --variant "crnn=--model crnn"

    python benchmarks/learning.py --read runs/NAME --plot curve.png

Without `--variant` it compares the warm start on known character centres with plain CTC. Several
variants run side by side, one thread each, as many as there are cores. Validation lines come from
sentences that training never sees. Each run is kept in the folder and goes on where it stopped when
the same command is given again. `--read` trains nothing and shows runs that are there.
"""

import argparse
import os
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from datagen.formats.manifest import cpu_name
from ocrbase.errors import UserError
from ocrbase.outputs import PICTURES, check_output
from ocrbase.weights import split_weight
from pipelines.steps import call
from training.fitting.run_folder import read_settings
from training.fitting.run_records import FINISHED, METRICS, ValidationRecord, read_metrics
from training.fitting.state_files import states

WARM_START = (
    "plain CTC=--alignment-lines 0",
    "12,000 lines of alignment, then CTC=--alignment-lines 12000",
    "24,000 lines of alignment, then CTC=--alignment-lines 24000",
)
BATCH_LINES = 64


class Point(NamedTuple):
    """A validation, and the lines that the run had trained on by then."""

    lines: int
    record: ValidationRecord


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--corpus", action="append", help="as of ocrgen render; news, classical")
    parser.add_argument("--variant", action="append", metavar="NAME=OPTIONS", help="of fit")
    parser.add_argument("--common", default="--model crnn_v2 --lr 0.002", help="options of all")
    parser.add_argument("--steps", type=int, default=800, help="of 64 lines")
    parser.add_argument("--validate-every", type=int, default=100, help="steps")
    parser.add_argument("--lines", type=int, default=600, help="of a validation")
    parser.add_argument("--folder", type=Path, default=Path("runs/learning"))
    parser.add_argument("--plot", type=Path, help="image file to draw the curves into")
    parser.add_argument("--read", action="append", type=Path, metavar="RUN", help="its folder")
    options = parser.parse_args()
    if options.plot:
        check_output(options.plot, overwrite=True, endings=(*PICTURES, ".svg", ".pdf"))
    if options.read:
        show({described(folder): validations(folder) for folder in options.read}, options.plot)
        return
    variants = [item.partition("=")[::2] for item in options.variant or WARM_START]
    cores = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(min(cores, len(variants))) as pool:
        curves = list(pool.map(lambda variant: train(options, *variant), variants))
    print(f"{cpu_name()}, {cores} cores; {options.steps} steps of {BATCH_LINES} lines")
    show(dict(zip([name for name, _ in variants], curves, strict=True)), options.plot)


def train(options: argparse.Namespace, name: str, own: str) -> list[Point]:
    """Run one variant to its end; returns its validations."""
    run = "".join(c if c.isalnum() else "-" for c in name)
    folder = options.folder / "runs" / run
    if not (folder / FINISHED).exists():
        corpora = options.corpus or ["news:0.85", "classical:0.15"]
        rendering = [word for corpus in corpora for word in ("--corpus", absolute(corpus))]
        words = ["--run", run, "--live", *rendering, "--gpus", "0", "--threads", "1"]
        words += ["--batch-size", str(BATCH_LINES), "--max-steps", str(options.steps)]
        words += ["--validate-every", str(options.validate_every)]
        words += ["--validation-lines", str(options.lines), "--checkpoint-every", "200"]
        words += shlex.split(options.common) + shlex.split(own)
        if states(folder):
            words = ["--run", run, "--resume"]
        options.folder.mkdir(parents=True, exist_ok=True)
        call(("ocrtrain", "fit", *words), options.folder, capture=True)
    return validations(folder)


def validations(folder: Path) -> list[Point]:
    """The validations of a run, each with the lines that it had seen."""
    size = read_settings(folder).batch_size or 0
    records = read_metrics(folder / METRICS)
    return [Point(r.step * size, r) for r in records if isinstance(r, ValidationRecord)]


def absolute(corpus: str) -> str:
    """A corpus or model given as a path, wherever the run's folder is; a name stays one."""
    name, _ = split_weight(corpus)
    return f"{Path(name).resolve()}{corpus[len(name) :]}" if Path(name).exists() else corpus


def show(curves: dict[str, list[Point]], plot: Path | None) -> None:
    for name, points in curves.items():
        last = points[-1].record
        shown = ", ".join(f"{point.lines:,}: {point.record.cer:.3f}" for point in points[1::2])
        print(
            f"{name}: {last.line_accuracy:.1%} of lines right, CER {last.cer:.4f} after"
            f" {points[-1].lines:,} lines and {last.seconds:,.0f} s"
        )
        print(f"    CER after so many lines: {shown}")
    if plot:
        draw(curves, plot)


def draw(curves: dict[str, list[Point]], path: Path) -> None:
    """CER and CTC loss against lines seen, both on logarithmic axes."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure = Figure(figsize=(9, 4.0), layout="constrained")
    errors, losses = figure.subplots(1, 2)
    for name, points in curves.items():
        thousands = [point.lines / 1000 for point in points]
        errors.plot(
            thousands, [min(1.0, point.record.cer) for point in points], "o-", ms=3, label=name
        )
        losses.plot(thousands, [point.record.validation_loss for point in points], "o-", ms=3)
    errors.set(ylabel="CER on sentences never trained on (cut at 1)")
    losses.set(ylabel="CTC loss per character of these")
    for axes in (errors, losses):
        axes.set(xlabel="thousand lines trained on", yscale="log")
        axes.set_xlim(left=0)
        low, high = axes.get_ylim()
        digits = (1, 2, 5) if high > 10 * low else range(1, 10)  # of ticks
        axes.yaxis.set_major_locator(LogLocator(subs=digits))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=min(3, len(curves)), fontsize="small")
    figure.savefig(path, dpi=110)


def described(folder: Path) -> str:
    """What a run trained and on which text, for a legend."""
    settings = read_settings(folder)
    text = ", ".join(settings.plan.corpora) if settings.live else ", ".join(settings.data)
    return f"{settings.model} on {text}"


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
