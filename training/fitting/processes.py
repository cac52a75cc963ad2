"""Processes that train together on this machine: started, watched, and ended together.

torch's elastic launcher is made for many machines: it looks its own machine up by name, which
need not resolve, and waits half a minute for a process that hangs in a collective whose other
members are gone. On one machine the loopback address does, and whoever hangs can be ended.
"""

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from torch.distributed import TCPStore  # type: ignore[attr-defined]  # of the documented API
from tqdm import tqdm

from ocrbase.errors import UserError
from training.errors import FitError

HOST = "127.0.0.1"
AGAIN_S = 1.0  # after Ctrl-C: one within that is the same, passed on by a wrapper as well
LEAVE_S = 3.0  # for the other processes, once one has ended
POLL_S = 0.2
GO_ON = "the last state is kept: go on with --resume"


@dataclass(frozen=True)
class _End:
    """How a process ended, by its own report.

    Attributes:
        kind: "done", "interrupted", "refused" by what a user can cause, or "failed".
        value: what the function returned, or one line of text.
        details: the traceback of what failed.
        time: of the machine's monotonic clock, which all its processes share.
    """

    kind: str
    value: Any
    details: str
    time: float


@dataclass
class _Child:
    index: int
    process: BaseProcess
    connection: Connection
    end: _End | None = None
    killed: bool = False

    @property
    def failed(self) -> bool:
        """Whether it has ended, or is about to, without having done its work."""
        return self.end.kind != "done" if self.end else not self.process.is_alive()

    def listen(self) -> None:
        """Take the report, if there is one by now."""
        with contextlib.suppress(EOFError, OSError):
            if self.end is None and self.connection.poll():
                self.end = self.connection.recv()


def run_processes(function: Callable[..., Any], count: int, arguments: tuple[Any, ...]) -> Any:
    """Call a function in processes with the environment variables that torchrun sets.

    Args:
        function: of a module, named to each process; it joins the process group by `env://`.
        count: processes.
        arguments: of the function, alike for all.

    Returns:
        What the function returned in the first process.

    Raises:
        FitError: with the reason of the process that failed first; the others are ended.
        KeyboardInterrupt: after Ctrl-C or SIGTERM.
    """
    store = TCPStore(HOST, 0, is_master=True, wait_for_workers=False)
    context = multiprocessing.get_context("spawn")
    children = []
    for index in range(count):
        ours, given = context.Pipe(duplex=False)
        process = context.Process(
            target=_child, args=(function, arguments, _environment(index, count, store.port), given)
        )
        process.start()
        given.close()
        children.append(_Child(index, process, ours))
    with _signals() as received:
        _watch(children, received)
    del store  # the processes met there
    return _result(children, interrupted=bool(received))


def _environment(index: int, count: int, port: int) -> dict[str, str]:
    """What torchrun would set, with a store that stands already."""
    interface = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    return interface | {
        "RANK": str(index),
        "LOCAL_RANK": str(index),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": HOST,
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }


def _child(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    environment: dict[str, str],
    connection: Connection,
) -> None:
    """Run the function, report how it ended, and end."""
    end_with_parent()
    tqdm.set_lock(threading.RLock())  # its own is a semaphore, which os._exit would leave behind
    os.environ.update(environment)
    try:
        end = ("done", function(*arguments), "")
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's comes twice: see `_watch`
        end = ("interrupted", "", "")
    except UserError as error:
        end = ("refused", str(error), "")
    except Exception as error:
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        end = ("failed", line, traceback.format_exc())
    connection.send(_End(*end, time.monotonic()))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)  # to take torch, CUDA and NCCL down takes seconds, and can hang


def end_with_parent() -> None:
    """End this process, whatever it waits for, when the one that started it is gone.

    A parent that was killed cannot do it, and a pipe to it can block for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait_for_the_end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_for_the_end, daemon=True).start()


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """The Ctrl-C and SIGTERM that have come, where this is the main thread."""
    received: list[int] = []
    before, last = {}, -math.inf

    def note(number: int, _: object) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > AGAIN_S:
            received.append(number)
            last = now

    with contextlib.suppress(ValueError):  # another thread
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(children: list[_Child], received: list[int]) -> None:
    """Until all have ended; whoever does not follow in time is killed.

    Signals are passed on: a terminal sends them to all processes, but `kill` only to this one. The
    first one lets a validation end, however long it is; the second does not wait.
    """
    deadline, passed_on = float("inf"), 0
    while running := [child for child in children if child.process.is_alive()]:
        pipes = [child.connection for child in running if child.end is None]
        wait([*pipes, *(child.process.sentinel for child in running)], POLL_S)
        for child in children:
            child.listen()
        now = time.monotonic()
        if len(received) > passed_on:
            deadline = now if passed_on else deadline
            for child in running:
                _send(child, received[0])
            passed_on = len(received)
        if all(child.end for child in children) or any(child.failed for child in children):
            deadline = min(deadline, now + LEAVE_S)
        if now > deadline:
            for child in running:
                child.killed |= child.end is None
                child.process.kill()
    for child in children:
        child.process.join()
        child.listen()


def _send(child: _Child, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.process.pid or 0, number)


def _result(children: list[_Child], *, interrupted: bool) -> Any:
    if all(child.end and child.end.kind == "done" for child in children):
        assert children[0].end is not None
        return children[0].end.value
    if interrupted or any(child.end and child.end.kind == "interrupted" for child in children):
        raise KeyboardInterrupt
    raise FitError(_reason(children))


def _reason(children: list[_Child]) -> str:
    """One line about the process that ended first; the others ended because of it."""
    for child in children:
        if child.end is None and not child.killed:
            return f"process {child.index} {_death(child.process.exitcode or 0)}; {GO_ON}"
    ends = [(child.end.time, child.index, child.end) for child in children if child.end]
    _, index, end = min(item for item in ends if item[2].kind != "done")
    if end.kind == "refused":
        return str(end.value)
    sys.stderr.write(end.details)
    return f"process {index} ended ({end.value}); {GO_ON}"


def _death(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name
    return f"was killed by {name}" + (": memory may have run out" if name == "SIGKILL" else "")
