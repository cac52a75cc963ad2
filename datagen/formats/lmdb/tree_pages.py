"""The pages of an LMDB's tree: whether reading a key or a value would stay inside of the file.

LMDB follows the offsets and lengths that stand in its pages without looking at them; a damaged one
would end the process with SIGBUS or SIGSEGV. The layout is that of lmdb.h 0.9, data version 1:

    page    number u64, pad u16, flags u16, lower u16, upper u16, then (lower - 16) / 2 offsets u16
    node    low u16, high u16, flags u16, key size u16, then the key, then in a leaf the value, or,
            where it has pages of its own, the number u64 of the first of them

In a branch, low, high and flags are the number of a page below; in a leaf, low and high are the
length of the value. `lmdb.verify` looks at more, such as free pages and the order of keys; it takes
ten times as long, and reads a page of every value.
"""

from io import BufferedReader

import numpy as np
from numpy.typing import NDArray

_PAGE_HEADER, _NODE_HEADER, _PAGE_NUMBER = 16, 8, 8  # bytes
_BRANCH, _LEAF = 0x01, 0x02  # flags of a page
_KINDS = 0x6F  # those that say what a page is
_OWN_PAGES = 0x01  # a flag of a node
_FIRST_PAGE = 2  # after the meta pages
_MAX_DEPTH = 32  # LMDB's own
_CHUNK_BYTES = 1 << 20

IntArray = NDArray[np.int64]


def tree_is_sound(file: BufferedReader, root: int, page_size: int, last_page: int) -> bool:
    """Whether all keys and values of a tree lie inside of a file; reads all its pages but those
    of values that have pages of their own.

    Args:
        file: which holds all pages.
        root: number of the tree's first page.
        page_size: bytes per page.
        last_page: the last page's number.
    """
    pages, seen = np.array([root]), 0
    for _ in range(_MAX_DEPTH):
        seen += len(pages)
        if seen > last_page or not _within(pages, last_page):
            return False  # more pages than there are: some are below themselves
        below = []
        step = max(1, _CHUNK_BYTES // page_size)
        for start in range(0, len(pages), step):
            block = _read(file, pages[start : start + step], page_size)
            children = _pages_below(block, last_page)
            if children is None:
                return False
            below.append(children)
        pages = np.concatenate(below)
        if not len(pages):
            return True
    return False


def _read(file: BufferedReader, pages: IntArray, page_size: int) -> NDArray[np.uint8]:
    """Some pages, (P, page_size)."""
    parts = []
    for page in pages.tolist():
        file.seek(page * page_size)
        parts.append(file.read(page_size))
    return np.frombuffer(b"".join(parts), np.uint8).reshape(len(pages), page_size)


def _pages_below(block: NDArray[np.uint8], last_page: int) -> IntArray | None:
    """Numbers of the pages that branches among some pages (P, page_size) name; None if a page or
    one of its nodes is damaged."""
    page_size = block.shape[1]
    words = block.view("<u2").astype(np.int64)  # (P, page_size / 2)
    kind, lower = words[:, 5] & _KINDS, words[:, 6]
    count = (lower - _PAGE_HEADER) // 2
    fewest = np.where(kind == _BRANCH, 2, 1)
    if not (np.isin(kind, (_BRANCH, _LEAF)) & (lower <= page_size) & (count >= fewest)).all():
        return None
    page = np.repeat(np.arange(len(block)), count)  # (N,), as all below
    index = np.arange(len(page)) - np.repeat(np.cumsum(count) - count, count)
    offset = words[page, _PAGE_HEADER // 2 + index]
    if not ((offset >= lower[page]) & (offset + _NODE_HEADER <= page_size)).all():
        return None
    if (offset % 2).any():
        return None
    low, high, flags, key_size = (words[page, offset // 2 + i] for i in range(4))
    after_key = offset + _NODE_HEADER + key_size
    if not (after_key <= page_size).all():
        return None
    leaf = kind[page] == _LEAF
    own_pages = leaf & (flags == _OWN_PAGES)
    inline = leaf & (flags == 0)
    length = low | high << 16
    if (leaf & ~own_pages & ~inline).any() or (after_key + length > page_size)[inline].any():
        return None
    if not _values_fit(block, page[own_pages], after_key[own_pages], length[own_pages], last_page):
        return None
    below = (length | flags << 32)[~leaf]
    return below if _within(below, last_page) else None


def _values_fit(
    block: NDArray[np.uint8], page: IntArray, at: IntArray, length: IntArray, last_page: int
) -> bool:
    """Whether values that have pages of their own end before the file does.

    Args:
        block: pages, (P, page_size).
        page: rows of it, (N,).
        at: where the numbers of the values' first pages stand in them, (N,).
        length: of the values in bytes, (N,).
        last_page: the last page's number.
    """
    page_size = block.shape[1]
    if not (at + _PAGE_NUMBER <= page_size).all():
        return False
    digits = block[page[:, None], at[:, None] + np.arange(_PAGE_NUMBER)]  # (N, 8)
    first = np.ascontiguousarray(digits).view("<i8")[:, 0]
    more = (_PAGE_HEADER + length - 1) // page_size
    return _within(first, last_page) and bool((first + more <= last_page).all())


def _within(pages: IntArray, last_page: int) -> bool:
    return bool(((pages >= _FIRST_PAGE) & (pages <= last_page)).all())
