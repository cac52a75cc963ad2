"""manifest.json of a dataset folder: what it holds, how it was made, and in which version."""

import json
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.errors import ShardError
from datagen.limits import MAX_LINES
from datagen.split import PACKED, Split, StoredRule
from ocrbase.errors import listed
from ocrbase.inputs import read_bytes
from ocrbase.publishing import publish_bytes
from ocrbase.records import decode

RENDER = "ocrgen-render"
LMDB = "ocrgen-lmdb"
VERSION: Literal[1] = 1
FILE = "manifest.json"

_MADE_BY = {RENDER: "ocrgen render", LMDB: "ocrgen pack"}

Count = Annotated[int, Meta(ge=0, le=2**62)]
Lines = Annotated[int, Meta(ge=0, le=MAX_LINES)]
SomeLines = Annotated[int, Meta(ge=1, le=MAX_LINES)]
Frame = Annotated[str, Meta(pattern=r"^[0-9]{1,5}x[0-9]{1,5}$")]  # "280x32": width and height


class StoredAlphabet(Struct, frozen=True):
    """An alphabet as `Alphabet.to_json` writes it."""

    characters: str
    blank: Annotated[int, Meta(ge=0)]

    def alphabet(self) -> Alphabet:
        """The alphabet itself.

        Raises:
            AlphabetError: if it is no valid one.
        """
        return Alphabet.from_json({"characters": self.characters, "blank": self.blank})

    @classmethod
    def of(cls, alphabet: Alphabet) -> "StoredAlphabet":
        """The form that a manifest carries."""
        return cls(alphabet.characters, alphabet.blank)


class TextSource(Struct, frozen=True, omit_defaults=True):
    """Where text comes from, and under which licence."""

    name: str | None = None
    licence: str | None = None
    attribution: str | None = None
    url: str | None = None


class Manifest(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="format"):
    """What both kinds of datasets say of themselves.

    Attributes:
        version: of the format.
        alphabet: classes of the labels.
        command: that made it.
        settings: as the command resolved them, to be compared and shown only.
        corpora: names that the column `corpus` points to.
        faces: names that the column `face` points to.
        sources: of the text.
        face_licences: licence of each face.
        libraries: versions of what made it.
        cpu: name of the processor.
    """

    KIND: ClassVar[str]

    version: Literal[1]
    alphabet: StoredAlphabet
    command: str = ""
    settings: dict[str, Any] = {}
    corpora: list[str] = []
    faces: list[str] = []
    sources: list[TextSource] = []
    face_licences: dict[str, str | None] = {}
    libraries: dict[str, str] = {}
    cpu: str = ""

    def problems(self) -> list[str]:
        """Fields that contradict each other."""
        if self.alphabet.blank > len(self.alphabet.characters):
            return [f"alphabet.blank {self.alphabet.blank} is beyond its characters"]
        return []


class RenderManifest(Manifest, frozen=True, kw_only=True, omit_defaults=True, tag=RENDER):
    """A folder of tar shards; shard k holds the samples from k * shard_size on.

    Attributes:
        n: samples of the complete render.
        shard_size: samples of each shard but the last.
        style: of the lines.
        texts: fingerprint of each source of text.
        plan: fingerprint of the text.
        engine: fingerprint of the look.
        cpu_features: of the processor.
        samples: of an import, by split.
        bad_rows: left out of an import.
    """

    KIND: ClassVar[str] = RENDER

    n: SomeLines
    shard_size: SomeLines
    style: dict[str, Any] | None = None
    texts: dict[str, str] = {}
    plan: str | None = None
    engine: str | None = None
    cpu_features: str | None = None
    samples: dict[str, Lines] | None = None
    bad_rows: Count | None = None


