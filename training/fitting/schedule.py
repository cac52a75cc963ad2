"""Schedules as pure functions of the step."""

import math


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


def alignment_steps(lines: int, batch_size: int, total: int) -> int:
    """Steps of the warm start on character centres, at most half of the run."""
    return min(-(-lines // batch_size), total // 2)


def ema_decay_at(step: int, longest: float) -> float:
    """Decay of the EMA of the weights: short at first, so that early weights fade."""
    return min(longest, (1 + step) / (10 + step))
