"""The LMDB layout that text recognition trainers share, and the `meta-` entry that we add.

Keys are ASCII, one-based, nine digits: `image-000000001` (encoded bytes), `label-000000001`
(UTF-8), `wh-000000001` (`280_32`) and `num-samples`. Our `meta-000000001` holds one version byte,
a META_DTYPE record, the CRC-32 of image and label, and the character centres in sixteenths of a
pixel as uint16 (65,535 where unknown), one per character; none at all if none is known.
The key families sort as image, label, meta, num-samples, wh: writers append in that order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.errors import ShardError
from datagen.sample import META_DTYPE

META_VERSION = 1
COUNT_KEY = b"num-samples"
PAGE = 4096
HEAD_DTYPE = np.dtype([("version", "u1"), ("meta", META_DTYPE), ("crc32", "<u4")])

IntArray = NDArray[np.int64]

_CENTRE_STEPS = 16  # a pixel
_NO_CENTRE = 0xFFFF
_NODE = 8 + 16  # header and key of an entry in a leaf page
_LARGEST_INLINE = (PAGE - 16) // 2 - 2  # an entry beyond this gets pages of its own


def keys(family: str, positions: Sequence[int] | IntArray) -> list[bytes]:
    """Keys of the samples at some positions, which count from 0."""
    form = f"{family}-%09d".encode("ascii")
    return [form % (position + 1) for position in np.asarray(positions, np.int64).tolist()]


def encode_meta(
    meta: NDArray[np.void],
    crc32: NDArray[np.uint32],
    centres: NDArray[np.float32],
    lengths: Sequence[int],
) -> list[bytes]:
    """Values of the `meta-` entries.

    Args:
        meta: META_DTYPE, (B,).
        crc32: of image and label, (B,).
        centres: x in pixels, (B, L), NaN where unknown.
        lengths: characters of each label, (B,).
    """
    heads = np.zeros(len(meta), HEAD_DTYPE)
    heads["version"], heads["meta"], heads["crc32"] = META_VERSION, meta, crc32
    known = np.isfinite(centres) & (centres >= 0)
    steps = np.round(np.where(known, centres, 0) * _CENTRE_STEPS)
    stored = np.where(known & (steps < _NO_CENTRE), steps, _NO_CENTRE).astype("<u2")
    sizes = np.where(known.any(axis=1), 2 * np.asarray(lengths), 0).tolist()
    head_bytes, rows = heads.tobytes(), [row.tobytes() for row in stored]
    step = HEAD_DTYPE.itemsize
    return [head_bytes[i * step : (i + 1) * step] + rows[i][: sizes[i]] for i in range(len(meta))]


def decode_meta(
    values: Sequence[bytes], length: int
) -> tuple[NDArray[np.void], NDArray[np.uint32], NDArray[np.float32]]:
    """Meta, CRC-32 and centres (B, length) of `meta-` values.

    Raises:
        ShardError: if a value is cut short or of another version.
    """
    step = HEAD_DTYPE.itemsize
    if any(len(value) < step for value in values):
        raise ShardError("a meta- entry is cut short: pack the data again")
    heads = np.frombuffer(b"".join([value[:step] for value in values]), HEAD_DTYPE)
    versions = set(heads["version"].tolist())
    if versions - {META_VERSION}:
        raise ShardError(f"meta- entries of version {versions}, this program reads {META_VERSION}")
    tails = [value[step : step + 2 * length].ljust(2 * length, b"\xff") for value in values]
    stored = np.frombuffer(b"".join(tails), "<u2").reshape(len(values), length)
    centres = stored.astype(np.float32) / np.float32(_CENTRE_STEPS)
    centres[stored == _NO_CENTRE] = np.nan
    return heads["meta"].copy(), heads["crc32"].copy(), centres


def pages_of(sizes: IntArray) -> int:
    """Pages of 4 KiB that values of these sizes need in an LMDB, at most."""
    alone = sizes + _NODE > _LARGEST_INLINE
    own_pages = -(-(sizes[alone] + 16) // PAGE)
    # Appending fills leaf pages but for the last entry that no longer fits.
    inline = np.where(alone, _NODE + 8, _NODE + 2 + sizes)
    room = PAGE - 16 - int(inline.max(initial=0))
    return int(own_pages.sum()) + -(-int(inline.sum()) // room)


def map_size(image_sizes: IntArray, label_bytes: int, label_characters: int) -> int:
    """Bytes of the map for samples of known sizes; the file takes only what it uses of it."""
    count = len(image_sizes)
    small = 3 * _NODE * count + 2 * label_bytes  # a label over 2 kB gets pages of its own
    small += (HEAD_DTYPE.itemsize + 16) * count + 2 * label_characters
    pages = pages_of(image_sizes) + -(-small // (PAGE // 2))
    return (pages + pages // 50) * PAGE + (4 << 20)
