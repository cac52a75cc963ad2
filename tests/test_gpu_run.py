"""The benchmark for machines with GPUs, on a CPU: where one is lent, its minutes count."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import gpu_run, train_step
from benchmarks.gpu_run import Run


def test_all_parts_run_on_a_cpu(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    assert gpu_run.main(["--small", "--model", "crnn_v2", "--out", str(out)]) == 0
    results = json.loads(out.read_text())
    assert list(results) == [
        "machine", "data", "step, LSTMs float32", "step, LSTMs bfloat16",
        "fit, 0 GPUs, LMDB", "fit, 0 GPUs, live", "fit, 0 GPUs, reading",
    ]  # fmt: skip
    assert results["data"]["rendered_per_s"] > 0
    assert results["step, LSTMs float32"]["ratio"] > 0
    assert 0 < results["step, LSTMs float32"]["share_of_peak"] < 1
    for name in ("LMDB", "live", "reading"):
        fitted = results[f"fit, 0 GPUs, {name}"]
        assert fitted["epoch_hours"] == pytest.approx(1000 / fitted["lines_per_s"])


def test_a_part_that_fails_or_has_no_time_leaves_the_others_alone(tmp_path: Path) -> None:
    run = Run(tmp_path, 1000)
    code = "import sys; sys.exit('no GPU: \\n it fell off the bus')"
    run.measure("failing", lambda run: {"out": run.call("-c", code)})
    run.measure("good", lambda run, x: {"out": run.call("-c", f"print({x})")}, 5)
    run.end = 0.0
    run.measure("late", lambda run: {"out": run.call("-c", "")})
    assert run.results["failing"]["failed"] == ["no GPU: ", " it fell off the bus"]
    assert run.results["good"]["out"] == "5\n"
    assert run.results["late"]["skipped"] == "no time is left"


def test_a_part_that_hangs_ends_with_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_run, "MIN_SECONDS", 0.0)
    run = Run(tmp_path, 1.5)
    run.measure("hanging", lambda run: {"out": run.call("-c", "import time; time.sleep(60)")})
    assert run.results["hanging"]["skipped"] == "the time was up before it ended"


def test_the_rate_is_that_after_the_first_steps() -> None:
    records = [
        {"kind": "train", "step": step, "images_per_s": rate}
        for step, rate in ((20, 3.0), (40, 900.0), (60, 1000.0), (80, 1100.0))
    ]
    records.insert(2, {"kind": "val", "step": 60})
    text = "".join(json.dumps(record) + "\n" for record in records)
    assert gpu_run.rate(text, 30) == {"lines_per_s": 1000.0, "epoch_hours": 1.0}


def test_without_a_gpu_it_says_so() -> None:
    if gpu_run.torch.cuda.device_count():
        pytest.skip("there is one")
    script = str(gpu_run.ROOT / "benchmarks" / "gpu_run.sh")
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", script], capture_output=True, text=True, check=False, env=environment
    )
    assert (
        done.returncode == 2 and "torch finds no GPU here; --small runs on the CPU" in done.stderr
    )


def test_the_device_has_an_index() -> None:
    """torch.cuda.set_device refuses one without."""
    assert train_step.device_of(gpu=True).index == 0
