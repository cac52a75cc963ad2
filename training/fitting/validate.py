"""Validation while training: line accuracy, CER and loss, exact over all ranks."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.distributed as dist
from rapidfuzz.distance import Levenshtein

from datagen.alphabet import Alphabet
from training.evaluation.metrics import line_errors
from training.fitting.batches import Batch, make_batches
from training.fitting.ctc import ctc_loss
from training.fitting.data import LineSource
from training.fitting.hardware import Rank, autocast
from training.fitting.order import IntArray
from training.inference.decoding import collapse
from training.model.network_input import to_input
from training.model.recogniser import Recogniser

BATCH_LINES = 128
EXAMPLES = 16


@dataclass
class Scores:
    """Sums over lines, so that ranks add up exactly.

    Attributes:
        lines: lines read.
        correct: lines without an error.
        edits: edit distance of all lines.
        characters: characters of all targets.
        loss: CTC loss of all lines.
        examples: (target, prediction) of the first lines of this rank.
        confusions: (character, read as) of this rank.
    """

    lines: int = 0
    correct: int = 0
    edits: int = 0
    characters: int = 0
    loss: float = 0.0
    examples: list[tuple[str, str]] = field(default_factory=list)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def line_accuracy(self) -> float:
        return self.correct / max(1, self.lines)

    @property
    def cer(self) -> float:
        return self.edits / max(1, self.characters)

    @property
    def loss_per_character(self) -> float:
        return self.loss / max(1, self.characters)

    def metrics(self) -> dict[str, float]:
        """What a model file keeps."""
        return {
            "line_accuracy": self.line_accuracy,
            "cer": self.cer,
            "validation_loss": self.loss_per_character,
            "validation_lines": self.lines,
        }


@torch.no_grad()
def validate(
    network: Recogniser, source: LineSource, lines: int, rank: Rank, kind: str,
    batch_lines: int = BATCH_LINES,
) -> Scores:  # fmt: skip
    """Read the first `lines` validation lines, each on one rank, and add up all ranks.

    Args:
        network: in eval mode, on the rank's device.
        source: the validation lines.
        lines: how many; 0 takes all.
        rank: this rank.
        kind: precision of the forward.
        batch_lines: lines read at once.
    """
    scores = Scores()
    for batch in _batches(source, lines, rank, batch_lines):
        batch = batch.to(rank.device)
        with autocast(rank.device, kind):
            logits = network(to_input(batch.images, network.settings.channels))
        loss = ctc_loss(logits, batch.targets, batch.lengths)
        paths = logits.argmax(2).cpu().numpy()  # (T, N)
        _count(scores, paths, batch, source.alphabet)
        scores.loss += float(loss.double().sum())
    return _added(scores, rank)


def _batches(source: LineSource, lines: int, rank: Rank, batch_lines: int) -> Iterator[Batch]:
    count = min(lines, len(source)) if lines else len(source)
    own: IntArray = np.arange(rank.index, count, rank.world_size)
    for start in range(0, len(own), batch_lines):
        indices = own[start : start + batch_lines]
        yield from make_batches(source.batch(indices), indices)


def _count(scores: Scores, paths: IntArray, batch: Batch, alphabet: Alphabet) -> None:
    predictions = [alphabet.decode(collapse(path).tolist()) for path in paths.T]
    targets = [
        alphabet.decode(row[:length].tolist())
        for row, length in zip(batch.targets.cpu().numpy(), batch.lengths.tolist(), strict=True)
    ]
    errors = line_errors(predictions, targets)
    scores.lines += len(errors)
    scores.correct += int(errors.correct.sum())
    scores.edits += int(errors.edits.sum())
    scores.characters += int(errors.target_lengths.sum())
    pairs = list(zip(targets, predictions, strict=True))
    scores.examples += pairs[: EXAMPLES - len(scores.examples)]
    for target, prediction in pairs:
        scores.confusions.update(confused(target, prediction))


def confused(target: str, prediction: str) -> list[tuple[str, str]]:
    """What stood in the line and what was read in its place; empty for missing or too many."""
    return [
        (
            target[e.src_pos] if e.tag != "insert" else "",
            prediction[e.dest_pos] if e.tag != "delete" else "",
        )
        for e in Levenshtein.editops(target, prediction)
    ]


def _added(scores: Scores, rank: Rank) -> Scores:
    if rank.world_size == 1:
        return scores
    sums = torch.tensor(
        [scores.lines, scores.correct, scores.edits, scores.characters, scores.loss],
        dtype=torch.float64,  # exact for whole numbers up to 2**53
        device=rank.device,
    )
    dist.all_reduce(sums)
    lines, correct, edits, characters, loss = sums.tolist()
    return Scores(
        int(lines), int(correct), int(edits), int(characters), loss,
        scores.examples, scores.confusions,
    )  # fmt: skip
