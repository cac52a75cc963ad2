"""POSIX ustar members of a whole batch of samples at once, with nothing in them but the data."""

import numpy as np
from numpy.typing import NDArray

BLOCK = 512
RECORD = 20 * BLOCK  # tar pads its end to this

IntArray = NDArray[np.int64]

_PADDING = [bytes(-size % BLOCK) for size in range(BLOCK)]


def end_of_archive(size: int) -> bytes:
    """What follows the last member of a tar of so many bytes."""
    end = bytes(2 * BLOCK)
    return end + bytes(-(size + len(end)) % RECORD)


def members(
    indices: IntArray, contents: list[tuple[list[bytes], list[str]]]
) -> tuple[bytes, IntArray]:
    """Tar bytes of a batch, and where in them the data of each member starts.

    Args:
        indices: sample indices, the keys of nine digits, (B,).
        contents: for each member of a sample its data, (B,), and its suffix, (B,).

    Returns:
        The bytes, and offsets (B, members).
    """
    sizes = np.array([[len(d) for d in data] for data, _ in contents], np.int64).T  # (B, members)
    sizes = sizes.reshape(len(indices), len(contents))
    headers = [_headers(indices, names, sizes[:, m]) for m, (_, names) in enumerate(contents)]
    parts: list[bytes] = []
    for i in range(len(indices)):
        for (data, _), header in zip(contents, headers, strict=True):
            item = data[i]
            parts += (header[i * BLOCK : (i + 1) * BLOCK], item, _PADDING[len(item) % BLOCK])
    whole = BLOCK + sizes + -sizes % BLOCK
    ends = np.cumsum(whole.ravel()).reshape(whole.shape)
    return b"".join(parts), ends - whole + BLOCK


def _headers(indices: IntArray, suffixes: list[str], sizes: IntArray) -> bytes:
    """POSIX ustar headers of regular files named KEY + suffix, BLOCK bytes each."""
    rows = np.tile(_TEMPLATE, (len(indices), 1))  # (B, BLOCK)
    rows[:, :9] += _digits(indices, 10, 9)
    for suffix in set(suffixes):
        chosen = np.array([s == suffix for s in suffixes])
        rows[chosen, 9 : 9 + len(suffix)] = np.frombuffer(suffix.encode("ascii"), np.uint8)
    rows[:, 124:135] += _digits(sizes, 8, 11)
    rows[:, 148:154] = 48 + _digits(rows.sum(axis=1, dtype=np.int64), 8, 6)
    rows[:, 154] = 0
    return rows.tobytes()


def _digits(numbers: IntArray, base: int, count: int) -> NDArray[np.uint8]:
    """Digits of each number, most significant first, (B, count)."""
    powers = base ** np.arange(count - 1, -1, -1, dtype=np.int64)
    return (numbers[:, None] // powers % base).astype(np.uint8)


def _template() -> NDArray[np.uint8]:
    """A header whose name digits, size and checksum wait to be filled in."""
    fields = [(0, b"000000000"), (100, b"0000644\0"), (108, b"0000000\0"), (116, b"0000000\0")]
    fields += [(124, b"00000000000\0"), (136, b"00000000000\0"), (148, b" " * 8), (156, b"0")]
    fields += [(257, b"ustar\x0000")]
    header = bytearray(BLOCK)
    for start, value in fields:
        header[start : start + len(value)] = value
    return np.frombuffer(bytes(header), np.uint8)


_TEMPLATE = _template()
