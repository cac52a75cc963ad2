"""The datasets that a pack takes together: opened, numbered through, their tables merged."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet, load
from datagen.errors import AlphabetError, ShardError
from datagen.formats.data_folders import named_datasets
from datagen.formats.dataset import open_dataset
from datagen.formats.manifest import PackedInput, RenderManifest, TextSource
from datagen.formats.reader import DatasetReader
from datagen.formats.spans import Spans
from datagen.sample import UNKNOWN, LabelTable, Samples
from ocrbase.errors import SettingsError, listed
from ocrbase.store_copies import Fetch, local_folder

IntArray = NDArray[np.int64]
Lines = TypeVar("Lines", Samples, LabelTable)


@dataclass(frozen=True)
class PackInput:
    """One dataset of a pack.

    Attributes:
        name: its path or URL.
        path: its folder on this machine.
        reader: of its samples.
        start: position of its first sample among those of all inputs.
        corpus_map: position in the merged table of each of its corpora, and UNKNOWN at the end.
        face_map: the same for faces.
        target: alphabet that its labels must belong to.
        normalises: whether that is not its own, so that labels are normalised onto it.
    """

    name: str
    path: Path
    reader: DatasetReader
    start: int
    corpus_map: NDArray[np.uint16]
    face_map: NDArray[np.uint16]
    target: Alphabet
    normalises: bool

    def read(self, rows: IntArray) -> Samples:
        """Samples at positions of this input, in the merged tables' numbers."""
        return self._merged(self.reader.read(rows.tolist()))

    def tables(self) -> Iterator[tuple[int, LabelTable]]:
        """(Position of the first line, lines without pixels), counted through all inputs."""
        for start, labels in self.reader.tables():
            yield self.start + start, self._merged(labels)

    def _merged(self, lines: Lines) -> Lines:
        meta = lines.meta.copy()
        meta["corpus"] = _map(self.corpus_map, meta["corpus"])
        meta["face"] = _map(self.face_map, meta["face"])
        if self.normalises:
            lines = _normalised(lines, self.target)
        joined = "".join(lines.texts)
        if (self.target.class_ids(joined) >= len(self.target)).any():
            outside = listed([repr(c) for c in self.target.outside(joined)])
            raise AlphabetError(
                f"{self.name}: labels hold {outside}, not among the {len(self.target)} classes of"
                " the target alphabet; choose another with --alphabet, or render the lines anew"
                " with it"
            )
        return replace(lines, meta=meta)


@dataclass(frozen=True)
class PackInputs:
    """All datasets of a pack, positions counted through them in order."""

    items: tuple[PackInput, ...]
    spans: Spans
    alphabet: Alphabet
    corpora: tuple[str, ...]
    faces: tuple[str, ...]

    def __len__(self) -> int:
        return self.spans.total

    def read(self, rows: IntArray) -> Iterator[Samples]:
        """Samples at ascending positions, a batch for each input that holds some of them."""
        for number, _, own_rows in self.spans.locate(rows):
            yield self.items[number].read(own_rows)

    def image_sizes(self, rows: IntArray) -> IntArray:
        """Bytes of the images at ascending positions, (B,)."""
        sizes = np.zeros(len(rows), np.int64)
        for number, at, own_rows in self.spans.locate(rows):
            sizes[at] = self.items[number].reader.image_sizes(own_rows)
        return sizes

    def tables(self) -> Iterator[tuple[PackInput, int, LabelTable]]:
        """All lines without pixels: (input, first position, lines)."""
        for item in self.items:
            for start, labels in item.tables():
                yield item, start, labels

    def sources(self) -> list[TextSource]:
        """Sources of the text of all inputs, each once."""
        sources = [source for item in self.items for source in item.reader.manifest.sources]
        return list(dict.fromkeys(sources))

    def face_licences(self) -> dict[str, str | None]:
        """Licence of each face of the merged table."""
        licences: dict[str, str | None] = {}
        for item in self.items:
            licences |= item.reader.manifest.face_licences
        return {face: licences.get(face) for face in self.faces}

    def twins(self) -> Iterator[str]:
        """A warning for each pair of renders that hold the same images."""
        renders: dict[tuple[str, str], PackInput] = {}
        for item in self.items:
            manifest = item.reader.manifest
            if not isinstance(manifest, RenderManifest) or not (manifest.plan and manifest.engine):
                continue
            first = renders.setdefault((manifest.plan, manifest.engine), item)
            if first is not item:
                lines = min(len(first.reader), len(item.reader))
                yield (
                    f"{item.name} and {first.name} were rendered with the same seed, text and"
                    f" look: {lines:,} lines are duplicate images; render one of them with another"
                    " --seed"
                )

    def described(self) -> list[PackedInput]:
        """What the packed manifest says of each input."""
        return [_described(item) for item in self.items]

    def fingerprint(self) -> str:
        """SHA-256 over what the inputs hold now, by manifests, names, sizes and times of files."""
        digest = hashlib.sha256(self.alphabet.fingerprint.encode())
        for item in self.items:
            digest.update(msgspec.json.encode(item.reader.manifest))
            for path in item.reader.files():
                status = path.stat()
                digest.update(f"\n{path} {status.st_size} {status.st_mtime_ns}".encode())
        return digest.hexdigest()


