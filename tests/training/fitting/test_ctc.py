"""The narrow CTC against torch's wide one, in value and gradient."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from training.fitting import ctc
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


def sure_scores(scale: float) -> tuple[Tensor, Tensor, Tensor]:
    """Scores of lines of ten characters that are read ever more surely as the scale grows."""
    generator = torch.Generator().manual_seed(5)
    lines, length, steps, classes = 4, 10, 40, 5990
    targets = torch.randint(1, classes, (lines, length), generator=generator)
    logits = torch.randn(steps, lines, classes, generator=generator)
    for line in range(lines):
        for step in range(steps):
            position = step // 4
            right = int(targets[line, position]) if step % 4 == 1 else 0
            logits[step, line, right] += scale
    return logits, targets, torch.full((lines,), length)


def gradient_of(loss: Tensor, leaf: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(loss.sum(), leaf)
    return gradient


@pytest.mark.parametrize(
    ("scale", "per_character"), [(8.3, 5), (11.3, 0.65), (13.3, 0.1), (15.4, 0.013), (18, 0.001)]
)
def test_the_gradient_of_bfloat16_scores_is_exact_to_their_rounding(
    scale: float, per_character: float
) -> None:
    """However sure the lines are: what is left of two terms that cancel must not be their noise."""
    logits, targets, lengths = sure_scores(scale)
    leaf = logits.bfloat16().requires_grad_()
    loss = ctc_loss(leaf, targets, lengths)
    exact_leaf = leaf.detach().double().requires_grad_()
    exact = gradient_of(wide_loss(exact_leaf, targets, lengths), exact_leaf)
    error = gradient_of(loss, leaf).double() - exact
    assert float(loss.detach().mean()) / 10 == pytest.approx(per_character, rel=0.5)
    assert float(error.norm() / exact.norm()) < 3e-3


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # torch about itself
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_compiled_kernels_give_what_eager_ones_give(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    """In batches of several shapes, and with the way back on a thread of its own, as on a GPU."""
    eager = [loss_and_gradient(lines, steps, dtype) for lines, steps in SHAPES]
    monkeypatch.setattr(ctc, "_compiled", {})
    ctc.fuse()
    rounding = 2**-7 if dtype == torch.bfloat16 else 1e-4
    for (loss, gradient), (lines, steps) in zip(eager, SHAPES, strict=True):
        with ThreadPoolExecutor(1) as thread:
            fused = thread.submit(loss_and_gradient, lines, steps, dtype).result()
        torch.testing.assert_close(fused[0], loss, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(fused[1], gradient, atol=1e-4, rtol=rounding)
        assert fused[1].dtype == dtype


SHAPES = ((4, 40), (3, 40), (4, 44), (1, 41))  # lines and time steps


def loss_and_gradient(lines: int, steps: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    logits, targets, lengths = sure_scores(15)
    padding = torch.zeros(steps - len(logits), *logits.shape[1:])
    leaf = torch.cat([logits, padding])[:, :lines].to(dtype).requires_grad_()
    loss = ctc_loss(leaf, targets[:lines], lengths[:lines])
    return loss.detach(), gradient_of(loss, leaf)


def test_no_wide_scores_are_kept_in_float32() -> None:
    """What a GPU keeps for backward: the scores as they are, and a few columns."""
    logits, targets, lengths = sure_scores(15)
    leaf = logits.bfloat16().requires_grad_()
    kept = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        ctc_loss(leaf, targets, lengths)
    assert sum(kept.values()) < 1.05 * leaf.untyped_storage().nbytes()
