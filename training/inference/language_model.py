"""A character n-gram model built from a corpus, and its file.

Interpolated Kneser-Ney smoothing (Chen and Goodman 1999): each order discounts its counts by a
constant and gives what that frees to the order below, whose counts are of distinct contexts. The
lowest order gives every class of the alphabet something, so no text is impossible.
"""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from datagen.alphabet import MAX_CLASSES, Alphabet
from datagen.errors import AlphabetError
from ocrbase.arrays import DAMAGE, read_stored
from ocrbase.inputs import open_regular
from ocrbase.publishing import publish_file
from ocrbase.records import decode
from training.errors import ReadError, first_line
from training.inference.ngrams import NgramTable, pack
from training.inference.prefix_search import BITS, MAX_ORDER, FloatArray, KeyArray
from training.model.metadata import StoredAlphabet
from training.model.model_settings import BLANK

VERSION = 1
FILE_MARK = "about.npy"  # in every file of this kind
MAX_DISCOUNT = 0.9  # in a small text all counts may be 1, and nothing seen would be left
_ARRAYS = {"keys": "<u8", "log_probs": "<f4", "backoffs": "<f4", "offsets": "<i8"}
_OUTSIDE = MAX_CLASSES  # between sentences, and for characters without a class


@dataclass(frozen=True)
class LanguageModel:
    """An n-gram table and the alphabet that its class ids mean.

    Attributes:
        table: probabilities.
        alphabet: character of each class.
        sources: where its text came from, with licences.
        characters: characters that it was counted over.
    """

    table: NgramTable
    alphabet: Alphabet
    sources: tuple[str, ...]
    characters: int


class _About(Struct, frozen=True):
    """What a file says of its numbers, as JSON."""

    version: int
    alphabet: StoredAlphabet
    sources: tuple[str, ...]
    characters: Annotated[int, Meta(ge=0)]


def build(
    sentences: Iterable[str], alphabet: Alphabet, order: int = 3, sources: tuple[str, ...] = ()
) -> LanguageModel:
    """Count the n-grams of sentences, which are normalised onto the alphabet first.

    N-grams do not cross sentences or characters outside the alphabet.

    Raises:
        ReadError: if the order is not 1 to 4, or no character of the text is in the alphabet.
    """
    if not 1 <= order <= MAX_ORDER:
        raise ReadError(f"order {order}: an n-gram model has an order of 1 to {MAX_ORDER}")
    stream = _stream(sentences, alphabet)
    characters = int((stream != _OUTSIDE).sum())
    if characters == 0:
        raise ReadError("no character of the text is in the alphabet; build on other text")
    orders: list[tuple[KeyArray, NDArray[np.float64]]] = []
    weights: list[FloatArray] = []
    for n in range(1, order + 1):
        keys, counts = _counts(stream, n, highest=n == order)
        if n == 1:
            keys, counts = _all_classes(keys, counts, alphabet)
            below = np.full(len(keys), 1 / len(keys))
            history = np.zeros(len(keys), dtype=np.int64)
        else:
            lower_keys, lower = orders[-1]
            lower_mask = ~np.uint64(0) >> np.uint64(BITS * (MAX_ORDER - n + 1))
            below = lower[np.searchsorted(lower_keys, keys & lower_mask)]
            history = np.searchsorted(lower_keys, keys >> np.uint64(BITS))
        probabilities, freed = _smooth(counts, below, history)
        if n > 1:
            backoff = np.ones(len(orders[-1][0]))
            backoff[: len(freed)][freed > 0] = freed[freed > 0]
            weights.append(np.log(backoff).astype(np.float32))
        orders.append((keys, probabilities))
    weights.append(np.zeros(len(orders[-1][0]), dtype=np.float32))
    table = NgramTable(
        keys=np.concatenate([keys for keys, _ in orders]),
        log_probs=np.log(np.concatenate([p for _, p in orders])).astype(np.float32),
        backoffs=np.concatenate(weights),
        offsets=np.cumsum([0, *(len(keys) for keys, _ in orders)], dtype=np.int64),
    )
    return LanguageModel(table, alphabet, sources, characters)


