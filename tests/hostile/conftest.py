"""Disks that refuse what is written to them."""

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
