"""What is seen of a run from outside: progress, metrics.jsonl, TensorBoard.

Only the first rank keeps a run logger.
"""

import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from training.fitting.loss_monitor import LossMetrics
from training.fitting.run_records import METRICS, Record, TrainRecord, ValidationRecord, to_line
from training.fitting.validate import Scores

MAX_CONFUSIONS = 30
PLAIN_SECONDS = 30.0  # between two lines where there is no terminal
_NOT_DRAWN = ("kind", "step", "seconds")


class RunLogger:
    """Writes what happens.

    Args:
        folder: of the run.
        first: step that the run starts or goes on at.
        total: steps of the whole run.
        batch_size: lines per step.
        seconds: that the run took before it was interrupted.
        loud: whether to show progress.
    """

    def __init__(
        self, folder: Path, first: int, total: int, batch_size: int, *, seconds: float = 0.0,
        loud: bool = True,
    ) -> None:  # fmt: skip
        from torch.utils.tensorboard import SummaryWriter

        self.batch_size, self.total, self.loud = batch_size, total, loud
        folder.mkdir(parents=True, exist_ok=True)
        self.closing = contextlib.ExitStack()
        self.file = self.closing.enter_context((folder / METRICS).open("a", encoding="utf-8"))
        # Left last: the board's thread may meet the full disk while it is closed.
        self.closing.enter_context(_quiet_board())
        self.board: Any = SummaryWriter(str(folder), purge_step=first + 1)
        self.closing.callback(self.board.close)
        self.terminal = loud and sys.stderr.isatty()
        self.bar = tqdm(
            total=total, initial=first, unit=" steps", dynamic_ncols=True, disable=not self.terminal
        )
        self.before = seconds
        self.started = self.said = time.monotonic()
        self.first, self.last = first, (first, self.started)

    def step(self, step: int, epoch: int, lr: float, metrics: LossMetrics) -> None:
        """Record training metrics after `step` steps."""
        now = time.monotonic()
        before, then = self.last
        self.last = (step, now)
        speed = (step - before) * self.batch_size / max(1e-9, now - then)
        self._write(
            TrainRecord(
                step, self._seconds(), epoch, metrics.loss, metrics.gradient_norm,
                metrics.zeroed_lines, lr, speed,
            )
        )  # fmt: skip
        text = f"loss {metrics.loss:.3f}, {speed:,.0f} images/s"
        self.bar.update(step - self.bar.n)
        self.bar.set_postfix_str(text, refresh=False)
        if self.loud and not self.terminal and now - self.said >= PLAIN_SECONDS:
            self.said = now
            left = (now - self.started) / max(1, step - self.first) * (self.total - step)
            self.say(f"step {step:,} of {self.total:,}: {text}, {_duration(left)} left")

    def validation(self, step: int, scores: Scores, best: bool) -> None:
        """Record a validation after `step` steps."""
        self._write(
            ValidationRecord(
                step, self._seconds(), scores.line_accuracy, scores.cer, scores.loss_per_character,
                scores.lines,
            )
        )  # fmt: skip
        self.board.add_text("examples", _examples(scores.examples), step)
        self.board.add_text("confusions", _confusions(scores.confusions), step)
        self.say(
            f"step {step:,}: line accuracy {scores.line_accuracy:.1%}, CER {scores.cer:.2%} on"
            f" {scores.lines:,} validation lines{', the best so far' if best else ''}"
        )

    def say(self, line: str) -> None:
        """Show a line above the progress bar."""
        if self.loud:
            self.bar.write(line, file=sys.stderr)

    def close(self) -> None:
        self.bar.close()
        self.closing.close()

    def _seconds(self) -> float:
        return round(self.before + time.monotonic() - self.started, 2)

    def _write(self, record: Record) -> None:
        self.file.write(to_line(record))
        self.file.flush()
        values = msgspec.to_builtins(record)
        for name, value in values.items():
            if name not in _NOT_DRAWN:
                self.board.add_scalar(f"{values['kind']}/{name}", value, record.step)


@contextlib.contextmanager
def _quiet_board() -> Iterator[None]:
    """Keep the traceback of TensorBoard's thread, whose error the next call to it raises again."""
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if not (type(args.thread).__name__ == "_AsyncWriterThread" and args.exc_type is OSError):
            before(args)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = before


def _examples(pairs: list[tuple[str, str]]) -> str:
    rows = [f"| {target} | {prediction} |" for target, prediction in pairs]
    return "\n".join(["| text | read as |", "|---|---|", *rows])


def _confusions(counts: Counter[tuple[str, str]]) -> str:
    rows = [
        f"| {was or '(nothing)'} | {read or '(nothing)'} | {count} |"
        for (was, read), count in counts.most_common(MAX_CONFUSIONS)
    ]
    return "\n".join(["| character | read as | times |", "|---|---|---|", *rows])


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
