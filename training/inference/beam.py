"""Prefix beam search over CTC logits, with a character n-gram model if one is given.

The sum over all paths that spell a prefix is kept in two parts, those that end in a blank and
those that do not (Graves and Jaitly 2014; Hannun et al. 2014, "First-pass large vocabulary
continuous speech recognition using bi-directional recurrent DNNs"). With a beam that holds every
prefix and no pruning of classes the result is the likeliest text, exactly.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.inference.decoding import (
    Decoded,
    FloatArray,
    IntArray,
    aligned,
    check_lengths,
    log_partition,
)
from training.inference.ngrams import NgramTable, empty_table
from training.inference.prefix_search import search


@dataclass(frozen=True, slots=True)
class BeamSettings:
    """What a prefix beam search weighs and keeps.

    Attributes:
        width: prefixes kept after each frame.
        classes_per_frame: classes besides the blank that may extend a prefix in one frame.
        least_probability: of a class in a frame, to extend a prefix there.
        lm_weight: factor of the language model's log-probability.
        length_bonus: added for each character, in nats; offsets the model's taste for short text.
    """

    width: int = 10
    classes_per_frame: int = 20
    least_probability: float = 1e-5
    lm_weight: float = 0.3
    length_bonus: float = 1.0

    def __post_init__(self) -> None:
        if self.width < 1 or self.classes_per_frame < 1:
            raise ValueError("a beam needs a width and classes_per_frame of at least 1")


def beam_decode(
    logits: FloatArray,
    input_lengths: IntArray,
    *,
    blank: int = 0,
    settings: BeamSettings = BeamSettings(),
    table: NgramTable | None = None,
) -> list[Decoded]:
    """The best text of each line over all its paths.

    Args:
        logits: unnormalised scores, (T, N, C).
        input_lengths: valid time steps of each line, (N,), each in [1, T].
        blank: class of the CTC blank.
        settings: widths and weights; the weights are used with a table only.
        table: n-gram table over the same classes, or None.

    Raises:
        ValueError: if a length is outside [1, T].
    """
    check_lengths(logits.shape[0], input_lengths)
    weights = (settings.lm_weight, settings.length_bonus) if table else (0.0, 0.0)
    table = table or empty_table()
    decoded = []
    for n, length in enumerate(input_lengths):
        columns, log_probs = _likely(logits[:length, n], blank, settings.least_probability)
        blank_column = int(np.searchsorted(columns, blank))
        ids, scores = _candidates(log_probs, blank_column, settings)
        text, log_probability = search(
            np.ascontiguousarray(log_probs[:, blank_column]), columns[ids], scores,
            settings.width, *weights,
            table.keys, table.log_probs, table.backoffs, table.offsets,
        )  # fmt: skip
        placed = aligned(
            log_probs, np.searchsorted(columns, text), float(log_probability), blank=blank_column
        )
        decoded.append(replace(placed, class_ids=text))
    return decoded


def _likely(logits: FloatArray, blank: int, least: float) -> tuple[IntArray, FloatArray]:
    """The classes (K,) that reach a probability in some frame, with the blank, and their
    log-probabilities (T, K).

    Of thousands of classes some dozens remain, and everything after costs accordingly less.
    """
    partition = log_partition(logits[:, None])  # (T, 1)
    with np.errstate(divide="ignore"):
        likely = logits >= partition + np.float32(np.log(least))
    reached: NDArray[np.bool_] = np.any(likely, axis=0)
    reached[blank] = True
    columns = np.flatnonzero(reached)
    return columns, logits[:, columns] - partition


def _candidates(
    log_probs: FloatArray, blank: int, settings: BeamSettings
) -> tuple[IntArray, FloatArray]:
    """The likeliest columns besides the blank in each frame and their scores, both (T, K).

    A column that is too unlikely to be tried has the score -inf.
    """
    others = log_probs.copy()
    others[:, blank] = -np.inf
    most = min(settings.classes_per_frame, others.shape[1])
    ids = np.argpartition(-others, most - 1, axis=1)[:, :most]
    scores = np.take_along_axis(others, ids, axis=1)
    scores[np.exp(scores) < settings.least_probability] = -np.inf
    return ids, scores
