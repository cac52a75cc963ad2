"""Disks that refuse what is written to them, and how often jobs are killed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.disks import fill


@pytest.fixture(params=["full", "read-only"])
def disk(small_disk: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk without a free block, or mounted so that nobody may write."""
    fill(small_disk)
    if request.param == "read-only":
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    yield small_disk
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)


@pytest.fixture
def kill_rounds(request: pytest.FixtureRequest) -> int:
    """How often a job is killed at a random instant: 3 times, or 100 with --hostile 50000."""
    return max(3, (int(request.config.getoption("--hostile")) - 3_000) // 470)
