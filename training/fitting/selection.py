"""Selective backpropagation: of the lines that are read, the least surely read are trained on.

A forward costs about a third of a step, and most lines of a good reader teach it nothing (Jiang et
al. 2019, "Accelerating Deep Learning by Focusing on the Biggest Losers").
"""

import numpy as np
import torch
from torch import Tensor

from datagen.draws import uniforms
from training.fitting.order import IntArray

MIN_WEIGHT = 0.02  # of a line that is read with certainty: none is left out for ever
MIN_ACCURACY = 0.5  # of the last validations' best, before which most lines teach something


def select_rows(losses: Tensor, count: int, indices: IntArray, step: int, seed: int) -> Tensor:
    """Draw lines without replacement, each with a weight of how unsure its characters are.

    The weight is 1 - exp(-loss), about the chance that a character is misread. Lines are drawn by
    Gumbel's trick, which is one sort (Kool et al. 2019, "Stochastic Beams and Where to Find Them").

    Args:
        losses: per character of each line, (N,).
        count: lines to draw, at most N.
        indices: sample index of each line, (N,): with step and seed they make the draw.
        step: of the run.
        seed: of the run.

    Returns:
        The rows drawn, ascending, (count,), on the CPU.
    """
    unsure = -torch.expm1(-losses.double().cpu())
    draws = uniforms(seed, f"selection/{step}", indices, 1)[:, 0]
    gumbel = -np.log(-np.log(np.clip(draws, 1e-12, 1 - 1e-12)))
    scores = unsure.clamp(min=MIN_WEIGHT).log() + torch.from_numpy(gumbel)
    return scores.topk(count).indices.sort().values
