"""Coverage of the alphabet by 3.6 million planned lines, without and with rare-class lines.

Plans every line and counts what stands on it; nothing is drawn. Indexes and tables are built anew
in a temporary cache. Repeatable with any text: the sources that `ocrgen corpus list` names, or
files of your own.

    python benchmarks/class_coverage.py news.txt:0.85 classical.txt:0.15
    python benchmarks/class_coverage.py news.txt --n 360000
"""

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from datagen.text.plan import WindowPlan, make_plan
from datagen.text.plan_settings import RATE_LINES, PlanSettings
from datagen.text.rare_lines import RareLineTable

BATCH = 1000
TAIL = (1, 50, 200)


def main() -> None:
    """Print machine, versions, times, memory and the two coverages."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("texts", nargs="+", metavar="TEXT[:WEIGHT]")
    options.add_argument("--n", type=int, default=RATE_LINES)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--min-per-class", type=int, default=200)
    options.add_argument("--max-inserted", type=float, default=0.05)
    given = options.parse_args()
    cores = os.cpu_count()
    print(f"{platform.processor() or platform.machine()}, {cores} cores, one used")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}")
    with tempfile.TemporaryDirectory() as cache:
        os.environ["OCRGEN_CACHE"] = cache
        plain = opened("plain windows", given, min_per_class=0)
        count("plain windows", plain, given.n)
        served = opened("with rare-class lines", given, min_per_class=given.min_per_class)
        counts, altered = count("with rare-class lines", served, given.n)
        table = served.rare_lines
        if table is None:
            raise SystemExit("give --min-per-class 1 or more")
        print("\n".join(f"  {line}" for line in served.coverage_report(given.n).lines()))
        unaltered = table.lines_among(given.n) - altered
        print(f"  served by unaltered windows: {unaltered:,} lines ({unaltered / given.n:.2%})")
        print(
            f"  rare-class lines repeat an unaltered window {uses_of_one_window(table)} times at"
            f" most in {RATE_LINES:,} lines"
        )
        missing = int((counts < given.min_per_class * given.n / RATE_LINES).sum())
        print(f"  counted: {missing} classes under their target")
        size = sum(f.stat().st_size for f in Path(cache).rglob("*") if f.is_file())
        print(f"  cache on disk: {size / 1e6:.1f} MB")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process: {peak:.0f} MiB")


def opened(what: str, given: argparse.Namespace, *, min_per_class: int) -> WindowPlan:
    """Build a plan and print how long it took."""
    settings = PlanSettings(
        corpora=tuple(given.texts),
        seed=given.seed,
        min_per_class=min_per_class,
        max_inserted=given.max_inserted,
    )
    start = time.process_time()
    plan = make_plan(settings)
    if not isinstance(plan, WindowPlan):
        raise TypeError("given lines have no windows")
    print(f"{what}: ready after {time.process_time() - start:.2f} s of CPU time")
    return plan


def count(what: str, plan: WindowPlan, n: int) -> tuple[np.ndarray, int]:
    """Plan n lines; occurrences of each class without the blank, and lines with altered text."""
    counts = np.zeros(len(plan.alphabet), dtype=np.int64)
    altered = 0
    start = time.process_time()
    spent = 0.0
    for first in range(0, n, BATCH):
        begin = time.process_time()
        texts = plan.texts(np.arange(first, min(first + BATCH, n)))
        spent += time.process_time() - begin
        counts += np.bincount(texts.class_ids.ravel(), minlength=len(counts))
        altered += int((texts.inserted > 0).sum())
    whole = time.process_time() - start
    counts = np.delete(counts, plan.alphabet.blank)
    tail = ", ".join(f"{int((counts < limit).sum()):,} under {limit}" for limit in TAIL)
    print(
        f"{what}: {n:,} lines planned in {spent:.1f} s of CPU time,"
        f" {spent / n * 1e6:.2f} µs per line in batches of {BATCH:,}"
        f" ({whole:.1f} s with the counting)"
    )
    print(
        f"{what}: of {len(counts):,} classes {tail}; the rarest {int(counts.min())} times;"
        f" {altered:,} lines ({altered / n:.2%}) have altered text"
    )
    return counts, altered


def uses_of_one_window(table: RareLineTable) -> int:
    """How often the most used unaltered window stands in the table of rare-class lines."""
    rows = np.asarray(table.class_ids)[np.asarray(table.inserted) == 0]
    if not len(rows):
        return 0
    _, counts = np.unique(rows, axis=0, return_counts=True)
    return int(counts.max())


if __name__ == "__main__":
    main()
