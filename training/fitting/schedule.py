"""Schedules as pure functions of the step."""

import math
from dataclasses import dataclass, replace

ALIGNMENT_BATCH = 64  # lines per step where the length of the warm start was measured


@dataclass(frozen=True)
class Schedule:
    """The learning rate of every step.

    `one-cycle` (Smith and Topin 2018) rises from 1/25 of the peak along a cosine, then falls to
    1/10,000 of the peak; `cosine` rises in a straight line from zero and falls to 1/100. `wsd`,
    warm-up, stable, decay, rises in a straight line, stays at the peak, and falls in the last steps
    by one minus the square root (Hägele et al. 2024, "Scaling Laws and Compute-Optimal Training
    Beyond Fixed Training Durations"): until then a rate does not depend on how long the run is.

    Attributes:
        kind: "one-cycle", "cosine" or "wsd".
        steps: of the whole run.
        warmup: steps of the rise.
        decay: steps of the fall of `wsd`; 0 stays at the peak.
        peak: highest rate.
    """

    kind: str
    steps: int
    warmup: int
    decay: int = 0
    peak: float = 1.0

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step < self.warmup:
            return self._rising((step + 1) / self.warmup)
        if self.kind == "wsd":
            return self.peak * (1 - math.sqrt(self._share_of_decay(step)))
        last = self.peak / (10_000 if self.kind == "one-cycle" else 100)
        share = (step - self.warmup) / max(1, self.steps - self.warmup)
        return last + (self.peak - last) * (1 + math.cos(math.pi * min(1.0, share))) / 2

    @property
    def decay_from(self) -> int:
        """First step of the fall of `wsd`; the end of the run if there is none."""
        return self.steps - self.decay

    def _share_of_decay(self, step: int) -> float:
        if not self.decay:
            return 0.0
        return min(1.0, max(0, step - self.decay_from) / self.decay)

    def _rising(self, share: float) -> float:
        if self.kind != "one-cycle":
            return self.peak * share
        first = self.peak / 25
        return first + (self.peak - first) * (1 - math.cos(math.pi * share)) / 2


def scaled_rate(batch_size: int, width_multiplier: float = 1.0) -> float:
    """Peak rate for a batch size and a network's width.

    It grows with the square root of the batch, as AdamW's noise allows, and with the inverse of
    the width (Yang et al. 2022, "Tensor Programs V").
    """
    return min(4e-3, 1.2e-3 * math.sqrt(batch_size / 64) / width_multiplier)


def alignment_steps(lines: int, batch_size: int, schedule: Schedule) -> int:
    """Steps of the warm start on character centres, at most half of a run of known length.

    What takes a network off the plateau of blanks is how far its weights move: updates times their
    size, which for AdamW is the learning rate. So the lines are counted as updates of 64 lines, the
    batch they were measured with, however large the batch is; and where the rate is still at the
    foot of a long ramp, the warm start goes on until the rates add up to half as many updates at
    the peak. A smaller batch sees all the lines.

    Args:
        lines: of the warm start; 0 is none.
        batch_size: lines per step.
        schedule: of the learning rate. A run of `wsd` can be lengthened, which must not change
            what its first steps did.
    """
    updates = -(-lines // min(batch_size, ALIGNMENT_BATCH))
    most: float = schedule.steps // 2
    if schedule.kind == "wsd":
        most, schedule = math.inf, replace(schedule, decay=0)
    step, moved = 0, 0.0  # the latter in updates at the peak rate
    while step < most and (step < updates or moved < updates / 2):
        moved += schedule.rate(step) / schedule.peak
        step += 1
    return step


def ema_decay_at(step: int, longest: float) -> float:
    """Decay of the EMA of the weights: short at first, so that early weights fade."""
    return min(longest, (1 + step) / (10 + step))
