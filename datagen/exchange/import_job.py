"""The job behind `ocrgen import`: rows of a foreign form → shards that `ocrgen pack` takes."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from datagen.alphabet import Alphabet, load, read_list
from datagen.errors import ExchangeError, ShardError
from datagen.exchange.exchange_settings import ImportSettings
from datagen.formats.building import aside
from datagen.formats.card import write_card
from datagen.formats.foreign import FORMS
from datagen.formats.foreign.index_labels import character_file
from datagen.formats.foreign.rows import BadRow, Row, Source
from datagen.formats.manifest import (
    RENDER,
    VERSION,
    cpu_name,
    library_versions,
    read_manifest,
    write_manifest,
)
from datagen.formats.tar.reader import shard_stem
from datagen.formats.tar.shard import TarShardWriter
from datagen.images import is_whole, try_decode
from datagen.sample import Samples, unknown_centres, unknown_meta
from datagen.split import SPLITS
from datagen.text.sentences import sentence_hash
from ocrbase.errors import SettingsError, listed
from ocrbase.homes import RENDERS
from ocrbase.publishing import disk_errors

BAD_ROWS = "bad_rows.tsv"

_CHUNK = 1000  # samples in memory at a time
_THREADS = 8  # files read at a time
_SHOWN = 5  # bad rows named in a message


@dataclass(frozen=True)
class ImportSummary:
    """What an import did.

    Attributes:
        out: where the result lies.
        samples: by split.
        bad: rows left out.
        notes: what the user should know.
        seconds: that it took.
    """

    out: Path
    samples: dict[str, int]
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...]
    seconds: float


def import_data(
    settings: ImportSettings,
    *,
    command: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportSummary:
    """Read a foreign dataset into a folder of tar shards that `ocrgen pack` takes.

    Image bytes are kept as they are. Labels are normalised onto the alphabet.

    Raises:
        ExchangeError: if a source cannot be read, or more rows are bad than allowed.
        ShardError: if `out` may not be replaced, or the disk is full.
    """
    started, out = time.monotonic(), _import_folder(settings)
    sources = [_source(settings, path) for path in settings.sources]
    alphabet, notes = _alphabet(settings, sources)
    with aside(out, settings.overwrite, _is_import) as building:
        taken = _Import(settings, alphabet, building, progress)
        form = FORMS[settings.form]
        taken.run(row for source in sources for row in form.rows(source))
        manifest = _manifest(settings, alphabet, taken, out.name, command)
        write_manifest(building, manifest)
        write_card(building, manifest, out.name)
    for source in sources:
        notes += source.notes
    return ImportSummary(
        out, taken.splits, tuple(taken.bad), tuple(notes), time.monotonic() - started
    )


class _Import:
    """Rows on their way into shards."""

    def __init__(
        self,
        settings: ImportSettings,
        alphabet: Alphabet,
        folder: Path,
        progress: Callable[[int, int], None],
    ) -> None:
        self.settings, self.alphabet, self.folder = settings, alphabet, folder
        self.progress = progress
        self.bad: list[BadRow] = []
        self.taken = 0
        self.splits: dict[str, int] = dict.fromkeys(SPLITS, 0)

    def run(self, rows: Iterator[Row | BadRow]) -> None:
        """Write all rows.

        Raises:
            ExchangeError: if more are bad than allowed, or none is good.
        """
        samples = self._samples(rows)
        for number in range(10**5):
            first = next(samples, None)
            if first is None:
                break
            with TarShardWriter(shard_stem(self.folder, number)) as writer:
                writer.write(first)
                for batch in islice(samples, -(-self.settings.shard_size // _CHUNK) - 1):
                    writer.write(batch)
        if not self.taken:
            raise ExchangeError(f"no good row in {listed(list(self.settings.sources))}")
        self._list_bad()

    def _samples(self, rows: Iterator[Row | BadRow]) -> Iterator[Samples]:
        step = min(_CHUNK, self.settings.shard_size)
        good: list[tuple[Row, bytes, tuple[int, int]]] = []
        with ThreadPoolExecutor(_THREADS) as threads:
            while chunk := list(islice(rows, step)):
                for found in threads.map(self._load, chunk):
                    if isinstance(found, BadRow):
                        self._reject(found)
                    else:
                        good.append(found)
                while len(good) >= step:
                    yield self._batch(good[:step])
                    good = good[step:]
        if good:
            yield self._batch(good)

    def _load(self, row: Row | BadRow) -> BadRow | tuple[Row, bytes, tuple[int, int]]:
        if isinstance(row, BadRow):
            return row
        label = self.alphabet.normalise(row.label)
        outside = self.alphabet.outside(label)
        if outside:
            names = listed([repr(c) for c in outside])
            return BadRow(row.where, f"{names} not among the {len(self.alphabet)} classes")
        if not label:
            return BadRow(row.where, "the label is empty")
        try:
            data = row.image if isinstance(row.image, bytes) else row.image.read_bytes()
        except OSError as error:
            return BadRow(row.where, f"{error.filename}: {error.strerror}")
        pixels = try_decode(data)
        if pixels is None or not is_whole(data):
            return BadRow(row.where, "the image is cut short or cannot be decoded")
        if max(pixels.shape) > 65_535:
            return BadRow(row.where, f"the image has {pixels.shape[1]}x{pixels.shape[0]} pixels")
        side = row.side if self.settings.keep_split else 0
        return Row(row.where, row.image, label, side), data, (pixels.shape[0], pixels.shape[1])

    def _batch(self, good: list[tuple[Row, bytes, tuple[int, int]]]) -> Samples:
        texts = [row.label for row, _, _ in good]
        meta = unknown_meta(len(good))
        meta["index"] += np.uint64(self.taken)
        meta["sentence"] = [sentence_hash(text) for text in texts]
        meta["corpus"] = 0
        meta["height"] = [size[0] for _, _, size in good]
        meta["width"] = [size[1] for _, _, size in good]
        meta["side"] = [row.side for row, _, _ in good]
        self.taken += len(good)
        for code, count in zip(*np.unique(meta["side"], return_counts=True), strict=True):
            self.splits[SPLITS[code]] += int(count)
        self.progress(self.taken, 0)
        return Samples([image for _, image, _ in good], texts, meta, unknown_centres(texts))

    def _reject(self, row: BadRow) -> None:
        self.bad.append(row)
        if len(self.bad) > self.settings.max_bad:
            shown = listed([f"{bad.where}: {bad.reason}" for bad in self.bad], _SHOWN)
            raise ExchangeError(
                f"more than {self.settings.max_bad} bad rows ({shown}): mend them, or allow more"
                " with --max-bad"
            )

    def _list_bad(self) -> None:
        if self.bad:
            lines = [f"{row.where}\t{row.reason}\n" for row in self.bad]
            with disk_errors(self.folder):
                (self.folder / BAD_ROWS).write_text("".join(lines), encoding="utf-8")


def _is_import(out: Path) -> bool:
    try:
        return "import" in read_manifest(out, RENDER)["settings"]
    except (ShardError, KeyError):
        return False


def _import_folder(settings: ImportSettings) -> Path:
    if settings.out is not None:
        return Path(settings.out)
    source = Path(settings.sources[0]).resolve()
    return RENDERS / (source.stem if source.is_file() else source.name)


def _source(settings: ImportSettings, path: str) -> Source:
    if not Path(path).exists():
        raise ExchangeError(f"{path} does not exist")
    images = None if settings.images is None else Path(settings.images)
    alphabet = None if settings.alphabet is None else Path(settings.alphabet)
    return Source(Path(path), images, alphabet)


def _alphabet(settings: ImportSettings, sources: list[Source]) -> tuple[Alphabet, list[str]]:
    """The classes of the labels, and what reading the list decided."""
    if settings.form == "index":
        files = {character_file(source) for source in sources}
        if len(files) > 1:
            raise SettingsError(f"several character lists: {listed(sorted(map(str, files)))}")
        found = read_list(files.pop())
        return found.alphabet, list(found.notes)
    if settings.alphabet is None:
        return load(None), []
    found = read_list(Path(settings.alphabet))
    return found.alphabet, list(found.notes)


def _manifest(
    settings: ImportSettings, alphabet: Alphabet, taken: _Import, name: str, command: str
) -> dict[str, Any]:
    return {
        "format": RENDER,
        "version": VERSION,
        "n": taken.taken,
        "shard_size": -(-settings.shard_size // min(_CHUNK, settings.shard_size))
        * min(_CHUNK, settings.shard_size),
        "command": command,
        "settings": {"import": settings.form, "sources": list(settings.sources)},
        "samples": taken.splits,
        "bad_rows": len(taken.bad),
        "alphabet": alphabet.to_json(),
        "corpora": [name],
        "faces": [],
        "sources": [
            {"name": name, "licence": settings.licence, "attribution": settings.attribution}
        ],
        "face_licences": {},
        "libraries": library_versions(),
        "cpu": cpu_name(),
    }