def save(model: LanguageModel, path: Path) -> None:
    """Write a model as an .npz file, atomically and without pickles."""
    about = _About(
        VERSION,
        StoredAlphabet(model.alphabet.characters, BLANK),
        model.sources,
        model.characters,
    )
    table = model.table
    with publish_file(path) as attempt, attempt.open("wb") as file:
        np.savez(
            file,
            about=np.array(msgspec.json.encode(about).decode()),
            keys=table.keys,
            log_probs=table.log_probs,
            backoffs=table.backoffs,
            offsets=table.offsets,
        )


def load(path: Path) -> LanguageModel:
    """Read what `save` wrote.

    Raises:
        ReadError: if it is missing, damaged, of another version, or no language model.
    """
    if not path.exists():
        raise ReadError(f"there is no language model {path}; make one with `ocrtrain lm build`")
    try:
        with open_regular(path, error=ReadError) as file, zipfile.ZipFile(file) as archive:
            text = str(read_stored(archive, "about"))
            arrays = [_numbers(archive, name, kind) for name, kind in _ARRAYS.items()]
    except DAMAGE as error:
        raise ReadError(f"{path} is damaged or no language model: {first_line(error)}") from error
    about = decode(text, _About, f"{path}: about", error=ReadError)
    if about.version != VERSION:
        raise ReadError(f"{path} is of version {about.version}, not {VERSION}; build it again")
    table = NgramTable(*arrays)
    try:
        table.check()
        alphabet = about.alphabet.opened()
    except (ValueError, AlphabetError) as error:
        raise ReadError(f"{path} is damaged: {error}; build it again") from error
    return LanguageModel(table, alphabet, about.sources, about.characters)


def _numbers(archive: zipfile.ZipFile, name: str, kind: str) -> NDArray[Any]:
    array = read_stored(archive, name)
    if array.dtype.str != kind or array.ndim != 1:
        raise ValueError(f"{name} is of type {array.dtype.str} and shape {array.shape}")
    return array


def _stream(sentences: Iterable[str], alphabet: Alphabet) -> NDArray[np.uint16]:
    """All sentences as class ids, each with a mark before it."""
    mark = np.array([_OUTSIDE], dtype=np.uint16)
    parts = [mark]
    for sentence in sentences:
        parts += [alphabet.class_ids(alphabet.normalise(sentence)), mark]
    return np.concatenate(parts)


def _counts(
    stream: NDArray[np.uint16], n: int, highest: bool
) -> tuple[KeyArray, NDArray[np.int64]]:
    """Keys of the n-grams of a stream, ascending, and their counts.

    The highest order counts occurrences, the others distinct characters (or a mark) before.
    """
    before = 0 if highest else 1
    if len(stream) < n + before:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(stream, n + before)  # (M, n + before)
    whole = windows[(windows[:, before:] != _OUTSIDE).all(axis=1)]
    keys = pack(whole)
    if not highest:
        keys = np.unique(keys) & (~np.uint64(0) >> np.uint64(BITS * (MAX_ORDER - n)))
    unique, counts = np.unique(keys, return_counts=True)
    return unique, counts.astype(np.int64)


def _all_classes(
    keys: KeyArray, counts: NDArray[np.int64], alphabet: Alphabet
) -> tuple[KeyArray, NDArray[np.int64]]:
    """Unigram counts of every class but the blank, zeros included."""
    everything = np.zeros(len(alphabet), dtype=np.int64)
    everything[keys.astype(np.int64)] = counts
    classes = np.delete(np.arange(len(alphabet)), BLANK)
    return classes.astype(np.uint64), everything[classes]


def _smooth(
    counts: NDArray[np.int64], below: NDArray[np.floating], history: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability of each n-gram, and the mass that each history gives to the order below.

    Args:
        counts: of each n-gram, (M,).
        below: probability of its last class in the order below, (M,).
        history: number of its history, (M,).
    """
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    discount = min(once / (once + 2 * twice), MAX_DISCOUNT) if once else 0.5
    totals = np.bincount(history, weights=counts)
    freed = np.bincount(history, weights=np.minimum(counts, discount)) / np.maximum(totals, 1)
    kept = np.maximum(counts - discount, 0) / totals[history]
    return kept + freed[history] * below, freed