def open_inputs(
    paths: Sequence[str],
    *,
    alphabet: str | None = None,
    partial: bool = False,
    fetch: Fetch = local_folder,
) -> PackInputs:
    """Open the datasets of some paths and URLs and merge their tables.

    Raises:
        ShardError: if a path holds no dataset, or a damaged one, or two hold the same.
        AlphabetError: if their alphabets differ and no target is given; names both.
    """
    found = named_datasets(paths, fetch)
    folders = [folder for _, folder in found]
    resolved = [folder.resolve() for folder in folders]
    twice = [str(folder) for folder in sorted(set(resolved)) if resolved.count(folder) > 1]
    if twice:
        raise ShardError(f"named more than once: {listed(twice)}")
    readers = [open_dataset(folder, partial=partial) for folder in folders]
    target = load(alphabet) if alphabet else _common_alphabet(folders, readers)
    return join_inputs(found, readers, target)


def join_inputs(
    found: Sequence[tuple[str, Path]], readers: Sequence[DatasetReader], target: Alphabet
) -> PackInputs:
    """Datasets that are open, one after another, with merged tables and labels on one alphabet.

    Args:
        found: name and folder of each.
        readers: of them.
        target: alphabet of the labels.
    """
    corpora = _merge([reader.info.corpora for reader in readers])
    faces = _merge([reader.info.faces for reader in readers])
    spans = Spans.of([len(reader) for reader in readers])
    items = []
    for (name, folder), reader, start in zip(found, readers, spans.starts.tolist(), strict=False):
        info = reader.info
        maps = (_positions(info.corpora, corpora), _positions(info.faces, faces))
        same = info.alphabet.fingerprint == target.fingerprint
        items.append(PackInput(name, folder, reader, start, *maps, target, not same))
    return PackInputs(tuple(items), spans, target, corpora, faces)


def _common_alphabet(folders: list[Path], readers: Sequence[DatasetReader]) -> Alphabet:
    first = readers[0].info.alphabet
    for folder, reader in zip(folders, readers, strict=True):
        other = reader.info.alphabet
        if other.fingerprint != first.fingerprint:
            raise AlphabetError(
                f"{folders[0]} has an alphabet of {len(first)} classes ({first.fingerprint[:12]}),"
                f" {folder} one of {len(other)} ({other.fingerprint[:12]}): pack them apart, or"
                " name the target with --alphabet FILE"
            )
    return first


def _merge(tables: list[tuple[str, ...]]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for table in tables for name in table))
    if len(names) >= UNKNOWN:
        raise SettingsError(f"{len(names)} names in one table; at most {UNKNOWN - 1}")
    return names


def _positions(names: tuple[str, ...], merged: tuple[str, ...]) -> NDArray[np.uint16]:
    where = {name: position for position, name in enumerate(merged)}
    return np.array([*(where[name] for name in names), UNKNOWN], np.uint16)


def _normalised(lines: Lines, alphabet: Alphabet) -> Lines:
    """Lines with their labels on an alphabet, and the centres of the characters that it keeps.

    Where it has no space, those of the labels go, and the images keep their gaps.
    """
    texts = [alphabet.normalise(text) for text in lines.texts]
    centres = lines.centres.copy()
    for i, (before, text) in enumerate(zip(lines.texts, texts, strict=True)):
        if len(text) < len(before):
            centres[i, : len(text)] = centres[i, alphabet.kept(before)]
            centres[i, len(text) :] = np.nan
    return replace(lines, texts=texts, centres=centres)


def _map(table: NDArray[np.uint16], values: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return table[np.minimum(values, len(table) - 1)]


def _described(item: PackInput) -> PackedInput:
    manifest = item.reader.manifest
    render = manifest if isinstance(manifest, RenderManifest) else None
    return PackedInput(
        path=item.name,
        n=len(item.reader),
        format=manifest.KIND,
        command=manifest.command,
        plan=render.plan if render else None,
        engine=render.engine if render else None,
        settings=manifest.settings,
    )
