"""The edge of a command: however it ends, one line on stderr and an exit code.

Only what Python has loaded anyway is imported at the top, so that Ctrl-C is answered in one line
from the start, while the command line itself is being loaded. OCRGEN_TRACEBACK=1 adds tracebacks.
"""

from __future__ import annotations

import _thread
import errno
import io
import os
import signal
import sys
import time

from ocrbase.errors import UserError, one_line

TYPE_CHECKING = False  # typing's own costs a part of the time that this module is there to cover
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

FAILED = 1
INTERRUPTED = 130
TRACEBACK = "OCRGEN_TRACEBACK"

_UNFORESEEN = "internal error: "
_MAX_TEXT = 500  # characters of an unforeseen error's own text

_FINALISED_S = 0.05  # that finalising an object takes at most, mostly

_interrupted = False


def run(load: Callable[[], Callable[[], int]]) -> NoReturn:
    """Load a command line, run it, and exit with its code.

    Args:
        load: imports the command line and returns the function that runs it.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names of files need not be Unicode, nor a terminal able to show what is.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = load()()
    except Exception as error:
        code = report(error)
    except KeyboardInterrupt as error:
        code = report(error)
    sys.exit(_flushed(code))


def report(error: BaseException) -> int:
    """Print what ended a command as one line; gives the exit code."""
    if os.environ.get(TRACEBACK):
        import traceback

        traceback.print_exception(error)
    if _interrupted or isinstance(error, KeyboardInterrupt):
        _say("Interrupted. What was finished is kept.")
        return INTERRUPTED
    _say(f"Error: {one_line(_reason(error))}")
    return FAILED


def is_unforeseen(line: str) -> bool:
    """Whether a line of `report` is the last line of defence: an error that names no way out."""
    return line.startswith(f"Error: {_UNFORESEEN}")


def _reason(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _of_system(error)
    if isinstance(error, MemoryError):
        return "out of memory: use smaller inputs, or fewer workers with --jobs"
    said = str(error)[:_MAX_TEXT]
    where = _place(error)
    return (
        f"{_UNFORESEEN}{type(error).__name__}{': ' + said if said else ''} ({where}); set"
        f" {TRACEBACK}=1 to see more, and please report it"
    )


def _of_system(error: OSError) -> str:
    """A full disk, a missing right, a file that has gone."""
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if name is not None]
    place = " and ".join(str(name) for name in names)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{' at ' * bool(place)}{place}: free space, and run it again"
    reason = error.strerror or type(error).__name__
    return f"{place}: {reason}" if place else f"{reason} ({_place(error)})"


def _place(error: BaseException) -> str:
    """File and line of the innermost frame of this program, else of any."""
    import traceback
    from pathlib import Path

    root = Path(__file__).parent.parent
    places = [
        (Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)
    ]
    ours = [(path.relative_to(root), line) for path, line in places if path.is_relative_to(root)]
    path, line = (ours or places or [(Path("unknown"), 0)])[-1]
    return f"{path}:{line}"


def _interrupt(number: int, frame: FrameType | None) -> None:
    """As Python's own handler, and remembered: imports turn the exception into others."""
    global _interrupted
    _interrupted = True
    sys.unraisablehook = _interrupt_again
    raise KeyboardInterrupt


def _interrupt_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Python drops what is raised while an object is finalised: Ctrl-C would be lost there."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        _thread.start_new_thread(_interrupt_soon, ())


def _interrupt_soon() -> None:
    time.sleep(_FINALISED_S)
    _thread.interrupt_main()


def _say(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return  # nobody reads it


def _flushed(code: int) -> int:
    """The exit code, once what was printed has arrived: a full disk may show only here."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or FAILED
    except OSError as error:
        code = report(error)
    except ValueError:
        return code  # closed already
    else:
        return code
    # Else the interpreter would try again, and complain, when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
