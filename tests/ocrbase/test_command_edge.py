"""However a command ends: one line on stderr, an exit code, and a traceback only when asked for."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from datagen.cli.lazy import LazyGroup
from ocrbase import command_edge
from ocrbase.command_edge import is_unforeseen, report
from ocrbase.errors import UserError
from tests.support.paths import ROOT


class MendableError(UserError):
    """One that a user can mend."""


CASES = [
    (MendableError("give 1\nor 2"), "Error: give 1\\nor 2", 1),
    (OSError(errno.ENOSPC, "x", "a.bin"), "Error: the disk is full at a.bin: free space", 1),
    (OSError(errno.EDQUOT, "x"), "Error: the disk is full: free space, and run it again", 1),
    (OSError(errno.EROFS, "Read-only file system", "a"), "Error: a: Read-only file system", 1),
    (OSError(errno.EXDEV, "Across", "a", None, b"b\xff"), "Error: a and b\\udcff: Across", 1),
    (MemoryError(), "Error: out of memory", 1),
    (RecursionError("too deep"), "Error: internal error: RecursionError: too deep", 1),
    (EOFError(), "Error: internal error: EOFError (", 1),
    (KeyError("\x1b[2J" + "x" * 10**6), "Error: internal error: KeyError: '\\x1b[2Jxxx", 1),
    (OSError("no number"), "Error: internal error: OSError: no number", 1),
    (KeyboardInterrupt(), "Interrupted. What was finished is kept.", 130),
]


def _group(error: BaseException) -> LazyGroup:
    """A command line whose one command ends with an error."""

    @click.group(cls=LazyGroup)
    def main() -> None: ...

    def command() -> None:
        raise error

    group: LazyGroup = main
    group.get_command = lambda ctx, name: click.Command(name, callback=command)  # type: ignore[method-assign]
    return group


@pytest.mark.parametrize(("error", "line", "code"), CASES, ids=lambda case: repr(case)[:30])
def test_any_end_is_one_line(
    error: BaseException, line: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _group(error)(["go"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(line) and shown.err.count("\n") == 1 and len(shown.err) < 1000
    assert is_unforeseen(shown.err) == ("internal error" in line)


def test_an_unforeseen_error_names_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        command_edge.is_unforeseen(None)  # type: ignore[arg-type]
    except AttributeError as error:
        assert report(error) == 1
    line = capsys.readouterr().err
    assert "ocrbase/command_edge.py:" in line and "OCRGEN_TRACEBACK=1" in line


def test_tracebacks_are_for_who_asks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCRGEN_TRACEBACK", "1")
    assert _group(MendableError("give 1"))(["go"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback") and shown.endswith("\nError: give 1\n")


def _run(*words: str, **settings: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "datagen", *words]
    return subprocess.run(
        command,
        cwd=ROOT,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        stderr=subprocess.PIPE,
        **settings,
    )  # type: ignore[call-overload,no-any-return]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_output_to_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = _run("alphabet", "show", stdout=full)
    assert done.returncode == 1
    assert done.stderr == "Error: the disk is full: free space, and run it again\n"


def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = _run("alphabet", "show", stdout=writing)
    os.close(writing)
    assert done.returncode == 1 and done.stderr == ""


def test_a_terminal_that_cannot_show_hanzi_gets_escapes() -> None:
    environment = os.environ | {"PYTHONIOENCODING": "latin-1:strict", "PYTHONUTF8": "0"}
    done = _run("alphabet", "show", stdout=subprocess.PIPE, env=environment)
    assert done.returncode == 0 and "\\u4e00" in done.stdout and done.stderr == ""


def test_a_name_that_is_not_utf8_is_shown_on_a_strict_terminal(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.txt"
    Path(os.fsdecode(path)).write_text("x" * 9)
    environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    done = _run("alphabet", "show", "--alphabet", os.fsdecode(path), env=environment)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "\\udcff.txt" in done.stderr


def test_an_interruption_while_modules_load_is_one_line(tmp_path: Path) -> None:
    """At any moment after the command edge is reached, which is before click is imported."""
    mark = tmp_path / "loading"
    program = (
        "import pathlib, sys\n"
        "from datagen import cli\n"
        "class Marking:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click':\n"
        f"            pathlib.Path({str(mark)!r}).touch()\n"
        "sys.meta_path.insert(0, Marking())\n"
        "sys.argv[1:] = ['stats', 'nowhere']\n"
        "cli.run()\n"
    )
    for delay_s in (0.0, 0.03, 0.1, 0.3):
        mark.unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, text=True, stderr=subprocess.PIPE
        )
        while not mark.exists() and process.poll() is None:
            time.sleep(0.005)
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=60)
        # 1: it had ended with its own line; by the signal: Python was ending after that line.
        assert process.returncode in (130, 1, -signal.SIGINT), shown
        assert shown.count("\n") == 1 and "Traceback" not in shown


def test_ctrl_c_while_an_object_is_finalised_is_not_lost() -> None:
    script = """
import os, signal, time
from ocrbase.command_edge import run

class Finalised:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

def command():
    item = Finalised()
    del item
    time.sleep(20)
    return 0

run(lambda: command)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (130, "Interrupted. What was finished is kept.\n")
