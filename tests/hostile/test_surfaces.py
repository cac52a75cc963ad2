"""Every surface, under as many cases as `--hostile` says."""

from pathlib import Path

import pytest

from tests.hostile.surface import all_surfaces
from tests.hostile.watch import run_cases

SURFACES = all_surfaces()
SEED = 0
SHOWN = 8


@pytest.mark.parametrize("name", SURFACES)
def test_every_case_ends_well(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    total = int(request.config.getoption("--hostile"))
    shares = sum(surface.share for surface in SURFACES.values())
    count = max(1, round(total * SURFACES[name].share / shares))
    tally = run_cases(name, SEED, count, tmp_path)
    print(f"{name}: {count} cases, by exit code {dict(sorted(tally.codes.items()))}")  # with -s
    # Names that are no UTF-8 would not come through the pipe of a test that runs in parallel.
    shown = "\n".join(tally.findings[:SHOWN]).encode(errors="backslashreplace").decode()
    assert len(tally.findings) == 0, f"{len(tally.findings)} of {count} cases:\n{shown}"
    assert sum(tally.codes.values()) == count
