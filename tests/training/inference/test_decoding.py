"""Decoding: greedy against its definition, beam search and alignment against brute force."""

from dataclasses import replace
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.errors import ReadError
from training.inference.beam import beam_decode
from training.inference.beam_settings import BeamSettings
from training.inference.decoding import (
    FloatArray,
    align,
    collapse,
    greedy_decode,
    log_softmax,
)
from training.inference.ngrams import NgramTable, pack
from training.model.model_settings import BLANK

CLASSES = 3
WHOLE = BeamSettings(width=10_000, classes_per_frame=CLASSES, min_probability=0.0)


def logits_of(frames: int, lines: int = 1, classes: int = CLASSES) -> st.SearchStrategy[FloatArray]:
    numbers = st.floats(-6, 6, width=32)
    return arrays(np.float32, (frames, lines, classes), elements=numbers)


def spelled(path: tuple[int, ...]) -> tuple[int, ...]:
    """The rule of CTC: merge repeats, then drop blanks."""
    return tuple(c for c, _ in groupby(path) if c != BLANK)


def text_probabilities(log_probs: FloatArray) -> dict[tuple[int, ...], float]:
    """Probability of every text, summed over all paths there are."""
    frames, classes = log_probs.shape
    out: dict[tuple[int, ...], float] = {}
    for path in product(range(classes), repeat=frames):
        p = float(np.exp(log_probs[np.arange(frames), list(path)].sum(dtype=np.float64)))
        text = spelled(path)
        out[text] = out.get(text, 0.0) + p
    return out


@given(logits_of(frames=6, lines=2))
def test_greedy_spells_the_best_path(logits: FloatArray) -> None:
    lengths = np.array([6, 4])
    for n, decoded in enumerate(greedy_decode(logits, lengths)):
        log_probs = log_softmax(logits[: lengths[n], n])
        path = tuple(int(c) for c in logits[: lengths[n], n].argmax(axis=1))
        assert tuple(decoded.class_ids) == spelled(path)
        assert tuple(collapse(np.array(path))) == spelled(path)
        assert decoded.log_probability == pytest.approx(log_probs.max(axis=1).sum(), abs=1e-4)
        np.testing.assert_allclose(
            decoded.confidences, np.exp(log_probs[decoded.frames, decoded.class_ids]), rtol=1e-4
        )


def test_greedy_keeps_repeats_that_a_blank_parts_and_finds_the_surest_frame_of_each() -> None:
    path = [1, 1, 0, 1, 2, 2, 2, 0]
    logits = np.full((8, 1, 3), -4, dtype=np.float32)
    logits[np.arange(8), 0, path] = [1, 5, 5, 3, 1, 9, 1, 5]
    (decoded,) = greedy_decode(logits, np.array([8]))
    assert decoded.class_ids.tolist() == [1, 1, 2]
    assert decoded.frames.tolist() == [1, 3, 5]


def test_frames_beyond_a_length_are_not_read() -> None:
    logits = np.zeros((5, 1, 3), dtype=np.float32)
    logits[:, 0, 0] = 3
    logits[4, 0, 1] = 9
    assert len(greedy_decode(logits, np.array([4]))[0].class_ids) == 0
    assert greedy_decode(logits, np.array([5]))[0].class_ids.tolist() == [1]


@pytest.mark.parametrize("decode", [greedy_decode, beam_decode])
@pytest.mark.parametrize("length", [0, 4])
def test_lengths_outside_are_refused(decode: object, length: int) -> None:
    with pytest.raises(ValueError, match="outside 1 to 3"):
        decode(np.zeros((3, 1, 2), np.float32), np.array([length]))  # type: ignore[operator]


