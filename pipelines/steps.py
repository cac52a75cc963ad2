"""Recipes as lists of commands that a user could type, run one after the other."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocrbase.command_edge import FAILED

_PACKAGES = {"ocrgen": "datagen", "ocrtrain": "training"}


class StepError(Exception):
    """A command of a recipe that failed; its own message has been shown."""

    def __init__(self, command: Sequence[str], code: int) -> None:
        super().__init__(f"{' '.join(command)} ended with exit code {code}")
        self.code = code


@dataclass(frozen=True)
class Step:
    """One command of a recipe.

    Attributes:
        command: as a user would type it, `ocrgen` or `ocrtrain` first.
        done: whether it needs no run, asked just before; nothing is ever done by default.
        otherwise: what to say where it fails and the recipe goes on without it; empty where the
            recipe needs it.
    """

    command: tuple[str, ...]
    done: Callable[[], bool] = lambda: False
    otherwise: str = ""


def run_steps(steps: Sequence[Step], folder: Path) -> dict[str, float]:
    """Run steps in a folder; returns the seconds of each command that ran.

    Raises:
        StepError: if a command fails that the recipe needs; what it finished is kept, and the
            recipe goes on there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    for step in steps:
        if step.done():
            print(f"$ {shown(step.command)}   # done before", flush=True)
            continue
        print(f"$ {shown(step.command)}", flush=True)
        started = time.monotonic()
        try:
            call(step.command, folder)
        except StepError as error:
            if error.code != FAILED or not step.otherwise:
                raise
            print(step.otherwise, flush=True)
        name = " ".join(step.command[:2])
        seconds[name] = seconds.get(name, 0.0) + time.monotonic() - started
    return seconds


def call(command: Sequence[str], folder: Path, *, capture: bool = False) -> str:
    """Run one of our commands in a folder with this Python; returns what it printed, if captured.

    Raises:
        StepError: if it fails.
    """
    words = [sys.executable, "-m", _PACKAGES[command[0]], *command[1:]]
    # The folder of the project comes first, so that a clone works before it is installed.
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, "PYTHONPATH": path}, check=False,
        stdout=subprocess.PIPE if capture else None, text=True,
    )  # fmt: skip
    if done.returncode:
        raise StepError(command, done.returncode)
    return done.stdout or ""


def shown(command: Sequence[str]) -> str:
    """A command as a shell would take it."""
    import shlex

    return shlex.join(command)
