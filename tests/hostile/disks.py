"""Disks that are full or only readable, and how a command must end on one."""

import contextlib
from pathlib import Path

from tests.hostile.surface import Outcome, problem_of

SAID = ("disk is full", "no right to write", "MB free", "Read-only file system")
FILLER = "filler"


def fill(disk: Path, room: int = 0) -> None:
    """Take all of a disk but so many bytes."""
    with (disk / FILLER).open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(1 << 12)):
                pass
        file.truncate(max(0, file.tell() - room))


def check_refused(outcome: Outcome, disk: Path) -> None:
    """One line says what is wrong with the disk, and nothing is left on it."""
    assert problem_of(outcome, None) is None, outcome.err
    errors = [line for line in outcome.err.splitlines() if any(said in line for said in SAID)]
    assert outcome.code == 1 and len(errors) == 1, outcome
    assert [path.name for path in disk.rglob("*") if path.is_file()] == [FILLER]
