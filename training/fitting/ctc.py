"""CTC in float32 over the few classes that a line needs.

Connectionist temporal classification (Graves et al. 2006) of a line with L characters only ever
looks at the blank and at most L other classes. Let K be that set. With s = log softmax over K,

    -log p(line) = CTC(s) + sum over t of (logsumexp over all classes - logsumexp over K),

so the wide class axis is read once, for its logsumexp, and no wide log-probabilities are kept.
A remainder column beside K, the textbook way, gives the same sum; this form needs no second
masked logsumexp. A character that repeats shares one column, or the repeat rule would break.
"""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

ABSENT = -1e4  # score of a column that a line does not use; -inf would make the gradient NaN
CHUNK_ELEMENTS = 1 << 17  # class scores handled at a time on the CPU, so that they stay in cache


class _NarrowScores(torch.autograd.Function):
    """Chosen columns of (T, N, C) in float32, and the logsumexp over all C.

    Backward writes the one wide gradient directly: softmax times the gradient of the logsumexp,
    plus the columns' own.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        index = columns.expand(logits.shape[0], -1, -1)  # (T, N, K)
        total = torch.cat([torch.logsumexp(part.float(), 2) for part in _chunks(logits)])  # (T, N)
        ctx.save_for_backward(logits, index, total)
        return logits.gather(2, index).float(), total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        of_columns, of_total = gradients  # (T, N, K), (T, N)
        logits, index, total = ctx.saved_tensors
        wide = torch.empty_like(logits, memory_format=torch.contiguous_format)
        start = 0
        for scores in _chunks(logits):
            steps = slice(start, start + len(scores))
            softmax = torch.exp_(scores.float() - total[steps, :, None])
            wide[steps] = softmax.mul_(of_total[steps, :, None])
            start += len(scores)
        # index_add_ on the flat tensor: scatter_add_ would copy all of it twice on a CPU
        rows = torch.arange(total.numel(), device=wide.device).view(*total.shape, 1)
        flat = (rows * wide.shape[2] + index).view(-1)
        wide.view(-1).index_add_(0, flat, of_columns.to(wide.dtype).reshape(-1))
        return wide, None


def narrow_scores(logits: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of a few classes and the normaliser over all of them, in float32.

    Args:
        logits: unnormalised scores in any float type, (T, N, C).
        columns: class ids, (N, K) for all time steps alike or (T, N, K).

    Returns:
        The chosen scores (T, N, K) and the logsumexp over all classes (T, N).
    """
    if columns.dim() == 2:
        columns = columns[None]
    scores, total = _NarrowScores.apply(logits, columns)  # type: ignore[no-untyped-call]
    return scores, total


def ctc_loss(logits: Tensor, targets: Tensor, target_lengths: Tensor, blank: int = 0) -> Tensor:
    """Negative log-likelihood of each line; equal to `nn.CTCLoss` in value and gradient.

    A line that cannot fit its time steps (`steps_needed`) has loss 0 and no gradient; count such
    lines before, they teach nothing.

    Args:
        logits: unnormalised scores, (T, N, C), float32 or bfloat16; every step is valid.
        targets: class ids, (N, L), anything beyond a line's length.
        target_lengths: characters of each line, (N,), best kept on the CPU: a device tensor
            forces a synchronisation.
        blank: class of the CTC blank.

    Returns:
        (N,) float32 on the device of `logits`.
    """
    steps, lines, _ = logits.shape
    lengths = target_lengths.to("cpu", torch.long)
    there = lengths.to(targets.device, non_blocking=True)
    columns, compact, used = compact_classes(targets, there, blank)
    scores, total = narrow_scores(logits, columns)
    scores = scores.masked_fill(~used, ABSENT)  # (T, N, K)
    narrow_total = torch.logsumexp(scores, 2)  # (T, N)
    log_probs = scores - narrow_total[:, :, None]
    if torch.are_deterministic_algorithms_enabled():  # a GPU adds the gradient in any order
        log_probs, compact = log_probs.cpu(), compact.cpu()
    loss = F.ctc_loss(
        log_probs,
        compact,
        torch.full((lines,), steps, dtype=torch.long),
        lengths,
        blank=0,
        reduction="none",
        zero_infinity=True,
    ).to(scores.device)
    fits = steps_needed(targets, there) <= steps
    return torch.where(fits, loss + (total - narrow_total).sum(0), 0.0)


def compact_classes(
    targets: Tensor, target_lengths: Tensor, blank: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Number the classes of each line anew: 0 the blank, then one column a distinct character.

    Returns:
        columns: class id of each column, (N, 1 + L); unused columns point to the blank.
        compact: the targets as column numbers, (N, L).
        used: whether a line uses a column, (N, 1 + L).
    """
    positions = torch.arange(targets.shape[1], device=targets.device)
    valid = positions < target_lengths[:, None]  # (N, L)
    same = targets[:, :, None] == targets[:, None, :]  # (N, L, L)
    first = same.to(torch.uint8).argmax(2)  # position of the character's first occurrence
    opens = valid & (first == positions)
    columns = torch.where(opens, targets, blank)
    columns = F.pad(columns, (1, 0), value=blank)
    used = F.pad(opens, (1, 0), value=True)
    return columns.long(), first + 1, used


def steps_needed(targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Time steps that CTC needs: one a character, one more between equal neighbours, (N,)."""
    inside = torch.arange(1, targets.shape[1], device=targets.device) < target_lengths[:, None]
    repeats = (targets[:, 1:] == targets[:, :-1]) & inside
    return target_lengths + repeats.sum(1)


def _chunks(logits: Tensor) -> tuple[Tensor, ...]:
    """Cut along time where that helps the cache; a GPU takes it whole."""
    if logits.is_cuda:
        return (logits,)
    return torch.split(logits, max(1, CHUNK_ELEMENTS // (logits.shape[1] * logits.shape[2])))