class PackedShard(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One LMDB.

    Attributes:
        path: below the dataset's folder.
        samples: that it holds.
        bytes: of its data.mdb.
        checksum: SHA-256 over the CRC-32 of its samples.
        sizes: samples by frame.
        most_steps: time steps that its longest label needs, by frame; None if not counted.
    """

    path: Annotated[str, Meta(pattern=r"^(train|val)/shard_[0-9]{5,9}$")]
    samples: SomeLines
    bytes: Count
    checksum: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    sizes: dict[Frame, Lines]
    most_steps: dict[Frame, Count] | None = None

    @property
    def split(self) -> Split:
        """The split that it belongs to."""
        return Split(self.path.split("/")[0])


class PackedInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dataset that was packed: its path, its lines, and what its own manifest says."""

    path: str
    n: Lines
    format: str | None = None
    command: str | None = None
    plan: str | None = None
    engine: str | None = None
    settings: dict[str, Any] | None = None


class PackedManifest(Manifest, frozen=True, kw_only=True, omit_defaults=True, tag=LMDB):
    """A folder of LMDB shards.

    Attributes:
        samples: by split.
        split: how they were divided.
        inputs: what was packed.
        sizes: samples by frame, by split.
        shards: training first, each in the order of its number.
        class_histogram: occurrences of each class, by split.
    """

    KIND: ClassVar[str] = LMDB

    samples: dict[Split, Lines]
    split: StoredRule
    inputs: list[PackedInput] = []
    sizes: dict[Split, dict[Frame, Lines]] = {}
    shards: Annotated[list[PackedShard], Meta(min_length=1)]
    class_histogram: dict[Split, list[Count]]

    def class_counts(self) -> dict[Split, NDArray[np.int64]]:
        """Occurrences of each class in each split, (C,) each."""
        return {s: np.array(counts, np.int64) for s, counts in self.class_histogram.items()}

    def problems(self) -> list[str]:
        """Fields that contradict each other."""
        problems = super().problems()
        paths = [shard.path for shard in self.shards]
        expected = []
        for split in PACKED:
            held = [shard for shard in self.shards if shard.split == split]
            expected += [f"{split}/shard_{number:05d}" for number in range(len(held))]
            lines, recorded = sum(shard.samples for shard in held), self.samples.get(split, 0)
            if lines != recorded:
                problems.append(f"samples.{split} is {recorded:,}, its shards hold {lines:,}")
        if paths != expected:
            problems.append(f"shards are {listed(paths, 3)}, not {listed(expected, 3)}")
        for shard in self.shards:
            if sum(shard.sizes.values()) != shard.samples:
                problems.append(f"sizes of {shard.path} are not those of {shard.samples:,} samples")
        classes = len(self.alphabet.characters) + 1
        for split, counts in self.class_histogram.items():
            if len(counts) != classes:
                histogram = f"class_histogram.{split}"
                problems.append(f"{histogram} has {len(counts):,} of {classes:,} classes")
        return problems


Kind = TypeVar("Kind", bound=Manifest)


class _Head(Struct):
    format: Any = None
    version: Any = None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a folder's manifest; it appears complete or not at all.

    Raises:
        DiskError: if the disk is full or may not be written.
    """
    publish_bytes(folder / FILE, encode_manifest(manifest))


def encode_manifest(manifest: Manifest) -> bytes:
    """The bytes of a manifest."""
    text = json.dumps(msgspec.to_builtins(manifest), ensure_ascii=False, indent=1) + "\n"
    # Names of files that are not UTF-8 stand in commands as lone surrogates.
    return text.encode("utf-8", "replace")


def read_manifest(folder: Path) -> RenderManifest | PackedManifest:
    """Read a folder's manifest, of whichever kind it is.

    Raises:
        ShardError: if there is none, or it is damaged, of another kind or of another version, or
            contradicts itself; names the field.
    """
    return _read(folder, RenderManifest | PackedManifest, tuple(_MADE_BY))  # type: ignore[arg-type]


def read_render_manifest(folder: Path) -> RenderManifest:
    """Read the manifest of a folder of tar shards.

    Raises:
        ShardError: as `read_manifest`, and if it is of packed data.
    """
    return _read(folder, RenderManifest, (RENDER,))


def decode_render_manifest(data: bytes, where: str) -> RenderManifest:
    """The manifest of a folder of tar shards, of its bytes; `where` names it in messages.

    Raises:
        ShardError: as `read_render_manifest`.
    """
    return _decode(data, where, where, RenderManifest, (RENDER,))


def read_packed_manifest(folder: Path) -> PackedManifest:
    """Read the manifest of packed data.

    Raises:
        ShardError: as `read_manifest`, and if it is of a render.
    """
    return _read(folder, PackedManifest, (LMDB,))


def _read(folder: Path, cls: type[Kind], kinds: tuple[str, ...]) -> Kind:
    path = folder / FILE
    made_by = " or ".join(_MADE_BY[kind] for kind in kinds)
    if not path.exists():
        raise ShardError(f"{folder} holds no {FILE}: no folder that {made_by} made")
    return _decode(read_bytes(path, error=ShardError), str(folder), str(path), cls, kinds)


def _decode(data: bytes, folder: str, path: str, cls: type[Kind], kinds: tuple[str, ...]) -> Kind:
    made_by = " or ".join(_MADE_BY[kind] for kind in kinds)
    head = decode(data, _Head, path, error=ShardError)
    if head.format not in kinds:
        raise ShardError(f"{folder} is of the format {head.format!r}, not one that {made_by} made")
    if head.version != VERSION:
        raise ShardError(
            f"{folder} is of version {head.version}, this program reads {VERSION}:"
            " use the release that made it, or make it anew"
        )
    manifest = decode(data, cls, path, error=ShardError)
    problems = manifest.problems()
    if problems:
        raise ShardError(f"{path}: {listed(problems, 3)}: make the data anew")
    return manifest


def library_versions(
    names: tuple[str, ...] = ("ocrgen", "numpy", "opencv-python-headless", "lmdb"),
) -> dict[str, str]:
    """Versions of Python and of installed packages, for a manifest."""
    versions = {"python": sys.version.split()[0]}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def cpu_name() -> str:
    """The processor's name as the system gives it."""
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
