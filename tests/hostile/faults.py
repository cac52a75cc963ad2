"""Surfaces with every fault that the kit is there to find, to see that it finds them."""

import ctypes
import time
from pathlib import Path
from random import Random

from ocrbase.errors import UserError
from tests.hostile.surface import Attempt, Outcome, Surface, call


class Faults(Surface):
    """Case i has fault i; the others are as they should be."""

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        return FAULTS[self.case](folder)


def _good(folder: Path) -> Attempt:
    return call("good", lambda: None)


def _user_error(folder: Path) -> Attempt:
    def fail() -> None:
        raise UserError("give 1")

    return call("a user's error", fail)


def _bug(folder: Path) -> Attempt:
    return call("a bug", lambda: {}["key"])


def _crash(folder: Path) -> Attempt:
    return call("a crash", lambda: ctypes.string_at(0))


def _hang(folder: Path) -> Attempt:
    return call("a hang", lambda: time.sleep(600))


def _memory(folder: Path) -> Attempt:
    return call("too much memory", lambda: bytearray(3 << 30))


def _outside(folder: Path) -> Attempt:
    canary = folder.parent / "outside" / "canary.txt"
    return call("a write outside", lambda: canary.write_text("touched"))


def _left_behind(folder: Path) -> Attempt:
    return call("a temporary file", lambda: (folder / ".x.part-1").touch())


def _wrong_data(folder: Path) -> Attempt:
    return call("wrong data", lambda: None, check=lambda out: "the label is another")


def _code(folder: Path) -> Attempt:
    return Attempt("another exit code", lambda: Outcome(3, "", "Error: x"))


def _silent(folder: Path) -> Attempt:
    return Attempt("no word", lambda: Outcome(1))


def _traceback(folder: Path) -> Attempt:
    return Attempt("printed", lambda: Outcome(1, "", "Traceback (most recent call last):"))


FAULTS = (
    _good, _user_error, _bug, _crash, _hang, _memory, _outside, _left_behind, _wrong_data, _code,
    _silent, _traceback, _good,
)  # fmt: skip
