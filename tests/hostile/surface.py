"""What a surface is, and what its cases run."""

import contextlib
import io
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from random import Random

from ocrbase.command_edge import is_unforeseen
from ocrbase.errors import UserError

Check = Callable[[str], str | None]


@dataclass(frozen=True)
class Outcome:
    """How a case ended.

    Attributes:
        code: exit code.
        out: what was printed to stdout.
        err: what was printed to stderr.
    """

    code: int
    out: str = ""
    err: str = ""


@dataclass(frozen=True)
class Attempt:
    """What a case runs.

    Attributes:
        shown: it in words, for who wants to run it again.
        run: does it.
        check: looks at a success, given its stdout; says what is wrong, or None.
    """

    shown: str
    run: Callable[[], Outcome]
    check: Check | None = None


class Surface(ABC):
    """One way in for inputs of one kind.

    Attributes:
        share: of the cases, relative to other surfaces.
        case: number of the case at hand, for surfaces that go through a list.
    """

    share = 4
    case = 0

    def prepare(self, base: Path) -> None:
        """Write valid inputs, which all cases read and none changes."""
        return

    @abstractmethod
    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        """Write a damaged input into an empty folder, and say what to run on it."""


def ocrgen(*words: object, check: Check | None = None) -> Attempt:
    """A run of `ocrgen`."""
    return _command("ocrgen", "datagen.cli", words, check)


def ocrtrain(*words: object, check: Check | None = None) -> Attempt:
    """A run of `ocrtrain`."""
    return _command("ocrtrain", "training.cli", words, check)


def call(shown: str, function: Callable[[], object], check: Check | None = None) -> Attempt:
    """A call of a function that may raise a UserError."""

    def run() -> Outcome:
        try:
            function()
        except UserError as error:
            return Outcome(1, err=f"Error: {error}\n")
        return Outcome(0)

    return Attempt(shown, run, check)


def all_surfaces() -> dict[str, type[Surface]]:
    """Every surface there is, by MODULE.CLASS; a name that begins with _ is what some share."""
    import tests.hostile.surfaces as package

    surfaces = {}
    for info in iter_modules(package.__path__):
        module = import_module(f"{package.__name__}.{info.name}")
        for name, value in vars(module).items():
            is_surface = isinstance(value, type) and issubclass(value, Surface)
            if is_surface and value.__module__ == module.__name__ and not name.startswith("_"):
                surfaces[f"{info.name}.{name}"] = value
    return surfaces


def problem_of(outcome: Outcome, check: Check | None) -> str | None:
    """What is wrong with how a case ended; None if nothing is."""
    lines = outcome.err.splitlines()
    errors = [line for line in lines if line.startswith("Error:")]
    if "Traceback (most recent call last)" in outcome.err + outcome.out:
        return "a traceback"
    if any(is_unforeseen(line) for line in errors):
        return f"not foreseen: {errors[-1]}"
    if any(line.startswith("Error: out of memory") for line in errors):
        return "too much memory"
    if outcome.code not in (0, 1, 2):
        return f"exit code {outcome.code}"
    if outcome.code and not (outcome.out.strip() or outcome.err.strip()):
        return f"exit code {outcome.code} without a word"
    if len(errors) > 1:
        return f"{len(errors)} errors: {errors}"
    return check(outcome.out) if check and not outcome.code else None


def _command(program: str, module: str, words: tuple[object, ...], check: Check | None) -> Attempt:
    arguments = [str(word) for word in words]

    def run() -> Outcome:
        out, err = _text_stream(), _text_stream()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = import_module(module).main(arguments)
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1
        return Outcome(code, _content(out), _content(err))

    return Attempt(f"{program} {shlex.join(arguments)}", run, check)


def _text_stream() -> io.TextIOWrapper:
    """As the streams of a real run: strict but for what `command_edge` makes of them."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")


def _content(stream: io.TextIOWrapper) -> str:
    if stream.closed:
        return ""
    stream.flush()
    data: bytes = stream.buffer.getvalue()  # type: ignore[attr-defined]
    return data.decode("utf-8", "replace")
