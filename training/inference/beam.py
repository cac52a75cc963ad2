"""Prefix beam search over CTC logits, with a character n-gram model if one is given.

The sum over all paths that spell a prefix is kept in two parts, those that end in a blank and
those that do not (Graves and Jaitly 2014; Hannun et al. 2014, "First-pass large vocabulary
continuous speech recognition using bi-directional recurrent DNNs"). With a beam that holds every
prefix and no pruning of classes the result is the likeliest text, exactly.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from training.errors import ReadError
from training.inference.beam_settings import DEFAULT_BEAM, BeamSettings
from training.inference.decoding import (
    Decoded,
    FloatArray,
    IntArray,
    aligned,
    check_lengths,
    log_partition,
)
from training.inference.ngrams import NgramTable, empty_table
from training.inference.prefix_search import max_nodes, search
from training.model.model_settings import BLANK

MAX_NODES = 10_000_000  # prefixes that a search may meet, 72 bytes each


def beam_decode(
    logits: FloatArray,
    input_lengths: IntArray,
    *,
    settings: BeamSettings = DEFAULT_BEAM,
    table: NgramTable | None = None,
) -> list[Decoded]:
    """The best text of each line over all its paths.

    Args:
        logits: unnormalised scores, (T, N, C).
        input_lengths: valid time steps of each line, (N,), each in [1, T].
        settings: widths and weights; the weights are used with a table only.
        table: n-gram table over the same classes, or None.

    Raises:
        ReadError: if a line would need too much memory.
        ValueError: if a length is outside [1, T].
    """
    check_lengths(logits.shape[0], input_lengths)
    weights = (settings.lm_weight, settings.length_bonus) if table else (0.0, 0.0)
    table = table or empty_table()
    decoded = []
    for n, length in enumerate(input_lengths):
        columns, log_probs = _likely(logits[:length, n], settings.min_probability)
        ids, scores = _candidates(log_probs, settings)
        nodes = max_nodes(scores, settings.width)
        if nodes > MAX_NODES:
            raise ReadError(
                f"a beam of {settings.width:,} over {length:,} time steps as unsure as these needs"
                f" {nodes:,} prefixes (limit {MAX_NODES:,}); lower --beam-width"
            )
        text, log_probability = search(
            np.ascontiguousarray(log_probs[:, BLANK]), columns[ids], scores,
            settings.width, *weights,
            table.keys, table.log_probs, table.backoffs, table.offsets,
        )  # fmt: skip
        alignment = aligned(log_probs, np.searchsorted(columns, text), float(log_probability))
        decoded.append(replace(alignment, class_ids=text))
    return decoded


def _likely(logits: FloatArray, min_probability: float) -> tuple[IntArray, FloatArray]:
    """The classes (K,) that reach a probability in some frame, with the blank, which stays the
    first, and their log-probabilities (T, K).

    Of thousands of classes some dozens remain, and everything after costs accordingly less.
    """
    partition = log_partition(logits[:, None])  # (T, 1)
    with np.errstate(divide="ignore"):
        likely = logits >= partition + np.float32(np.log(min_probability))
    reached: NDArray[np.bool_] = np.any(likely, axis=0)
    reached[BLANK] = True
    columns = np.flatnonzero(reached)
    return columns, logits[:, columns] - partition


def _candidates(log_probs: FloatArray, settings: BeamSettings) -> tuple[IntArray, FloatArray]:
    """The likeliest columns besides the blank in each frame and their scores, both (T, K).

    A column that is too unlikely to be tried has the score -inf.
    """
    others = log_probs.copy()
    others[:, BLANK] = -np.inf
    count = min(settings.classes_per_frame, others.shape[1])
    ids = np.argpartition(-others, count - 1, axis=1)[:, :count]
    scores = np.take_along_axis(others, ids, axis=1)
    scores[np.exp(scores) < settings.min_probability] = -np.inf
    return ids, scores
