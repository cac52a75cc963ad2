"""The job behind `ocrgen export`: a dataset → a foreign form."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.exchange.exchange_settings import ExportSettings
from datagen.exchange.output_folder import output_folder
from datagen.formats.card import write_card
from datagen.formats.dataset import open_dataset
from datagen.formats.foreign import FORMS
from datagen.formats.foreign.rows import Form
from datagen.formats.reader import DatasetReader
from datagen.sample import Samples
from datagen.split import SPLITS, Split
from ocrbase.inputs import read_text

# A folder with it may be replaced by another export, if it holds nothing else: the form, and the
# names that were written.
MARK = ".ocrgen-export"
_MAX_MARK_BYTES = 1 << 20

IntArray = NDArray[np.int64]

_CHUNK = 1000  # samples in memory at a time


@dataclass(frozen=True)
class ExportSummary:
    """What an export did.

    Attributes:
        out: where the result lies.
        samples: by split.
        seconds: that it took.
    """

    out: Path
    samples: dict[str, int]
    seconds: float


def export_data(
    settings: ExportSettings, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> ExportSummary:
    """Write a dataset in a foreign form, image bytes and labels as they are.

    Raises:
        ShardError: if the dataset is damaged, `out` may not be replaced, or the disk is full.
    """
    started, out = time.monotonic(), Path(settings.out)
    form, source = FORMS[settings.form], Path(settings.source)
    reader = open_dataset(source, partial=settings.partial)
    parts = _splits(reader)
    counts = {name.value: len(rows) for name, rows in parts.items() if len(rows)}
    with output_folder(out, overwrite=settings.overwrite, strangers=_strangers) as building:
        _write_splits(form, reader, parts, building, progress)
        write_card(building, reader.manifest, out.name)
        names = sorted(path.name for path in building.iterdir())
        (building / MARK).write_text("\n".join([settings.form, *names, ""]), encoding="utf-8")
    return ExportSummary(out, counts, time.monotonic() - started)


def _strangers(out: Path) -> list[str] | None:
    if not (out / MARK).exists():
        return None
    written = read_text(out / MARK, _MAX_MARK_BYTES, error=ShardError).splitlines()[1:]
    found = {path.name for path in out.iterdir()} - {MARK, *written}
    return sorted(found) if written else []  # earlier releases wrote the form alone


def _splits(reader: DatasetReader) -> dict[Split, IntArray]:
    """Positions of the samples of each split; packed data is divided by its folders."""
    codes = reader.splits()
    return {name: np.flatnonzero(name.mask(codes)) for name in SPLITS}


def _write_splits(
    form: Form,
    reader: DatasetReader,
    parts: dict[Split, IntArray],
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    done, total = 0, sum(map(len, parts.values()))

    def batches(rows: IntArray) -> Iterator[Samples]:
        nonlocal done
        for start in range(0, len(rows), _CHUNK):
            samples = reader.read(rows[start : start + _CHUNK])
            yield samples
            done += len(samples)
            progress(done, total)

    for split, rows in parts.items():
        if len(rows):
            form.write(folder, split, batches(rows), reader.info.alphabet)
