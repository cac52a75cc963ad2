"""Coverage of the alphabet by 3.6 million planned windows, before and after the needy slots.

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
        served = opened("with needy slots", given, min_per_class=given.min_per_class)
        found, touched = count("with needy slots", served, given.n)
        table = served.needy
        assert table is not None
        print("\n".join(f"  {line}" for line in served.coverage_report(given.n).lines()))
        real = int(table.slots_before(np.array([given.n]))[0]) - touched
        print(f"  served by untouched windows: {real:,} lines ({real / given.n:.2%})")
        reuse = uses_of_one_window(served)
        print(
            f"  needy slots repeat an untouched text {reuse} times at most in {RATE_LINES:,} lines"
        )
        missing = int((found < given.min_per_class * given.n / RATE_LINES).sum())
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
    """Plan n lines; occurrences of each class without the blank, and lines touched."""
    found = np.zeros(len(plan.alphabet), dtype=np.int64)
    touched = 0
    start = time.process_time()
    spent = 0.0
    for first in range(0, n, BATCH):
        begin = time.process_time()
        texts = plan.texts(np.arange(first, min(first + BATCH, n)))
        spent += time.process_time() - begin
        found += np.bincount(texts.class_ids.ravel(), minlength=len(found))
        touched += int((texts.inserted > 0).sum())
    whole = time.process_time() - start
    found = np.delete(found, plan.alphabet.blank)
    tail = ", ".join(f"{int((found < limit).sum()):,} under {limit}" for limit in TAIL)
    print(
        f"{what}: {n:,} lines planned in {spent:.1f} s of CPU time, {spent / n * 1e6:.2f} µs a line"
        f" in batches of {BATCH:,} ({whole:.1f} s with the counting)"
    )
    print(
        f"{what}: of {len(found):,} classes {tail}; the rarest {int(found.min())} times;"
        f" {touched:,} lines ({touched / n:.2%}) are not untouched windows"
    )
    return found, touched


def uses_of_one_window(plan: WindowPlan) -> int:
    """How often the most used untouched window stands in the table of needy slots."""
    table = plan.needy
    if table is None or not len(table):
        return 0
    rows = np.asarray(table.class_ids)[np.asarray(table.inserted) == 0]
    if not len(rows):
        return 0
    _, counts = np.unique(rows, axis=0, return_counts=True)
    return int(counts.max())


if __name__ == "__main__":
    main()
