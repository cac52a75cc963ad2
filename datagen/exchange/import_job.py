"""The job behind `ocrgen import`: rows of a foreign form → shards that `ocrgen pack` takes."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import chain, islice
from pathlib import Path

import numpy as np

from datagen.alphabet import Alphabet, list_file, read_list
from datagen.errors import ExchangeError, ShardError
from datagen.exchange.exchange_settings import ImportSettings
from datagen.exchange.output_folder import output_folder
from datagen.exchange.row_checks import GoodRow, checked
from datagen.formats.card import FILE as CARD
from datagen.formats.card import write_card
from datagen.formats.foreign import FORMS
from datagen.formats.foreign.index_labels import character_file
from datagen.formats.foreign.rows import BadRow, Source
from datagen.formats.manifest import FILE as MANIFEST
from datagen.formats.manifest import (
    VERSION,
    RenderManifest,
    StoredAlphabet,
    TextSource,
    cpu_name,
    library_versions,
    read_render_manifest,
    write_manifest,
)
from datagen.formats.tar.reader import shard_stem
from datagen.formats.tar.shard import TarShardWriter
from datagen.limits import MAX_SHARDS
from datagen.sample import Samples, unknown_centres, unknown_meta
from datagen.split import SPLITS
from datagen.text.sentences import sentence_hash
from ocrbase.errors import SettingsError, listed, one_line
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
        bad: what was left out.
        bad_rows: rows of the sources that this stands for.
        notes: what the user should know.
        seconds: that it took.
    """

    out: Path
    samples: dict[str, int]
    bad: tuple[BadRow, ...]
    bad_rows: int
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
    started = time.monotonic()
    sources = [_source(settings, path) for path in settings.sources]
    out = _import_folder(settings)
    alphabet, notes = _alphabet(settings, sources)
    with output_folder(out, overwrite=settings.overwrite, strangers=_strangers) as building:
        importer = _Import(settings, alphabet, building, progress)
        importer.run(sources)
        manifest = _manifest(settings, alphabet, importer, out.name, command)
        write_manifest(building, manifest)
        write_card(building, manifest, out.name)
    for source in sources:
        notes += source.notes
    seconds = time.monotonic() - started
    return ImportSummary(
        out, importer.splits, tuple(importer.bad), importer.bad_rows, tuple(notes), seconds
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
        self.bad_rows = 0
        self.imported = 0
        self.splits: dict[str, int] = dict.fromkeys(SPLITS, 0)

    def run(self, sources: list[Source]) -> None:
        """Write all rows.

        Raises:
            ExchangeError: if more are bad than allowed, or none is good.
        """
        form = FORMS[self.settings.form]
        rows = (row for source in sources for row in form.rows(source))
        with ThreadPoolExecutor(_THREADS) as threads:
            self._write_shards(self._good(checked(rows, self.alphabet, threads)))
        if not self.imported:
            why = self._reasons() if self.bad else "no rows at all"
            raise ExchangeError(f"no good row in {listed(list(self.settings.sources))}: {why}")
        self._account_for(sum(source.rows for source in sources))
        self._list_bad()

    def _write_shards(self, rows: Iterator[GoodRow]) -> None:
        for number, first in enumerate(rows):
            if number >= MAX_SHARDS:
                raise ExchangeError(
                    f"more than {MAX_SHARDS:,} shards of {self.settings.shard_size:,} lines: give"
                    " a larger --shard-size"
                )
            shard = chain([first], islice(rows, self.settings.shard_size - 1))
            with TarShardWriter(shard_stem(self.folder, number)) as writer:
                while batch := list(islice(shard, _CHUNK)):
                    writer.write(self._samples(batch))

    def _good(self, rows: Iterator[GoodRow | BadRow]) -> Iterator[GoodRow]:
        for row in rows:
            if isinstance(row, GoodRow):
                yield row
            else:
                self._reject(row)

    def _samples(self, rows: list[GoodRow]) -> Samples:
        codes = [row.split.code if self.settings.keep_split else 0 for row in rows]
        texts = [row.label for row in rows]
        meta = unknown_meta(len(rows))
        meta["index"] += np.uint64(self.imported)
        meta["sentence"] = [sentence_hash(text) for text in texts]
        meta["corpus"] = 0
        meta["height"] = [row.height for row in rows]
        meta["width"] = [row.width for row in rows]
        meta["side"] = codes
        self.imported += len(rows)
        for code in codes:
            self.splits[SPLITS[code]] += 1
        self.progress(self.imported, 0)
        return Samples([row.image for row in rows], texts, meta, unknown_centres(texts))

    def _reject(self, row: BadRow) -> None:
        self.bad.append(row)
        self.bad_rows += row.rows
        if self.bad_rows > self.settings.max_bad:
            raise ExchangeError(
                f"more than {self.settings.max_bad} bad rows ({self._reasons()}): mend them, or"
                " allow more with --max-bad"
            )

    def _reasons(self) -> str:
        return listed([f"{bad.where}: {bad.reason}" for bad in self.bad], _SHOWN)

    def _account_for(self, rows: int) -> None:
        """Every row of the sources is a sample or is listed."""
        if self.imported + self.bad_rows != rows:
            raise ExchangeError(
                f"{rows:,} rows were read, {self.imported:,} imported and {self.bad_rows:,} listed:"
                " some are lost, nothing is published; please report this"
            )

    def _list_bad(self) -> None:
        if self.bad:
            lines = [one_line(row.where) + "\t" + one_line(row.reason) + "\n" for row in self.bad]
            with disk_errors(self.folder):
                (self.folder / BAD_ROWS).write_text("".join(lines), encoding="utf-8")


def _strangers(out: Path) -> list[str] | None:
    try:
        if "import" not in read_render_manifest(out).settings:
            return None
    except ShardError:
        return None
    names = {path.name for path in out.iterdir()} - {MANIFEST, CARD, BAD_ROWS}
    return sorted(name for name in names if not fnmatch(name, "shard-?????.*"))


def _import_folder(settings: ImportSettings) -> Path:
    if settings.out is not None:
        return Path(settings.out)
    source = Path(settings.sources[0]).resolve()
    return RENDERS / (source.stem if source.is_file() else source.name)


def _source(settings: ImportSettings, path: str) -> Source:
    try:
        Path(path).stat()
    except (OSError, ValueError) as error:  # the latter for a NUL
        raise ExchangeError(f"{path} does not exist") from error
    images = None if settings.images is None else Path(settings.images)
    alphabet = None if settings.alphabet is None else list_file(settings.alphabet)
    return Source(Path(path), images, alphabet, settings.allow_outside)


def _alphabet(settings: ImportSettings, sources: list[Source]) -> tuple[Alphabet, list[str]]:
    """The classes of the labels, and what reading the list decided."""
    if settings.form == "index":
        files = {character_file(source) for source in sources}
        if len(files) > 1:
            raise SettingsError(f"several character lists: {listed(sorted(map(str, files)))}")
        characters = read_list(files.pop())
        return characters.alphabet, list(characters.notes)
    characters = read_list(list_file(settings.alphabet))
    return characters.alphabet, list(characters.notes)


def _manifest(
    settings: ImportSettings, alphabet: Alphabet, importer: _Import, name: str, command: str
) -> RenderManifest:
    source = TextSource(name=name, licence=settings.licence, attribution=settings.attribution)
    return RenderManifest(
        version=VERSION,
        n=importer.imported,
        shard_size=settings.shard_size,
        command=command,
        settings={"import": settings.form, "sources": list(settings.sources)},
        samples=importer.splits,
        bad_rows=importer.bad_rows,
        alphabet=StoredAlphabet.of(alphabet),
        corpora=[name],
        sources=[source],
        libraries=library_versions(),
        cpu=cpu_name(),
    )
