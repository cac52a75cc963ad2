"""What twice as many lines bring: CER of the models of one run after more and more lines.

    python benchmarks/doubling.py 128000=a.safetensors 256000=b.safetensors \\
        --data pipelines/real_lines --target 0.008 --plot doubling.png

A power law, CER = a * lines ** b, is fitted to the points in logarithms. It gives the factor per
doubling of lines and the lines at which the curve would cross a target: an extrapolation, to be
trusted as far as a straight line through the points is.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from numpy.typing import NDArray

from benchmarks.lines import machine
from training.evaluation.evaluate import evaluate
from training.evaluation.intervals import Estimate, ratio
from training.evaluation.labelled import open_labelled
from training.inference.line_reader import LineReader


class Law(NamedTuple):
    """CER = a * lines ** b."""

    a: float
    b: float

    @property
    def per_doubling(self) -> float:
        """What CER is multiplied by when the lines double."""
        return float(2.0**self.b)

    def lines_for(self, cer: float) -> float:
        """Lines at which the curve falls to a CER; infinite where it does not fall."""
        return float((cer / self.a) ** (1 / self.b)) if self.b < 0 else float("inf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("points", nargs="+", metavar="LINES=MODEL")
    parser.add_argument("--data", type=Path, required=True, help="as of ocrtrain evaluate")
    parser.add_argument("--target", type=float, action="append", default=[], metavar="CER")
    parser.add_argument(
        "--since", type=int, default=0, metavar="LINES", help="fit no earlier point"
    )
    parser.add_argument("--plot", type=Path, help="image file to draw the curve into")
    options = parser.parse_args()
    pairs = sorted(
        (int(lines), model) for lines, _, model in (p.partition("=") for p in options.points)
    )
    print(machine())
    lines = np.array([count for count, _ in pairs], dtype=np.float64)
    rates = [cer_of(model, options.data) for _, model in pairs]
    for count, rate in zip(lines, rates, strict=True):
        print(f"{count:12,.0f} lines: CER {rate.value:.2%} [{rate.low:.2%}, {rate.high:.2%}]")
    late = lines >= options.since
    law = fitted(lines[late], np.array([rate.value for rate in rates])[late])
    print(f"twice the lines: CER times {law.per_doubling:.2f}")
    for target in options.target:
        print(f"CER {target:.2%} at about {law.lines_for(target):,.0f} lines, if it goes on so")
    if options.plot:
        draw(options.plot, lines, rates, law, options.target)


def cer_of(model: str, data: Path) -> Estimate:
    """CER of a model; width and spaces are not compared."""
    errors = evaluate(LineReader.open(model), open_labelled(data), data.name).normalised
    return ratio(errors.edits, errors.target_lengths)


def fitted(lines: NDArray[np.float64], cer: NDArray[np.float64]) -> Law:
    """Least squares of logarithms."""
    b, log_a = np.polyfit(np.log(lines), np.log(cer), 1)
    return Law(float(np.exp(log_a)), float(b))


def draw(
    path: Path, lines: NDArray[np.float64], rates: list[Estimate], law: Law, targets: list[float]
) -> None:
    """Points with their intervals, the fitted line, and the targets; both axes logarithmic."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    values = np.array([rate.value for rate in rates])
    around = np.array([[r.value - r.low, r.high - r.value] for r in rates]).T
    axes.errorbar(lines, 100 * values, yerr=100 * around, fmt="o", capsize=3, label="measured")
    ends = np.array([lines[0], max(lines[-1], *(law.lines_for(t) for t in targets), lines[-1])])
    axes.plot(
        ends, 100 * law.a * ends**law.b, "--", label=f"times {law.per_doubling:.2f} per doubling"
    )
    for target in targets:
        axes.axhline(100 * target, color="gray", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="lines trained on", ylabel="CER in %")
    for axis, shown in ((axes.xaxis, "{:,.0f}"), (axes.yaxis, "{:g}")):
        axis.set_major_locator(LogLocator(2, numticks=12))
        axis.set_major_formatter(FuncFormatter(lambda value, _, shown=shown: shown.format(value)))
        axis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(LogLocator(2, subs=(125_000 / 2**17,), numticks=12))
    axes.legend()
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
