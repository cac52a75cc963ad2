"""A disk that is full when a run starts, or fills up while it trains: one line, and it goes on."""

from pathlib import Path

import pytest

from tests.hostile.disks import FILLER, check_refused, fill
from tests.hostile.surface import ocrtrain, problem_of
from tests.support.paths import ROOT

SMALL = (
    *("--model", "crnn_v2", "--width-multiplier", "0.05", "--hidden", "8", "--batch-size", "8"),
    *("--gpus", "0", "--threads", "1", "--max-steps", "4", "--checkpoint-every", "2", "--run", "a"),
    *("--data", str(ROOT / "tests" / "made_by_0_1_0" / "lmdb"), "--log-every", "1"),
)


# Room for nothing; for settings and some metrics; for a model but no state; for one state.
@pytest.mark.parametrize("room", [0, 16, 150, 400])
def test_a_full_disk_is_one_line_and_the_run_goes_on(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.chdir(small_disk)
    fill(small_disk, room << 10)
    outcome = ocrtrain("fit", *SMALL).run()
    assert problem_of(outcome, None) is None, outcome.err
    errors = [line for line in outcome.err.splitlines() if line.startswith("Error:")]
    assert outcome.code == 1 and len(errors) == 1, outcome.err
    assert "No space left on device" in errors[0] or "disk is full" in errors[0], errors
    assert not list(small_disk.rglob(".*"))
    (small_disk / FILLER).unlink()
    resume = ("fit", "--resume", "--run", "a")
    again = ocrtrain(*(resume if Path("runs/a/settings.json").exists() else ("fit", *SMALL))).run()
    assert (again.code, again.out.splitlines()[0]) == (0, "4 steps done; the models are in runs/a")


def test_a_disk_that_may_not_be_written(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(disk)
    check_refused(ocrtrain("fit", *SMALL).run(), disk)