@settings(max_examples=60, deadline=None)
@given(logits_of(frames=5))
def test_beam_search_is_exact_when_nothing_is_pruned(logits: FloatArray) -> None:
    (decoded,) = beam_decode(logits, np.array([5]), settings=WHOLE)
    exact = text_probabilities(log_softmax(logits[:, 0]))
    found = exact[tuple(int(c) for c in decoded.class_ids)]
    assert found == pytest.approx(max(exact.values()), rel=1e-4)
    assert np.exp(decoded.log_probability) == pytest.approx(found, rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(logits_of(frames=4), st.floats(0, 2), st.floats(-1, 1))
def test_beam_search_with_a_language_model_is_exact(
    logits: FloatArray, lm_weight: float, length_bonus: float
) -> None:
    table = bigrams()
    weights = replace(WHOLE, lm_weight=lm_weight, length_bonus=length_bonus)
    (decoded,) = beam_decode(logits, np.array([4]), settings=weights, table=table)
    exact = {
        text: np.log(p) + length_bonus * len(text) + lm_weight * lm_score(table, text)
        for text, p in text_probabilities(log_softmax(logits[:, 0])).items()
    }
    found = exact[tuple(int(c) for c in decoded.class_ids)]
    assert found == pytest.approx(max(exact.values()), abs=1e-3)


def test_beam_search_sums_paths_where_the_best_path_misleads() -> None:
    # Graves' example: the best path is all blank, yet the text "1" has more mass.
    logits = np.log(np.array([[[0.6, 0.4]], [[0.6, 0.4]]], dtype=np.float32))
    assert len(greedy_decode(logits, np.array([2]))[0].class_ids) == 0
    (decoded,) = beam_decode(logits, np.array([2]))
    assert decoded.class_ids.tolist() == [1]
    assert np.exp(decoded.log_probability) == pytest.approx(0.64, rel=1e-5)


def test_beam_search_of_a_long_line_grows_its_trie() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, (300, 1, 50)).astype(np.float32)
    text = rng.integers(1, 50, 100)
    logits[np.arange(100) * 3 + 1, 0, text] += 14
    logits[np.arange(100) * 3, 0, 0] += 14
    logits[np.arange(100) * 3 + 2, 0, 0] += 14
    (decoded,) = beam_decode(logits, np.array([300]))
    assert decoded.class_ids.tolist() == text.tolist()
    assert decoded.frames.tolist() == (np.arange(100) * 3 + 1).tolist()


def test_a_beam_that_would_take_too_much_memory_is_refused() -> None:
    logits = np.zeros((900, 1, 200), dtype=np.float32)  # noise: all classes as likely everywhere
    with pytest.raises(ReadError, match=r"a beam of 1,000 over 900 time steps .* --beam-width"):
        beam_decode(logits, np.array([900]), settings=BeamSettings(width=1000))


@settings(max_examples=60)
@given(logits_of(frames=5), st.lists(st.integers(1, CLASSES - 1), max_size=3))
def test_alignment_is_the_likeliest_path_of_the_text(logits: FloatArray, text: list[int]) -> None:
    log_probs = log_softmax(logits[:, 0])
    spans = align(log_probs, np.array(text, dtype=np.int64))
    path = [0] * 5
    for (first, end), c in zip(spans, text, strict=True):
        path[first:end] = [c] * (end - first)
    assert spelled(tuple(path)) == tuple(text)
    best = max(
        log_probs[np.arange(5), list(p)].sum()
        for p in product(range(CLASSES), repeat=5)
        if spelled(p) == tuple(text)
    )
    assert log_probs[np.arange(5), path].sum() == pytest.approx(best, abs=1e-4)


def test_alignment_refuses_a_text_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="2 characters do not fit into 2 frames"):
        align(np.zeros((2, 3), np.float32), np.array([1, 1]))


def bigrams() -> NgramTable:
    """Two characters; only 1 -> 2 was seen as a pair, history 2 is unknown."""
    keys = np.concatenate([pack(np.array([[1], [2]])), pack(np.array([[1, 2]]))])
    log_probs = np.log(np.array([0.3, 0.7, 0.9], dtype=np.float32))
    backoffs = np.log(np.array([1 / 3, 1, 1], dtype=np.float32))
    return NgramTable(keys, log_probs, backoffs, np.array([0, 2, 3]))


def lm_score(table: NgramTable, text: tuple[int, ...]) -> float:
    return sum(table.log_prob(list(text[:i]), c) for i, c in enumerate(text))


def test_ngrams_back_off() -> None:
    table = bigrams()
    assert np.exp(table.log_prob([1], 2)) == pytest.approx(0.9)
    assert np.exp(table.log_prob([1], 1)) == pytest.approx(0.1)
    assert np.exp(table.log_prob([2], 1)) == pytest.approx(0.3)
    assert np.exp(table.log_prob([2, 2, 1], 2)) == pytest.approx(0.9)
    assert table.log_prob([], 5) == -np.inf
