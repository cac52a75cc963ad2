"""Runs cases in a worker process and watches it: a crash or a hang is the finding of one case."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

CASE_LIMIT_S = 10.0
CASES_PER_PROCESS = 250  # whose caches add up, and with them the memory that a case finds used
START_LIMIT_S = 120.0  # imports and `prepare`, on a machine that has other work


@dataclass
class Tally:
    """What became of the cases of a surface.

    Attributes:
        codes: cases by exit code.
        findings: one line for each case that did not end as it should.
    """

    codes: dict[int, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def run_cases(name: str, seed: int, count: int, folder: Path) -> Tally:
    """Run the cases 0 to count - 1 of a surface."""
    tally, first, room = Tally(), 0, folder / "room"
    room.mkdir()
    while first < count:
        case = first
        cases = min(CASES_PER_PROCESS, count - first)
        arguments = [name, str(seed), str(first), str(cases), str(room)]
        for event in _events(arguments, folder / "worker.log"):
            if isinstance(event, str):
                tally.findings.append(f"{name} {seed} {case}: {event}")
                break
            case = event["case"]
            if "code" in event:
                tally.codes[event["code"]] = tally.codes.get(event["code"], 0) + 1
            if event.get("problem"):
                tally.findings.append(
                    f"{name} {seed} {case}: {event['problem']}\n    {event['run']}\n"
                    + "".join(f"    | {line}\n" for line in event["err"].splitlines()[-12:])
                )
        first = case + 1
    return tally


def _events(arguments: list[str], log: Path) -> "Iterator[dict[str, Any] | str]":
    """What a worker reports; at last a string if it crashed or was stopped."""
    command = [sys.executable, "-m", "tests.hostile.worker", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            env=environment, start_new_session=True,
        )  # fmt: skip
    assert process.stdout is not None
    limit, buffer, running = START_LIMIT_S, b"", False
    try:
        while select.select([process.stdout], [], [], limit)[0]:
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                code = process.wait(CASE_LIMIT_S)
                if code or running:
                    said = log.read_text(errors="replace").strip()
                    yield f"the process ended with {_named(code)}\n{said[-2000:]}"
                return
            *lines, buffer = (buffer + piece).split(b"\n")
            for line in lines:
                event = json.loads(line)
                running, limit = "code" not in event, CASE_LIMIT_S * _crowding()
                yield event
        yield f"not ended within {CASE_LIMIT_S:g} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def _crowding() -> float:
    """How many times longer anything takes because of the other work of this machine."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _named(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"code {code}"
