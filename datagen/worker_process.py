"""How a worker process lives: deaf to Ctrl-C, which its parent answers, and gone when that is."""

import _thread
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

_LOOK_S = 0.5  # between looks at the parent
_GRACE_S = 2.0  # for what is being written to be given up

_working = threading.Event()  # while this process is at a task


@contextmanager
def deaf_to_interrupts(*more: signal.Signals) -> Iterator[None]:
    """Processes started in this block never hear of Ctrl-C, which a terminal sends to all.

    This one hears it when the block ends.

    Args:
        more: signals that they shall not hear of either, until they unblock them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would lift the mask in the middle of the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *more})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with(parent: int) -> None:
    """Let this process end within seconds of the one that started it.

    A parent that is killed tells nobody, and its workers would go on with what waits for them. A
    task at hand is interrupted like by Ctrl-C, so that it leaves no file behind; between tasks,
    where the pool's own code would print a traceback, the process just ends. To be called once, in
    the main thread.

    Args:
        parent: process id of the parent.
    """
    if orphaned(parent):
        os._exit(1)
    signal.signal(signal.SIGINT, _interrupted)
    threading.Thread(target=_watch, args=(parent,), name="parent watch", daemon=True).start()


@contextmanager
def at_work() -> Iterator[None]:
    """What stands in this block is interrupted when the parent is gone."""
    _working.set()
    try:
        yield
    finally:
        _working.clear()


def _interrupted(number: int, frame: object) -> None:
    if not _working.is_set():
        os._exit(1)
    raise KeyboardInterrupt


def orphaned(parent: int) -> bool:
    """Whether the parent has ended."""
    return os.getppid() != parent


def _watch(parent: int) -> None:
    while not orphaned(parent):
        time.sleep(_LOOK_S)
    _thread.interrupt_main()
    time.sleep(_GRACE_S)
    os._exit(1)
