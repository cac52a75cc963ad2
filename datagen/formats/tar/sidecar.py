"""The table beside each tar shard: everything but the pixels, and where these lie.

An uncompressed .npz of plain arrays, one per column, that `numpy.load` opens without this project:
`version`, `tar_size`, each field of META_DTYPE under its name, `centres` (n, L), `text` (UTF-8
bytes of all labels in a row) with `text_end` (n,), `image_offset`, `image_size` and `crc32` (of
image and label), and with masks or quads `mask_offset`, `mask_size`, `quads`.
Its bytes depend on the columns alone: no times, no names, no settings of the machine.
"""

import io
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.formats.tar.columns import locate_columns, read_columns
from datagen.sample import META_DTYPE, LabelTable
from ocrbase.arrays import StoredArray

VERSION = 1
MAX_INDEX = 10**9  # keys of a tar have nine digits
LINE_COLUMNS = ("text", "text_end", "centres", "width", "image_offset", "image_size")

IntArray = NDArray[np.int64]
_FIELDS = META_DTYPE.names or ()


@dataclass(frozen=True)
class Sidecar:
    """A sidecar in memory.

    Attributes:
        tar_size: bytes of the complete tar.
        labels: the lines without their pixels, n of them.
        image_offset: where in the tar each image begins, (n,).
        image_size: bytes of each image, (n,).
        crc32: of each image followed by its label, (n,).
        mask_offset: where in the tar each mask begins, (n,); None without masks.
        mask_size: bytes of each mask, (n,); None without masks.
        quads: corners of each character, (n, L, 4, 2); None without quads.
    """

    tar_size: int
    labels: LabelTable
    image_offset: IntArray
    image_size: IntArray
    crc32: NDArray[np.uint32]
    mask_offset: IntArray | None = None
    mask_size: IntArray | None = None
    quads: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.labels)


def encode_sidecar(sidecar: Sidecar) -> bytes:
    """The bytes of a sidecar."""
    labels = sidecar.labels
    raw = [text.encode("utf-8") for text in labels.texts]
    arrays: dict[str, NDArray[Any] | None] = {
        "version": np.array(VERSION, "<i8"),
        "tar_size": np.array(sidecar.tar_size, "<i8"),
        "text": np.frombuffer(b"".join(raw), np.uint8),
        "text_end": np.cumsum([len(part) for part in raw], dtype="<i8"),
        **{name: labels.meta[name] for name in _FIELDS},
        "image_offset": sidecar.image_offset,
        "image_size": sidecar.image_size,
        "crc32": sidecar.crc32,
        "mask_offset": sidecar.mask_offset,
        "mask_size": sidecar.mask_size,
        "centres": labels.centres,
        "quads": sidecar.quads,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            if array is None:
                continue
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980-01-01
            entry.create_system = 3  # as on Unix, wherever this runs
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
    return buffer.getvalue()


def read_sidecar(path: Path) -> Sidecar:
    """Read a whole sidecar.

    Raises:
        ShardError: if it is missing, truncated, damaged or of another version, or its columns
            contradict each other.
    """
    columns = read_columns(path, VERSION)
    meta = np.zeros(len(columns["index"]), META_DTYPE)
    for name in _FIELDS:
        meta[name] = columns[name]
    try:
        texts = split_text(columns["text"], columns["text_end"])
    except ValueError as error:
        raise ShardError(
            f"{path}: column text: {error}; delete it and its shard, make both again"
        ) from error
    quads = columns.get("quads")
    sidecar = Sidecar(
        int(columns["tar_size"]),
        LabelTable(texts, meta, columns["centres"][:, : max(map(len, texts))]),
        columns["image_offset"],
        columns["image_size"],
        columns["crc32"],
        columns.get("mask_offset"),
        columns.get("mask_size"),
        None if quads is None else quads[:, : max(map(len, texts))],
    )
    _check(sidecar, path)
    return sidecar


def read_sizes(path: Path) -> IntArray:
    """Bytes of each image, (n,), without the rest of the sidecar.

    Raises:
        ShardError: if the sidecar is missing, truncated, damaged or of another version.
    """
    return read_columns(path, VERSION, ("image_size",))["image_size"]


def read_indices(path: Path) -> tuple[int, NDArray[np.uint64]]:
    """Bytes of the tar, and the index of each sample, (n,), without the rest of the sidecar.

    Raises:
        ShardError: if the sidecar is missing, truncated, damaged or of another version.
    """
    columns = read_columns(path, VERSION, ("tar_size", "index"))
    return int(columns["tar_size"]), columns["index"]


def locate_lines(path: Path) -> dict[str, StoredArray]:
    """Where the columns lie that training reads lines by; see `LINE_COLUMNS`.

    Raises:
        ShardError: if the sidecar is missing, truncated, damaged or of another version.
    """
    return locate_columns(path, VERSION, LINE_COLUMNS)


def read_frames(path: Path) -> tuple[IntArray, IntArray]:
    """Heights and widths of the images in pixels, (n,) each, without the rest of the sidecar.

    Raises:
        ShardError: if the sidecar is missing, truncated, damaged or of another version.
    """
    columns = read_columns(path, VERSION, ("height", "width"))
    return columns["height"].astype(np.int64), columns["width"].astype(np.int64)


def split_text(text: NDArray[np.uint8], text_end: IntArray) -> list[str]:
    """The labels in a row of UTF-8 bytes.

    Raises:
        ValueError: if the ends are no partition of the bytes, or the bytes are not UTF-8.
    """
    ends = np.concatenate([[0], text_end])
    if (np.diff(ends) < 0).any() or ends[-1] != len(text):
        raise ValueError(f"text_end does not divide its {len(text):,} bytes into labels")
    begins = np.cumsum((text & 0xC0) != 0x80)  # characters up to each byte
    cuts = np.concatenate([[0], begins])[ends].tolist()
    whole = text.tobytes().decode("utf-8")  # once: a call for each label takes twice as long
    return [whole[start:end] for start, end in pairwise(cuts)]


def _check(sidecar: Sidecar, path: Path) -> None:
    """Columns must agree with each other; the tar itself is not looked at."""
    problems = []
    labels = sidecar.labels
    for name, offset, size in (
        ("image", sidecar.image_offset, sidecar.image_size),
        ("mask", sidecar.mask_offset, sidecar.mask_size),
    ):
        if (offset is None) != (size is None):
            problems.append(f"{name}_offset and {name}_size go together")
        elif offset is not None and size is not None and not _inside(offset, size, sidecar):
            problems.append(f"column {name}_offset: a part of the {name}s lies outside of the tar")
    if len(labels) and labels.meta["index"].max() >= MAX_INDEX:
        problems.append("column index: has over nine digits")
    if max(map(len, labels.texts), default=0) > labels.centres.shape[1]:
        problems.append("column centres: shorter than the longest label")
    if sidecar.quads is not None and sidecar.quads.shape[1] != labels.centres.shape[1]:
        problems.append("column quads: not as long as centres")
    if problems:
        raise ShardError(f"{path}: {'; '.join(problems)}: delete it and its shard, make both again")


def _inside(offset: IntArray, size: IntArray, sidecar: Sidecar) -> bool:
    limit = sidecar.tar_size
    return bool(((offset >= 0) & (size >= 0) & (offset <= limit) & (size <= limit - offset)).all())
