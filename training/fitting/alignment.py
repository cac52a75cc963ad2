"""Training on known character centres: cross-entropy at the time steps over them.

A renderer knows where each character stands. Training the step over each centre on its character,
and the steps between on the blank, passes by the plateau on which CTC predicts blanks alone. Beside
CTC it goes on telling where each character is.
"""

import torch
from torch import Tensor

from training.fitting.ctc import LineScores
from training.model.recogniser import Recogniser

CHARACTER, BLANK, IGNORED = 1.0, 0.5, 0.0  # weights of the steps of a line


def frame_targets(
    network: Recogniser, targets: Tensor, centres: Tensor, steps: int, blank: int = 0
) -> tuple[Tensor, Tensor]:
    """What each time step should say, and how much it counts.

    The steps beside a centre are ignored: either answer is right there.

    Args:
        network: knows which step looks at which x.
        targets: class ids, (N, L).
        centres: x of each character in pixels, (N, L); NaN beyond a line's end.
        steps: T.
        blank: class of the CTC blank.

    Returns:
        class ids (T, N) and weights (T, N).
    """
    known = ~torch.isnan(centres)
    frames = network.frame_of(centres.nan_to_num(0)).long().clamp(0, steps - 1)  # (N, L)
    lines = len(targets)
    weights = torch.full((lines, steps + 2), BLANK, device=targets.device)  # one spare at each end
    for shift in (0, 2):
        weights.scatter_(1, _where(known, frames + shift, steps + 1), IGNORED)
    frames = torch.where(known, frames, steps)  # column T takes what is unknown
    classes = torch.full((lines, steps + 1), blank, device=targets.device)
    classes.scatter_(1, frames, targets)
    weights = weights[:, 1:]  # (N, T + 1)
    weights.scatter_(1, frames, CHARACTER)
    return classes[:, :steps].T, weights[:, :steps].T


def alignment_loss(network: Recogniser, lines: LineScores, centres: Tensor) -> Tensor:
    """Weighted cross-entropy of all time steps of each line, (N,) float32.

    Args:
        network: knows which step looks at which x.
        lines: scores of the blank, column 0, and of the lines' characters.
        centres: x of each character in pixels, (N, L); NaN beyond a line's end.
    """
    columns, weights = frame_targets(network, lines.targets, centres, len(lines.scores))
    chosen = lines.scores.gather(2, columns[:, :, None])[:, :, 0]  # (T, N)
    return ((lines.total - chosen) * weights).sum(0)


def _where(known: Tensor, frames: Tensor, spare: int) -> Tensor:
    return torch.where(known, frames, spare)
