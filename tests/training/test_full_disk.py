"""Outputs for which there is no room: one line, exit code 1, and no part of them left behind."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.bars import ocrtrain
from tests.support.paths import MADE_BY_0_1_0, REAL_LINES

MODEL = MADE_BY_0_1_0 / "runs" / "old" / "best.safetensors"


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond some bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    "call",
    [
        ("predict", REAL_LINES / "browser" / "000.png", "--device", "cpu", "--explain", "x.png"),
        ("evaluate", "--data", MADE_BY_0_1_0 / "lmdb", "--device", "cpu", "--html", "x.html"),
        ("lm", "build", "--corpus", MADE_BY_0_1_0 / "text.txt", "-o", "x.npz"),
    ],
    ids=lambda call: call[0],
)
def test_no_room_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: tuple[object, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = ("--checkpoint", MODEL)
    code, _, err = ocrtrain(*call, *model)  # fills caches too
    assert code == 0, err
    (written,) = tmp_path.iterdir()
    written.unlink()
    with room_for(2_000):
        code, _, err = ocrtrain(*call, *model)
    assert code == 1, err
    (line,) = [line for line in err.splitlines() if "write" in line or "disk" in line]
    assert written.name in line
    assert list(tmp_path.iterdir()) == []
