"""From logits to text: best path, and the alignment of a text to the frames.

Everything here is NumPy on (T, N, C) arrays, so that any scorer can stand in front of it and
nothing of it needs torch. The prefix beam search is in `training.inference.beam`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.model.model_settings import BLANK

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

ROWS_AT_ONCE = 8  # of all classes in `log_partition`: 190 KB at 5990 of them


@dataclass(frozen=True, slots=True)
class Decoded:
    """One line as a decoder reads it.

    Attributes:
        class_ids: the classes read, blanks dropped and repeats collapsed, (L,).
        frames: the frame in which each class is most likely, (L,).
        confidences: its probability in that frame, (L,).
        log_probability: natural logarithm of the probability of the path (best path) or of the
            text over all paths (beam search).
    """

    class_ids: IntArray
    frames: IntArray
    confidences: FloatArray
    log_probability: float

    @property
    def confidence(self) -> float:
        """Probability per character: the geometric mean, so that lines of any length compare.

        Frames that hold no character count too: a character that may have been missed lowers it.
        """
        return float(np.exp(self.log_probability / max(1, len(self.class_ids))))


def greedy_decode(logits: FloatArray, input_lengths: IntArray) -> list[Decoded]:
    """Best path with repeats collapsed and blanks dropped (Graves et al. 2006, section 3.2).

    Args:
        logits: unnormalised scores, (T, N, C).
        input_lengths: valid time steps of each line, (N,), each in [1, T].

    Raises:
        ValueError: if a length is outside [1, T].
    """
    check_lengths(logits.shape[0], input_lengths)
    path = logits.argmax(axis=2)  # (T, N)
    best = logits.max(axis=2) - log_partition(logits)  # (T, N)
    decoded = []
    for n, length in enumerate(input_lengths):
        log_best = best[:length, n]
        runs = list(_runs(path[:length, n]))
        frames = np.array([a + int(log_best[a:b].argmax()) for a, b in runs], dtype=np.int64)
        decoded.append(
            Decoded(
                class_ids=path[frames, n].astype(np.int64),
                frames=frames,
                confidences=np.exp(log_best[frames]).astype(np.float32),
                log_probability=float(log_best.sum(dtype=np.float64)),
            )
        )
    return decoded


def collapse(path: NDArray[np.integer]) -> IntArray:
    """The classes that one path (T,) of best classes spells: repeats once, blanks dropped."""
    return np.array([path[start] for start, _ in _runs(path)], dtype=np.int64)


def log_partition(logits: FloatArray) -> FloatArray:
    """Logarithm of the sum of exponentials over the classes, (T, N).

    A few rows at a time, which stay in the processor's cache: the exponentials of all of them would
    double the memory of the logits, and each row alone costs as much in calls as in arithmetic.
    """
    rows = logits.reshape(-1, logits.shape[2])  # (T * N, C)
    top = rows.max(axis=1, keepdims=True)
    sums = np.empty(len(rows), dtype=np.float32)
    exponentials = np.empty((ROWS_AT_ONCE, rows.shape[1]), dtype=np.float32)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = slice(start, start + ROWS_AT_ONCE)
        part = exponentials[: len(rows[some])]
        np.exp(np.subtract(rows[some], top[some], out=part), out=part)
        part.sum(axis=1, out=sums[some])
    out: FloatArray = (top[:, 0] + np.log(sums)).reshape(logits.shape[:2])
    return out


def log_softmax(logits: FloatArray) -> FloatArray:
    """Log-probabilities of the last axis, float32."""
    top = logits.max(axis=-1, keepdims=True)
    shifted = logits - top
    out: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return out


def align(log_probs: FloatArray, class_ids: IntArray) -> list[tuple[int, int]]:
    """Frames of each character on the likeliest path that spells a text (Viterbi over CTC).

    Args:
        log_probs: log-probabilities of one line, (T, C).
        class_ids: the text, (L,), without blanks.

    Returns:
        (first, end) of each character, end exclusive, in order and without overlap.

    Raises:
        ValueError: if the text needs more frames than there are.
    """
    states = _with_blanks(class_ids)  # (S,), S = 2 L + 1
    score, came_from = _viterbi(log_probs[:, states], states)
    s = len(states) - 1
    if s > 0 and score[s - 1] > score[s]:
        s -= 1
    if not np.isfinite(score[s]):
        raise ValueError(f"{len(class_ids)} characters do not fit into {len(log_probs)} frames")
    spans = [[0, 0] for _ in class_ids]
    for t in range(len(log_probs) - 1, -1, -1):
        if s % 2 == 1:
            span = spans[s // 2]
            span[0], span[1] = t, max(span[1], t + 1)
        s -= int(came_from[t, s])
    return [(first, end) for first, end in spans]


def aligned(log_probs: FloatArray, class_ids: IntArray, log_probability: float) -> Decoded:
    """A text with the frame and confidence that its likeliest alignment gives each character."""
    frames = np.empty(len(class_ids), dtype=np.int64)
    for i, (first, end) in enumerate(align(log_probs, class_ids)):
        frames[i] = first + int(log_probs[first:end, class_ids[i]].argmax())
    confidences = np.exp(log_probs[frames, class_ids]).astype(np.float32)
    return Decoded(class_ids, frames, confidences, log_probability)


def check_lengths(frames: int, input_lengths: IntArray) -> None:
    """Refuse lengths outside [1, frames]."""
    wrong = [int(n) for n in input_lengths if not 1 <= n <= frames]
    if wrong:
        raise ValueError(f"input lengths {wrong} are outside 1 to {frames} frames")


def _runs(path: NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """(first, end) of each run of one class that is not the blank."""
    edges = np.flatnonzero(np.diff(path)) + 1
    starts = np.concatenate(([0], edges))
    ends = np.concatenate((edges, [len(path)]))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if path[start] != BLANK:
            yield start, end


def _with_blanks(class_ids: IntArray) -> IntArray:
    states = np.full(2 * len(class_ids) + 1, BLANK, dtype=np.int64)
    states[1::2] = class_ids
    return states


def _viterbi(
    emission: FloatArray, states: IntArray
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Final scores (S,), and how many states back the best path into (t, s) came from (T, S)."""
    frames, count = emission.shape
    may_skip = np.zeros(count, dtype=bool)
    may_skip[2:] = (states[2:] != BLANK) & (states[2:] != states[:-2])
    score = np.full(count, -np.inf)
    score[:2] = emission[0, :2]
    came_from = np.zeros((frames, count), dtype=np.int8)
    for t in range(1, frames):
        options = np.full((3, count), -np.inf)
        options[0] = score
        options[1, 1:] = score[:-1]
        options[2, 2:] = np.where(may_skip[2:], score[:-2], -np.inf)
        came_from[t] = options.argmax(axis=0)
        score = options.max(axis=0) + emission[t]
    return score, came_from
