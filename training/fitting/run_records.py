"""What a run writes beside its states and models: metrics, its split, its end, a bad batch."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from datagen.split import SplitRule, StoredRule
from ocrbase.inputs import read_bytes
from ocrbase.records import decode, read_json
from training.errors import FitError

METRICS = "metrics.jsonl"
FINISHED = "finished.json"  # stands in the folder of a run that came to its end
BAD_BATCH = "bad_batch.json"
SPLIT = "split.json"  # how the run divided lines that no packed data has divided

Count = Annotated[int, Meta(ge=0)]


class TrainRecord(Struct, frozen=True, tag_field="kind", tag="train"):
    """Means since the last such line.

    Attributes:
        step: steps done.
        seconds: that the run has taken so far, over all its starts.
        epoch: number of the epoch, from 0.
        loss: per character.
        gradient_norm: before clipping.
        zeroed_lines: lines too long for their time steps, which train nothing.
        lr: learning rate of the last step.
        images_per_s: over all processes.
    """

    step: Count
    seconds: float
    epoch: Count
    loss: float
    gradient_norm: float
    zeroed_lines: Count
    lr: float
    images_per_s: float


class ValidationRecord(Struct, frozen=True, tag_field="kind", tag="val"):
    """A validation of the EMA.

    Attributes:
        step: steps done.
        seconds: that the run has taken so far, over all its starts.
        line_accuracy: share of lines without an error.
        cer: edit distance per character.
        validation_loss: CTC loss per character.
        validation_lines: lines read.
    """

    step: Count
    seconds: float
    line_accuracy: float
    cer: float
    validation_loss: float
    validation_lines: Count


Record = TrainRecord | ValidationRecord


class Finished(Struct, frozen=True):
    """How a run ended.

    Attributes:
        step: steps done.
        line_accuracy: best of the validations, -1 without one.
        ended_early: why it ended before its last step; empty if it did not.
    """

    step: Count
    line_accuracy: float
    ended_early: str = ""


class BadBatch(Struct, frozen=True):
    """The step whose gradient was not finite, and the indices of its lines."""

    step: Count
    lines: list[int]


def to_line(record: Record) -> str:
    """One line of metrics.jsonl."""
    return msgspec.json.format(msgspec.json.encode(record), indent=0).decode() + "\n"


def read_metrics(path: Path) -> list[Record]:
    """The whole lines of metrics.jsonl; what a kill left of the last one is passed over.

    Raises:
        FitError: naming the first line that is damaged.
    """
    lines = read_bytes(path, error=FitError).splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    return [
        decode(line, Record, f"{path}, line {number:,}", error=FitError)  # type: ignore[arg-type]
        for number, line in enumerate(lines, 1)
    ]


def split_of_run(model: Path) -> SplitRule | None:
    """How the run that a model file lies in divided renders or live lines; None if it keeps none.

    Raises:
        FitError: if what it keeps is damaged.
    """
    path = model.with_name(SPLIT)
    if not (model.is_file() and path.is_file()):
        return None
    return read_json(path, StoredRule, error=FitError).rule()
