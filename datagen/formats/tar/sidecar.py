"""The table beside each tar shard: everything but the pixels, and where these lie.

An uncompressed .npz of plain arrays, one a column, that `numpy.load` opens without this project:
`version`, `tar_size`, each field of META_DTYPE under its name, `centres` (n, L), `text` (UTF-8
bytes of all labels in a row) with `text_end` (n,), `image_offset`, `image_size` and `crc32` (of
image and label), and with masks or quads `mask_offset`, `mask_size`, `quads`.
Its bytes depend on the columns alone: no times, no names, no settings of the machine.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.sample import META_DTYPE

VERSION = 1

IntArray = NDArray[np.int64]
_FIELDS = META_DTYPE.names or ()
_REQUIRED = ("centres", "text", "text_end", "image_offset", "image_size", "crc32", *_FIELDS)


@dataclass(frozen=True)
class Sidecar:
    """A sidecar in memory.

    Attributes:
        tar_size: bytes of the complete tar.
        meta: META_DTYPE, (n,).
        texts: labels, (n,).
        columns: the other arrays by name, (n, ...) each.
    """

    tar_size: int
    meta: NDArray[np.void]
    texts: list[str]
    columns: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.meta)


def encode_sidecar(sidecar: Sidecar) -> bytes:
    """The bytes of a sidecar."""
    raw = [text.encode("utf-8") for text in sidecar.texts]
    arrays: dict[str, NDArray[Any]] = {
        "version": np.array(VERSION, "<i8"),
        "tar_size": np.array(sidecar.tar_size, "<i8"),
        "text": np.frombuffer(b"".join(raw), np.uint8),
        "text_end": np.cumsum([len(part) for part in raw], dtype="<i8"),
    }
    arrays |= {name: sidecar.meta[name] for name in _FIELDS}
    arrays |= sidecar.columns
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980-01-01
            entry.create_system = 3  # as on Unix, wherever this runs
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
    return buffer.getvalue()


def read_sidecar(path: Path) -> Sidecar:
    """Read a whole sidecar.

    Raises:
        ShardError: if it is missing, truncated, damaged or of another version.
    """
    arrays = read_columns(path)
    missing = [name for name in _REQUIRED if name not in arrays]
    if missing:
        raise ShardError(f"{path} lacks the columns {', '.join(missing)}: make its shard anew")
    meta = np.zeros(len(arrays["index"]), META_DTYPE)
    for name in _FIELDS:
        meta[name] = arrays.pop(name)
    texts = split_text(arrays.pop("text"), arrays.pop("text_end"))
    tar_size = int(arrays.pop("tar_size"))
    return Sidecar(tar_size, meta, texts, arrays)


def read_columns(path: Path, names: tuple[str, ...] | None = None) -> dict[str, NDArray[Any]]:
    """Read some columns of a sidecar, or all, without the rest of its bytes.

    Raises:
        ShardError: if it is missing, truncated, damaged or of another version.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = int(archive["version"]) if "version" in archive else None
            if found != VERSION:
                raise ShardError(f"{path} is of version {found}, this program reads {VERSION}")
            wanted = [n for n in archive.files if n != "version"] if names is None else names
            return {name: archive[name] for name in wanted}
    except FileNotFoundError as error:
        raise ShardError(
            f"{path} is missing beside its shard: delete the shard and make it again"
        ) from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ShardError(
            f"{path} is truncated or damaged ({error}): delete it and its shard, make both again"
        ) from error


def split_text(text: NDArray[np.uint8], text_end: IntArray) -> list[str]:
    """The labels in a row of UTF-8 bytes."""
    begins = np.cumsum((text & 0xC0) != 0x80)  # characters up to each byte
    ends = np.concatenate([[0], begins])[np.concatenate([[0], text_end])].tolist()
    whole = text.tobytes().decode("utf-8")  # once: a call for each label takes twice as long
    return [whole[start:end] for start, end in pairwise(ends)]
