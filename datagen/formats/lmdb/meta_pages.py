"""The two meta pages of an LMDB file: whether the file holds all the pages that they speak of.

LMDB maps a file without comparing the two; reading a page beyond the end of a truncated file would
end the process with SIGBUS. The layout is that of lmdb.h 0.9, data version 1, on 64-bit machines.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from datagen.errors import ShardError
from ocrbase.inputs import open_regular

_HEADER = struct.Struct("<QHHHH")  # page number, -, flags, -, -
_META_PAGE = 0x08  # a flag
_META = struct.Struct("<IIQQ 48s 48s QQ")  # magic, version, -, -, two trees, last page, txnid
_TREE = struct.Struct("<IHHQQQQQ")  # page size in the first tree, ..., root
_MAGIC, _VERSION = 0xBEEFC0DE, 1
_NO_ROOT = 2**64 - 1
_PAGE_SIZES = tuple(1 << power for power in range(8, 17))
_BYTES = _HEADER.size + _META.size


@dataclass(frozen=True)
class _MetaPage:
    page_size: int
    last_page: int
    transaction: int
    roots: tuple[int, int]


def check_complete(file: Path) -> None:
    """Refuse what is no LMDB, or not all of one; reads two pages.

    Raises:
        ShardError: if the file is not a regular one, has no meta pages, or is shorter than the
            newer of them says.
    """
    with open_regular(file, error=ShardError) as opened:
        first = _parse(opened.read(_BYTES))
        second = None
        if first is not None:
            opened.seek(first.page_size)
            second = _parse(opened.read(_BYTES))
        opened.seek(0, 2)
        size = opened.tell()
    if first is None or second is None or first.page_size != second.page_size:
        raise ShardError(f"{file} has {size:,} bytes and no meta pages of an LMDB: cut or damaged")
    newer = max(first, second, key=lambda page: page.transaction)
    needed = (newer.last_page + 1) * newer.page_size
    if size < needed:
        raise ShardError(f"{file} has {size:,} bytes, its pages need {needed:,}: truncated")
    if any(root != _NO_ROOT and root > newer.last_page for root in newer.roots):
        raise ShardError(f"{file} has a tree whose root lies beyond its last page: damaged")


def _parse(data: bytes) -> _MetaPage | None:
    """A meta page, None if it is none."""
    if len(data) < _BYTES:
        return None
    flags = _HEADER.unpack_from(data)[2]
    magic, version, _, _, free, main, last_page, transaction = _META.unpack_from(data, _HEADER.size)
    page_size, *_, free_root = _TREE.unpack(free)
    if not flags & _META_PAGE or magic != _MAGIC or version != _VERSION:
        return None
    if page_size not in _PAGE_SIZES:
        return None
    return _MetaPage(page_size, last_page, transaction, (free_root, _TREE.unpack(main)[-1]))
