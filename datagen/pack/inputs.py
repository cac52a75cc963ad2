"""The datasets that a pack takes together: opened, numbered through, their tables merged."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet, load
from datagen.errors import AlphabetError, ShardError
from datagen.formats.dataset import find_datasets, open_dataset
from datagen.formats.lmdb.reader import LmdbReader
from datagen.formats.tar.reader import RenderReader, shard_stem
from datagen.formats.tar.shard import shard_files
from datagen.sample import UNKNOWN, LabelTable, Samples
from ocrbase.errors import SettingsError, listed

IntArray = NDArray[np.int64]
Lines = TypeVar("Lines", Samples, LabelTable)


@dataclass(frozen=True)
class PackInput:
    """One dataset of a pack.

    Attributes:
        path: its folder.
        reader: of its samples.
        start: position of its first sample among those of all inputs.
        corpus_map: position in the merged table of each of its corpora, and UNKNOWN at the end.
        face_map: the same for faces.
        target: alphabet that its labels are normalised onto, if that is not its own.
    """

    path: Path
    reader: RenderReader | LmdbReader
    start: int
    corpus_map: NDArray[np.uint16]
    face_map: NDArray[np.uint16]
    target: Alphabet | None

    @property
    def stop(self) -> int:
        """One past the position of its last sample."""
        return self.start + len(self.reader)

    def read(self, rows: IntArray) -> Samples:
        """Samples at positions among those of all inputs, in the merged tables' numbers."""
        return self._merged(self.reader.read(rows - self.start))

    def tables(self) -> Iterator[tuple[int, LabelTable]]:
        """Lines without pixels, positions and numbers as in `read`."""
        for start, labels in self.reader.tables():
            yield self.start + start, self._merged(labels)

    def _merged(self, lines: Lines) -> Lines:
        meta, texts = lines.meta.copy(), lines.texts
        meta["corpus"] = _map(self.corpus_map, meta["corpus"])
        meta["face"] = _map(self.face_map, meta["face"])
        if self.target is not None:
            normal = [self.target.normalise(text) for text in texts]
            outside = self.target.outside("".join(normal))
            if outside:
                raise AlphabetError(
                    f"{self.path}: labels hold {listed([repr(c) for c in outside])}, not among the"
                    f" {len(self.target)} classes of the target alphabet; choose another with"
                    " --alphabet, or render the lines anew with it"
                )
            texts = normal
        return replace(lines, meta=meta, texts=texts)


@dataclass(frozen=True)
class PackInputs:
    """All datasets of a pack, positions counted through them in order."""

    items: tuple[PackInput, ...]
    alphabet: Alphabet
    corpora: tuple[str, ...]
    faces: tuple[str, ...]

    def __len__(self) -> int:
        return self.items[-1].stop

    def read(self, rows: IntArray) -> Iterator[Samples]:
        """Samples at ascending positions, a batch for each input that holds some of them."""
        for item in self.items:
            mine = rows[(rows >= item.start) & (rows < item.stop)]
            if len(mine):
                yield item.read(mine)

    def image_sizes(self, rows: IntArray) -> IntArray:
        """Bytes of the images at ascending positions, (B,)."""
        parts = [np.zeros(0, np.int64)]
        for item in self.items:
            mine = rows[(rows >= item.start) & (rows < item.stop)]
            parts.append(item.reader.image_sizes(mine - item.start))
        return np.concatenate(parts)

    def tables(self) -> Iterator[tuple[PackInput, int, LabelTable]]:
        """All lines without pixels: (input, first position, lines)."""
        for item in self.items:
            for start, labels in item.tables():
                yield item, start, labels

    def merged_manifest(self) -> dict[str, Any]:
        """What the packed manifest takes from those of the inputs."""
        manifests: list[dict[str, Any]] = [item.reader.info.extra for item in self.items]
        sources: dict[str, Any] = {}
        licences: dict[str, Any] = {}
        for manifest in manifests:
            for source in manifest.get("sources", ()):
                sources.setdefault(json.dumps(source, sort_keys=True), source)
            licences |= manifest.get("face_licences", {})
        return {
            "alphabet": self.alphabet.to_json(),
            "corpora": list(self.corpora),
            "faces": list(self.faces),
            "sources": list(sources.values()),
            "face_licences": {face: licences.get(face) for face in self.faces},
            "inputs": [_described(item) for item in self.items],
        }

    def fingerprint(self) -> str:
        """SHA-256 over what the inputs hold now, by manifests, names, sizes and times of files."""
        digest = hashlib.sha256(self.alphabet.fingerprint.encode())
        for item in self.items:
            digest.update(json.dumps(item.reader.info.extra, sort_keys=True).encode())
            for path in _files(item):
                status = path.stat()
                digest.update(f"\n{path} {status.st_size} {status.st_mtime_ns}".encode())
        return digest.hexdigest()


def open_inputs(
    paths: Sequence[str], *, alphabet: str | None = None, partial: bool = False
) -> PackInputs:
    """Open the datasets of some paths and merge their tables.

    Raises:
        ShardError: if a path holds no dataset, or a damaged one, or two hold the same.
        AlphabetError: if their alphabets differ and no target is given; names both.
    """
    folders = [folder for path in paths for folder in find_datasets(Path(path))]
    resolved = [folder.resolve() for folder in folders]
    twice = [str(folder) for folder in sorted(set(resolved)) if resolved.count(folder) > 1]
    if twice:
        raise ShardError(f"named more than once: {listed(twice)}")
    readers = [open_dataset(folder, partial=partial) for folder in folders]
    target = load(Path(alphabet)) if alphabet else _common_alphabet(folders, readers)
    corpora = _merge([reader.info.corpora for reader in readers])
    faces = _merge([reader.info.faces for reader in readers])
    items, start = [], 0
    for folder, reader in zip(folders, readers, strict=True):
        info = reader.info
        maps = (_positions(info.corpora, corpora), _positions(info.faces, faces))
        same = info.alphabet.fingerprint == target.fingerprint
        items.append(PackInput(folder, reader, start, *maps, None if same else target))
        start += len(reader)
    return PackInputs(tuple(items), target, corpora, faces)


def _common_alphabet(folders: list[Path], readers: Sequence[RenderReader | LmdbReader]) -> Alphabet:
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


def _map(table: NDArray[np.uint16], values: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return table[np.minimum(values, len(table) - 1)]


def _described(item: PackInput) -> dict[str, Any]:
    manifest = item.reader.info.extra
    kept = ("format", "command", "plan", "engine", "settings")
    return {"path": str(item.path), "n": len(item.reader)} | {
        name: manifest[name] for name in kept if name in manifest
    }


def _files(item: PackInput) -> list[Path]:
    reader = item.reader
    if isinstance(reader, LmdbReader):
        return [reader.folder / shard["path"] / "data.mdb" for shard in reader.shards]
    return [shard_files(shard_stem(reader.folder, number))[0] for number in reader.numbers]
