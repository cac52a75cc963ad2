"""Ctrl-C and SIGTERM: the step at hand is finished and its state saved."""

import contextlib
import signal
from types import FrameType

from training.fitting.hardware import Rank

GRACE_S = 60  # for the first rank to save its state and leave, once all are asked to stop


class Signals:
    """Ctrl-C and SIGTERM end the run after the step at hand, with its state saved.

    Other ranks than the first only wait: the first ends them by leaving. Where its leaving does
    not reach them, they end by themselves after GRACE_S.
    """

    def __init__(self, rank: Rank) -> None:
        self.first = rank.first
        self.asked = False
        self.before: dict[int, object] = {}

    def __enter__(self) -> "Signals":
        with contextlib.suppress(ValueError):  # not in the main thread: leave signals alone
            for number in (signal.SIGINT, signal.SIGTERM):
                self.before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = self.first
        if not self.first and hasattr(signal, "alarm"):
            signal.alarm(GRACE_S)  # nobody handles its signal: it ends the process
