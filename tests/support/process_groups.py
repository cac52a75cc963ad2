"""Who is alive in a process group, as a terminal and a test start one for each command."""

import time
from pathlib import Path


def members(group: int) -> dict[int, bytes]:
    """Live processes of a group with their command lines."""
    alive = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(stat[2]) == group and stat[0] != "Z":
            alive[int(folder.name)] = words
    return alive


def wait_until_gone(group: int, seconds: float) -> None:
    """Wait for a group to end; an AssertionError names who has not."""
    deadline = time.monotonic() + seconds
    while alive := members(group):
        assert time.monotonic() < deadline, f"still alive after {seconds:g} s: {alive}"
        time.sleep(0.05)
