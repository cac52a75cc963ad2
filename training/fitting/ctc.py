"""CTC in float32 over the few classes that a line needs.

Connectionist temporal classification (Graves et al. 2006) of a line with L characters only ever
looks at the blank and at most L other classes. Let K be that set. With s = log softmax over K,

    -log p(line) = CTC(s) + sum over t of (logsumexp over all classes - logsumexp over K),

so the wide class axis is read once, for its logsumexp, and no wide log-probabilities are kept.
A remainder column beside K, the textbook way, gives the same sum; this form needs no second
masked logsumexp. A character that repeats shares one column, or the repeat rule would break.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

ABSENT = -1e4  # score of a column that a line does not use; -inf would make the gradient NaN
CHUNK_ELEMENTS = 1 << 17  # class scores handled at a time on the CPU, so that they stay in cache


class _NarrowScores(torch.autograd.Function):
    """Chosen columns of (T, N, C) in float32, and the logsumexp over all C.

    Backward writes the one wide gradient directly: softmax times the gradient of the logsumexp,
    plus the columns' own. Where a line is sure, those two all but cancel; they are added in
    float32 and rounded once. Rounded to bfloat16 before, they would leave noise instead: a third
    of the gradient at a loss of 0.013 per character.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, columns: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
        logits = logits.detach()  # torch.compile looks at what is not
        index = columns.expand(logits.shape[0], -1, -1)  # (T, N, K)
        total = logits.new_empty(logits.shape[:2], dtype=torch.float32)  # (T, N)
        for steps in _chunks(logits):
            total[steps] = _kernel(_logsumexp)(logits[steps])
        scores = logits.gather(2, index).float()
        ctx.save_for_backward(logits, index, used, scores, total)
        return scores.masked_fill(~used, ABSENT), total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        of_columns, of_total = gradients  # (T, N, K), (T, N)
        logits, index, used, scores, total = (tensor.detach() for tensor in ctx.saved_tensors)
        wide = torch.empty_like(logits, memory_format=torch.contiguous_format)
        for steps in _chunks(logits):
            _kernel(_write_softmax)(wide[steps], logits[steps], total[steps], of_total[steps])
        chosen = torch.exp_(scores - total[:, :, None]).mul_(of_total[:, :, None]).add_(of_columns)
        chosen = torch.where(used, chosen, chosen[:, :, :1])  # an unused column is the first again
        # index_copy_ on the flat tensor: scatter_ would copy all of it on a CPU
        rows = torch.arange(total.numel(), device=wide.device).view(*total.shape, 1)
        flat = (rows * wide.shape[2] + index).view(-1)
        wide.view(-1).index_copy_(0, flat, chosen.to(wide.dtype).view(-1))
        return wide, None, None


def _logsumexp(logits: Tensor) -> Tensor:
    return torch.logsumexp(logits.float(), 2)


def _write_softmax(out: Tensor, logits: Tensor, total: Tensor, factor: Tensor) -> None:
    out.copy_(torch.exp_(logits.float() - total[:, :, None]).mul_(factor[:, :, None]))


_compiled: dict[Callable[..., Any], Callable[..., Any]] = {}


def fuse() -> None:
    """Compile what reads all classes: one read of the scores, and one write of the gradient.

    Without this a GPU writes and reads them in float32 between any two operations.
    """
    for function in (_logsumexp, _write_softmax):
        _compiled[function] = torch.compile(function)  # the second width makes it for all widths


def _kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    return _compiled.get(function, function)


def narrow_scores(
    logits: Tensor, columns: Tensor, used: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Scores of a few classes and the normaliser over all of them, in float32.

    Args:
        logits: unnormalised scores in any float type, (T, N, C).
        columns: class ids, (N, K) for all time steps alike or (T, N, K); those in use are
            distinct, the others repeat the first.
        used: which columns of a line are in use, (N, K), the first always; None: all.

    Returns:
        The chosen scores (T, N, K), ABSENT in unused columns, and the logsumexp over all
        classes (T, N).
    """
    if columns.dim() == 2:
        columns = columns[None]
    if used is None:
        used = torch.ones((), dtype=torch.bool, device=logits.device)
    scores, total = _NarrowScores.apply(logits, columns, used)  # type: ignore[no-untyped-call]
    return scores, total


class LineScores(NamedTuple):
    """What the losses of N lines read of their logits.

    Attributes:
        scores: of the blank and the characters of each line, (T, N, K) float32.
        total: logsumexp over all classes, (T, N).
        targets: the lines' characters as columns of `scores`, (N, L).
        lengths: characters of each line, (N,), on the CPU.
        fits: whether a line has the time steps that CTC needs, (N,).
    """

    scores: Tensor
    total: Tensor
    targets: Tensor
    lengths: Tensor
    fits: Tensor


def line_scores(
    logits: Tensor, targets: Tensor, target_lengths: Tensor, blank: int = 0
) -> LineScores:
    """Reduce logits to what the lines' losses need; arguments as of `ctc_loss`."""
    lengths = target_lengths.to("cpu", torch.long)
    there = lengths.to(targets.device, non_blocking=True)
    columns, compact, used = compact_classes(targets, there, blank)
    scores, total = narrow_scores(logits, columns, used)  # (T, N, K), (T, N)
    return LineScores(scores, total, compact, lengths, steps_needed(targets, there) <= len(logits))


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
    return ctc_of_scores(line_scores(logits, targets, target_lengths, blank))


def ctc_of_scores(lines: LineScores) -> Tensor:
    """The `ctc_loss` of lines, (N,) float32."""
    scores, total, compact, lengths, fits = lines
    narrow_total = torch.logsumexp(scores, 2)  # (T, N)
    log_probs = scores - narrow_total[:, :, None]
    if torch.are_deterministic_algorithms_enabled():  # a GPU adds the gradient in any order
        log_probs, compact = log_probs.cpu(), compact.cpu()
    loss = F.ctc_loss(
        log_probs,
        compact,
        torch.full_like(lengths, len(scores)),
        lengths,
        blank=0,
        reduction="none",
        zero_infinity=True,
    ).to(scores.device)
    return torch.where(fits, loss + (total - narrow_total).sum(0), 0.0)


def compact_classes(
    targets: Tensor, target_lengths: Tensor, blank: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Number the classes of each line anew: 0 the blank, then one column per distinct character.

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
    """Time steps that CTC needs: one per character, one more between equal neighbours, (N,)."""
    inside = torch.arange(1, targets.shape[1], device=targets.device) < target_lengths[:, None]
    repeats = (targets[:, 1:] == targets[:, :-1]) & inside
    return target_lengths + repeats.sum(1)


def _chunks(logits: Tensor) -> list[slice]:
    """Parts along time that stay in a CPU's cache; a GPU takes all at once."""
    steps, lines, classes = logits.shape
    if logits.is_cuda:
        return [slice(0, steps)]
    size = max(1, CHUNK_ELEMENTS // (lines * classes))
    return [slice(start, start + size) for start in range(0, steps, size)]
