"""Schedules as pure functions of the step."""

import math

ALIGNMENT_BATCH = 64  # lines per step where the length of the warm start was measured


def learning_rate(step: int, total: int, peak: float, warmup: int, kind: str) -> float:
    """The learning rate of a step.

    `one-cycle` (Smith and Topin 2018) rises from 1/25 of the peak along a cosine, then falls to
    1/10,000 of the peak; `cosine` rises in a straight line from zero and falls to 1/100.

    Args:
        step: from 0.
        total: steps of the whole run.
        peak: highest rate.
        warmup: steps of the rise.
        kind: "one-cycle" or "cosine".
    """
    first, last = (peak / 25, peak / 10_000) if kind == "one-cycle" else (0.0, peak / 100)
    if step < warmup:
        share = (step + 1) / warmup
        rise = share if kind == "cosine" else (1 - math.cos(math.pi * share)) / 2
        return first + (peak - first) * rise
    share = (step - warmup) / max(1, total - warmup)
    return last + (peak - last) * (1 + math.cos(math.pi * min(1.0, share))) / 2


def scaled_rate(batch_size: int, width_multiplier: float = 1.0) -> float:
    """Peak rate for a batch size and a network's width.

    It grows with the square root of the batch, as AdamW's noise allows, and with the inverse of
    the width (Yang et al. 2022, "Tensor Programs V").
    """
    return min(4e-3, 1.2e-3 * math.sqrt(batch_size / 64) / width_multiplier)


def alignment_steps(lines: int, batch_size: int, total: int, warmup: int, kind: str) -> int:
    """Steps of the warm start on character centres, at most half of the run.

    What takes a network off the plateau of blanks is how far its weights move: updates times their
    size, which for AdamW is the learning rate. So the lines are counted as updates of 64 lines, the
    batch they were measured with, however large the batch is; and where the rate is still at the
    foot of a long ramp, the warm start goes on until the rates add up to half as many updates at
    the peak. A smaller batch sees all the lines.

    Args:
        lines: of the warm start; 0 is none.
        batch_size: lines per step.
        total: steps of the whole run.
        warmup: steps in which the learning rate rises.
        kind: of schedule, "one-cycle" or "cosine".
    """
    updates = -(-lines // min(batch_size, ALIGNMENT_BATCH))
    step, moved = 0, 0.0  # the latter in updates at the peak rate
    while step < total // 2 and (step < updates or moved < updates / 2):
        moved += learning_rate(step, total, 1.0, warmup, kind)
        step += 1
    return step


def ema_decay_at(step: int, longest: float) -> float:
    """Decay of the EMA of the weights: short at first, so that early weights fade."""
    return min(longest, (1 + step) / (10 + step))
