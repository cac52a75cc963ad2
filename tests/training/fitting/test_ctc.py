"""The narrow CTC against torch's wide one, in value and gradient."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from training.fitting.ctc import ctc_loss, steps_needed

torch.set_num_threads(1)


def wide_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    steps = torch.full((logits.shape[1],), logits.shape[0])
    criterion = nn.CTCLoss(blank=0, reduction="none", zero_infinity=True)
    loss: Tensor = criterion(logits.log_softmax(2), targets, steps, lengths)
    return loss


def both(logits: Tensor, targets: Tensor, lengths: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Loss and gradient of either form; lines weigh differently, as they do after a mean."""
    weights = torch.linspace(0.5, 2, logits.shape[1])
    results = []
    for function in (wide_loss, ctc_loss):
        leaf = logits.clone().requires_grad_()
        loss = function(leaf, targets, lengths)
        (loss * weights).sum().backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        results.append((loss.detach(), leaf.grad))
    return results


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_equal_to_the_wide_loss(data: st.DataObject) -> None:
    lines, longest = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 6))
    classes, seed = data.draw(st.integers(2, 40)), data.draw(st.integers(0, 999))
    generator = torch.Generator().manual_seed(seed)
    alike = min(classes, data.draw(st.sampled_from([3, 50])))  # few classes: many repeats
    targets = torch.randint(1, max(2, alike), (lines, longest), generator=generator)
    lengths = torch.randint(0, longest + 1, (lines,), generator=generator)
    steps = data.draw(st.integers(1, 16))  # some lines do not fit
    logits = 4 * torch.randn(steps, lines, classes, generator=generator)
    (loss, gradient), (narrow, narrow_gradient) = both(logits, targets, lengths)
    torch.testing.assert_close(narrow, loss, atol=2e-4, rtol=1e-5)
    torch.testing.assert_close(narrow_gradient, gradient, atol=2e-4, rtol=1e-4)


def test_repeated_characters_at_full_size() -> None:
    torch.manual_seed(0)
    logits = torch.randn(71, 3, 5990)
    targets = torch.tensor([[7] * 10, [7, 7, 8, 8, 7, 9, 9, 7, 7, 7], list(range(1, 11))])
    lengths = torch.tensor([10, 10, 10])
    (loss, gradient), (narrow, narrow_gradient) = both(logits, targets, lengths)
    torch.testing.assert_close(narrow, loss, atol=1e-3, rtol=1e-6)
    torch.testing.assert_close(narrow_gradient, gradient, atol=2e-4, rtol=1e-4)
    assert gradient.abs().max() > 0.5


def test_confident_scores_keep_a_small_exact_loss() -> None:
    logits = torch.full((5, 1, 100), -30.0)
    for step, class_id in enumerate([0, 42, 0, 42, 0]):
        logits[step, 0, class_id] = 30
    loss = ctc_loss(logits, torch.tensor([[42, 42]]), torch.tensor([2]))
    assert 0 <= float(loss) < 1e-4


def test_bfloat16_scores_are_summed_in_float32() -> None:
    torch.manual_seed(0)
    logits = (3 * torch.randn(40, 2, 5990)).bfloat16()
    targets, lengths = torch.randint(1, 5990, (2, 10)), torch.tensor([10, 10])
    narrow = ctc_loss(logits, targets, lengths)
    assert narrow.dtype == torch.float32
    torch.testing.assert_close(
        narrow, wide_loss(logits.float(), targets, lengths), rtol=1e-5, atol=1e-3
    )


def test_a_line_that_does_not_fit_has_no_loss_and_no_gradient() -> None:
    logits = torch.randn(4, 2, 9, requires_grad=True)
    targets = torch.tensor([[1, 1, 2, 0], [3, 3, 3, 0]])
    lengths = torch.tensor([3, 3])
    assert steps_needed(targets, lengths).tolist() == [4, 5]
    loss = ctc_loss(logits, targets, lengths)
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert loss[0] > 0 and loss[1] == 0
    assert logits.grad is not None
    assert logits.grad[:, 0].abs().sum() > 0 and logits.grad[:, 1].abs().sum() == 0


@pytest.mark.parametrize(
    ("text", "steps"), [([1, 2, 3], 3), ([1, 1, 1], 5), ([2, 1, 1, 2], 5), ([1], 1)]
)
def test_steps_needed(text: list[int], steps: int) -> None:
    padded = torch.tensor([[*text, *[0] * (6 - len(text))]])
    assert steps_needed(padded, torch.tensor([len(text)])).tolist() == [steps]
