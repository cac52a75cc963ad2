"""Read labelled lines with a model, and keep what all metrics are computed from."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from datagen.errors import AlphabetError
from datagen.formats.reader import DatasetInfo, Reader
from datagen.split import Split
from ocrbase.errors import listed
from training.errors import ReadError
from training.evaluation.labelled import spread
from training.evaluation.metrics import LineErrors, line_errors, normalise_text
from training.inference.line_reader import LineReader, Reading

LINES_AT_ONCE = 1024


@dataclass(frozen=True)
class Evaluation:
    """A model's readings of N labelled lines.

    Attributes:
        model: what read them.
        data: what was read.
        predictions: text read from each line.
        targets: its label.
        confidences: of each reading, (N,).
        heights_px: of the images as they were before reading, (N,).
        inverted: whether an image has light ink on a dark ground, (N,).
        positions: of the lines in the data, (N,).
        meta: META_DTYPE, (N,).
        info: tables that `meta` points into.
        seconds: what the reading took, images included.
        outside: characters of the labels that the model has no class for, and how often.
    """

    model: str
    data: str
    predictions: list[str]
    targets: list[str]
    confidences: NDArray[np.float64]
    heights_px: NDArray[np.int64]
    inverted: NDArray[np.bool_]
    positions: NDArray[np.int64]
    meta: NDArray[np.void]
    info: DatasetInfo
    seconds: float
    outside: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.targets)

    @cached_property
    def strict(self) -> LineErrors:
        """Texts compared as they are."""
        return line_errors(self.predictions, self.targets)

    @cached_property
    def normalised(self) -> LineErrors:
        """Texts compared after folding of width and without spaces."""
        return line_errors(
            [normalise_text(text) for text in self.predictions],
            [normalise_text(text) for text in self.targets],
        )


def evaluate(
    reader: LineReader,
    source: Reader,
    name: str,
    *,
    limit: int | None = None,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Evaluation:
    """Read the lines of a source as `predict` would read them from files.

    Args:
        reader: the model with its decoder.
        source: labelled lines.
        name: of the data, for the report.
        limit: read only so many, spread evenly over the source.
        progress: called with the lines done, after each chunk, and their total.

    Raises:
        ReadError: if there is no line, or images cannot be read; names them.
        AlphabetError: if a dataset that has an alphabet holds characters that the model lacks;
            in a plain list of files they count as errors.
    """
    positions = spread(len(source), limit)
    if len(positions) == 0:
        raise ReadError(f"{name} holds no line to evaluate; pack more, or name other --data")
    read: list[Reading] = []
    targets: list[str] = []
    meta = []
    outside: Counter[str] = Counter()
    started = time.monotonic()
    for start in range(0, len(positions), LINES_AT_ONCE):
        chunk = positions[start : start + LINES_AT_ONCE]
        samples = source.read(chunk.tolist())
        outside.update(_outside(samples.texts, reader, source.info, name))
        readings = list(reader.read(samples.images))
        bad = [f"{i} ({r.error})" for i, r in zip(chunk, readings, strict=True) if r.error]
        if bad:
            raise ReadError(f"{name} has lines that cannot be read: {listed(bad)}")
        read += [replace(reading, characters=()) for reading in readings]  # they take memory
        targets += samples.texts
        meta.append(samples.meta)
        progress(len(targets), len(positions))
    return Evaluation(
        reader.scorer.name,
        name,
        [reading.text for reading in read],
        targets,
        np.array([reading.confidence for reading in read]),
        np.array([reading.height_px for reading in read]),
        np.array([reading.inverted for reading in read]),
        positions,
        np.concatenate(meta),
        source.info,
        time.monotonic() - started,
        outside,
    )


def training_occurrences(info: DatasetInfo) -> Callable[[str], int] | None:
    """How often each character stands in the training split of a packed dataset, if it says so."""
    if Split.TRAIN not in info.class_counts:
        return None
    counts = dict(zip(info.alphabet.symbols, info.class_counts[Split.TRAIN].tolist(), strict=True))
    return lambda character: int(counts.get(character, 0))


def _outside(texts: list[str], reader: LineReader, info: DatasetInfo, name: str) -> Counter[str]:
    alphabet = reader.scorer.alphabet
    outside = Counter(c for text in texts for c in text if c not in alphabet)
    if outside and not info.any_character:
        raise AlphabetError(
            f"{name} was made for another alphabet than {reader.scorer.name}: its labels hold"
            f" {listed([repr(c) for c in outside])}, which the model has no class for; evaluate a"
            " model that was trained on this data"
        )
    return outside
