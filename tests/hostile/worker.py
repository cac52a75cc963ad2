"""Runs the cases of one surface in this process: SURFACE SEED FIRST COUNT [FOLDER].

SURFACE is MODULE.CLASS of `surfaces/`, or a whole path that begins with "tests.".

Each case is told on stdout as a line of JSON when it begins and when it ends, so that whoever
watches knows which one crashed, hung or took too much. Without a FOLDER everything is shown. The
process ends early when caches hold so much that a later case would be blamed for it.
"""

import contextlib
import json
import os
import resource
import shutil
import sys
import warnings
from importlib import import_module
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from ocrbase.publishing import is_attempt
from tests.hostile.surface import Attempt, Outcome, Surface, problem_of

MAX_MEMORY = 1 << 30  # bytes over what the process has when the first case begins
MAX_KEPT = MAX_MEMORY // 2  # of them that may be left for the next case, before a new process
CANARY = "outside"


def main(arguments: list[str]) -> None:
    """Run some cases."""
    name, seed, first, count = arguments[0], *map(int, arguments[1:4])
    surface = _surface(name)
    shown = len(arguments) < 5
    report = os.fdopen(os.dup(1), "w", buffering=1)
    # Waiting for the disk takes longer than all the rest, and no case tests what it is for.
    os.fsync = lambda descriptor: None
    if not shown:
        os.dup2(2, 1)  # what libraries print there is no report
    with TemporaryDirectory() if shown else contextlib.nullcontext(arguments[4]) as folder:
        room = Path(folder)
        base = _prepared(surface, room)
        held = _data_bytes()
        resource.setrlimit(resource.RLIMIT_DATA, (held + MAX_MEMORY,) * 2)
        for case in range(first, first + count):
            report.write(json.dumps({"case": case}) + "\n")
            attempt, outcome, problem = run_case(surface, name, seed, case, base, room / "case")
            told = {"case": case, "code": outcome.code, "problem": problem}
            if problem or shown:
                told |= {"run": attempt.shown, "err": outcome.err[-2000:]}
            report.write(json.dumps(told) + "\n")
            if shown:
                print(outcome.out, outcome.err, sep="\n")
            if _data_bytes() > held + MAX_KEPT:
                return  # renderers stay open, and reserve room for glyphs that no case may need


def run_case(
    surface: Surface, name: str, seed: int, case: int, base: Path, folder: Path
) -> tuple[Attempt, Outcome, str | None]:
    """Run one case in a folder of its own; gives what is wrong with how it ended."""
    rng = Random(f"{name} {seed} {case}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.chdir(folder)
    before = _listing(base.parent, folder)
    surface.case = case
    attempt = surface.attempt(rng, base, folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for quiet in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
            warnings.simplefilter("ignore", quiet)
        outcome, problem = _run(attempt)
    if problem is None and _listing(base.parent, folder) != before:
        problem = "something outside of the case's folder changed"
    left = [path.name for path in folder.rglob("*") if is_attempt(path)]
    return attempt, outcome, problem or (f"left behind: {left}" if left else None)


def _run(attempt: Attempt) -> tuple[Outcome, str | None]:
    try:
        outcome = attempt.run()
        return outcome, problem_of(outcome, attempt.check)
    except MemoryError:
        return Outcome(-1), "too much memory"
    except BaseException as error:
        import traceback

        return Outcome(-1, err=traceback.format_exc()), f"{type(error).__name__}: {error}"


def _surface(name: str) -> Surface:
    path = name if name.startswith("tests.") else f"tests.hostile.surfaces.{name}"
    module, _, cls = path.rpartition(".")
    surface: Surface = getattr(import_module(module), cls)()
    return surface


def _prepared(surface: Surface, room: Path) -> Path:
    base, outside = room / "base", room / CANARY
    if not base.exists():
        base.mkdir()
        outside.mkdir()
        (outside / "canary.txt").write_text("no case may touch this")
        os.chdir(base)
        surface.prepare(base)
    return base


def _listing(room: Path, case: Path) -> list[tuple[str, int, int]]:
    """Names, sizes and times of all files but those of the case."""
    found = []
    for root, folders, names in os.walk(room):
        if Path(root) == room and case.name in folders:
            folders.remove(case.name)
        for name in names:
            status = os.lstat(os.path.join(root, name))  # noqa: PTH118 - in every case, twice
            found.append((f"{root}/{name}", status.st_size, status.st_mtime_ns))
    return found


def _data_bytes() -> int:
    """What RLIMIT_DATA limits: all memory of the process that is its own, used or only reserved."""
    return int(Path("/proc/self/status").read_text().split("VmData:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main(sys.argv[1:])
