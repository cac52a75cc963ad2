"""Compiled loops: kept for the next process, made anew when any source beside them changes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ocrbase import compiled as module
from tests.support.paths import ROOT

CALLEE = """
from ocrbase.compiled import compiled

@compiled
def step(x):
    return x + {number}
"""
CALLER = """
from callee import step
from ocrbase.compiled import compiled

@compiled
def twice(x):
    return step(step(x))
"""
CALL = "import caller; print(caller.twice(1), sum(caller.twice.stats.cache_hits.values()))"


def _call(folder: Path, cache: Path) -> str:
    path = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "OCRGEN_CACHE": str(cache)}
    command = [sys.executable, "-c", CALL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _write(folder: Path, number: int) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "caller.py").write_text(CALLER, encoding="utf-8")
    (folder / "callee.py").write_text(CALLEE.format(number=number), encoding="utf-8")


def test_a_change_in_a_callee_of_another_file_is_noticed(tmp_path: Path) -> None:
    sources, cache = tmp_path / "sources", tmp_path / "cache"
    _write(sources, 10)
    assert _call(sources, cache) == "21 0"
    assert _call(sources, cache) == "21 1"
    _write(sources, 20)
    assert _call(sources, cache) == "41 0"
    assert not cache.exists()


def test_sources_that_moved_are_called_and_kept_again(tmp_path: Path) -> None:
    _write(tmp_path / "before", 10)
    assert _call(tmp_path / "before", tmp_path / "cache") == "21 0"
    (tmp_path / "before").rename(tmp_path / "after")
    assert _call(tmp_path / "after", tmp_path / "cache").startswith("21 ")
    assert _call(tmp_path / "after", tmp_path / "cache") == "21 1"


def test_where_nothing_can_be_written_code_is_compiled_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_is_writable", lambda folder: False)
    monkeypatch.setattr(module, "_folder", module._folder.__wrapped__)

    def add(x: int) -> int:
        return x + 1

    function = module.compiled(add)
    assert function(1) == 2 and not function.stats.cache_path


def test_a_folder_of_the_user_takes_what_sources_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "cache"))
    sources = tmp_path / "sources"
    _write(sources, 10)
    access = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: sources != p and access(p, mode))
    folder = module._folder.__wrapped__(sources)
    assert folder is not None and folder.parent == tmp_path / "cache" / "compiled"
