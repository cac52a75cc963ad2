"""Ctrl-C and SIGTERM: the step at hand is finished and its state saved, on all ranks alike."""

import contextlib
import os
import signal
import sys
import time
from types import FrameType

import torch
import torch.distributed as dist

from training.fitting.hardware import Rank
from training.fitting.processes import AGAIN_S

_STOPPING = (
    "\nStopping once the step at hand, or its validation, is done and the state saved."
    " Ctrl-C again does not wait: --resume then goes on from the state before.\n"
)


class Interrupted(KeyboardInterrupt):
    """A run that was asked to stop, raised by all ranks after the same step."""


class Signals:
    """Ctrl-C and SIGTERM end the run after the step at hand, with its state saved.

    A rank that left alone would leave the others in a collective without it, where nothing but
    their end reaches them. So the ranks ask each other once per step.
    """

    def __init__(self, rank: Rank) -> None:
        self.world_size, self.first = rank.world_size, rank.first
        self.asked, self.asked_at = False, 0.0
        self.before: dict[int, object] = {}

    def __enter__(self) -> "Signals":
        with contextlib.suppress(ValueError):  # not in the main thread: leave signals alone
            for number in (signal.SIGINT, signal.SIGTERM):
                self.before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def agreed(self) -> bool:
        """Whether any rank was asked to stop; every rank asks once per step.

        The flag stays on the CPU and goes over gloo, so that it waits for no GPU.
        """
        if self.world_size == 1:
            return self.asked
        flag = torch.tensor(int(self.asked))
        dist.all_reduce(flag, dist.ReduceOp.MAX)
        return bool(flag)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.world_size == 1 and self.asked and time.monotonic() - self.asked_at > AGAIN_S:
            raise KeyboardInterrupt  # of several processes the launcher ends those that linger
        if not self.asked:
            self.asked_at = time.monotonic()
        if self.first and not self.asked:
            with contextlib.suppress(OSError, ValueError):  # past a buffer that may be in use
                os.write(sys.stderr.fileno(), _STOPPING.encode())
        self.asked = True
