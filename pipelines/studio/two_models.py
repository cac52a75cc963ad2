"""The same lines read by one model or two, and those that are read wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datagen.images import UintImages, decode_each
from pipelines.studio.models import open_reader
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.labelled import open_labelled

LIMIT = 500  # lines read
SHOWN = 40


@dataclass(frozen=True)
class Difference:
    """One line with each model's reading."""

    pixels: UintImages
    target: str
    readings: tuple[str, ...]
    right: tuple[bool, ...]


@dataclass(frozen=True)
class ModelComparison:
    """CER of each model, and the lines worth looking at, those that one alone reads first."""

    models: tuple[str, ...]
    cer: tuple[float, ...]
    lines: tuple[Difference, ...]


def compare_models(
    models: Sequence[str], data: Path, progress: Callable[[float], None] = lambda share: None
) -> ModelComparison:
    """Read the same lines with one model or two.

    Args:
        models: names as `open_reader` takes them.
        data: packed data, a render, or a list of labelled files.
        progress: called with the share of the work that is done.

    Raises:
        UserError: for missing models or data.
    """
    source = open_labelled(data)

    def read_by(name: str, before: int) -> Evaluation:
        def tell(done: int, total: int) -> None:
            progress((before + done / max(1, total)) / len(models))

        return evaluate(open_reader(name), source, str(data), limit=LIMIT, progress=tell)

    read = [read_by(name, before) for before, name in enumerate(models)]
    right = np.stack([one.strict.correct for one in read])  # (models, N)
    edits = np.stack([one.strict.edits for one in read]).sum(axis=0)
    disagree = right.any(axis=0) & ~right.all(axis=0)
    order = np.lexsort((-edits, ~disagree))
    chosen = [int(i) for i in order if not right[:, i].all()][:SHOWN]
    images = decode_each(source.read(read[0].positions[chosen]).images) if chosen else []
    lines = [
        Difference(
            pixels,
            read[0].targets[i],
            tuple(one.predictions[i] for one in read),
            tuple(bool(r) for r in right[:, i]),
        )
        for pixels, i in zip(images, chosen, strict=True)
    ]
    return ModelComparison(tuple(models), tuple(one.strict.cer for one in read), tuple(lines))
