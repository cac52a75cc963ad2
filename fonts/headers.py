"""What a font file's header claims, checked before any memory is taken for it.

The layouts are those of the OpenType specification (table directory, collections) and of the W3C
recommendations WOFF 1.0 and WOFF 2.0.
"""

import struct
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

from fonts.errors import FontError
from ocrbase.inputs import open_regular

MAX_FILE_BYTES = 512 << 20
MAX_UNPACKED_BYTES = 512 << 20
MAX_FACES = 256  # of a collection
_SFNT = (b"\0\1\0\0", b"OTTO", b"true")
_WOFF2_TAGS = 63  # flags of this value are followed by a tag, others stand for a known one
_WOFF2_TRANSFORMED = (10, 11)  # numbers of glyf and loca among the known tags
_MAX_POINT = 0x10FFFF


def open_font_file(path: Path) -> BufferedReader:
    """Open a font file whose header claims nothing impossible.

    Raises:
        FontError: if it is no regular file, no font, truncated, or would take too much memory.
    """
    stream = open_regular(path, error=FontError)
    try:
        size = stream.seek(0, 2)
        if size > MAX_FILE_BYTES:
            raise _problem(path, f"it is larger than {MAX_FILE_BYTES:,} bytes")
        stream.seek(0)
        try:
            _check(stream, size)
        except (struct.error, ValueError) as error:
            raise _problem(path, str(error)) from error
        except (IndexError, EOFError) as error:
            raise _problem(path, "its header is truncated") from error
        stream.seek(0)
    except BaseException:
        stream.close()
        raise
    return stream


def check_character_map(table: bytes) -> None:
    """Check the ranges of a cmap table, which are unrolled when it is read.

    Raises:
        ValueError: if they hold more than all of Unicode.
    """
    count = struct.unpack_from(">H", table, 2)[0]
    for number in range(count):
        offset = struct.unpack_from(">L", table, 4 + 8 * number + 4)[0]
        kind = struct.unpack_from(">H", table, offset)[0]
        if kind in (12, 13):
            groups = struct.unpack_from(">L", table, offset + 12)[0]
            _check_groups(table, offset + 16, groups)
        elif kind == 8:
            groups = struct.unpack_from(">L", table, offset + 12 + 8192)[0]
            _check_groups(table, offset + 16 + 8192, groups)


def _check_groups(table: bytes, start: int, count: int) -> None:
    if start + 12 * count > len(table):
        raise ValueError("its character map is truncated")
    total = 0
    for first, last, _ in struct.iter_unpack(">LLL", table[start : start + 12 * count]):
        total += max(0, last - first + 1)
        if last > _MAX_POINT or total > _MAX_POINT + 1:
            raise ValueError("its character map claims more than all of Unicode")


def _check(stream: BinaryIO, size: int) -> None:
    """Raise ValueError or struct.error for a header that claims what cannot be."""
    signature = stream.read(4)
    if signature == b"ttcf":
        _, count = struct.unpack(">LL", stream.read(8))
        if not 1 <= count <= MAX_FACES:
            raise ValueError(f"it claims {count:,} faces; a collection has 1 to {MAX_FACES}")
        for offset in struct.unpack(f">{count}L", stream.read(4 * count)):
            stream.seek(offset + 4)
            _check_tables(stream, size)
    elif signature == b"wOFF":
        _check_woff(stream, size)
    elif signature == b"wOF2":
        _check_woff2(stream, size)
    elif signature in _SFNT:
        _check_tables(stream, size)
    else:
        raise ValueError("it does not begin as one")


def _check_tables(stream: BinaryIO, size: int) -> None:
    """Check a table directory whose signature has been read."""
    (count,) = struct.unpack(">H", stream.read(8)[:2])
    for tag, _, offset, length in struct.iter_unpack(">4sLLL", stream.read(16 * count)):
        _check_end(tag, offset + length, size)


def _check_woff(stream: BinaryIO, size: int) -> None:
    _, claimed, count = struct.unpack(">LLH", stream.read(10))
    _check_end(b"file", claimed, size)
    stream.seek(44)
    unpacked = 0
    for tag, offset, packed, length, _ in struct.iter_unpack(">4sLLLL", stream.read(20 * count)):
        _check_end(tag, offset + packed, size)
        unpacked += length
    _check_unpacked(unpacked)


def _check_woff2(stream: BinaryIO, size: int) -> None:
    flavour, claimed, count = struct.unpack(">4sLH", stream.read(10))
    _check_end(b"file", claimed, size)
    if flavour == b"ttcf":
        raise ValueError("it is a collection in WOFF2; unpack it to .ttc first")
    _, _, packed = struct.unpack(">HLL", stream.read(10))
    stream.seek(48)
    entries = BytesIO(stream.read(45 * count))
    unpacked = 0
    for _ in range(count):
        unpacked += _woff2_length(entries)
    _check_unpacked(unpacked)
    start = 48 + entries.tell()
    _check_end(b"data", start + packed, size)
    stream.seek(start)
    _check_expansion(stream.read(packed), unpacked)


def _woff2_length(entries: BytesIO) -> int:
    """Bytes that a table takes in the packed stream once it is unpacked."""
    flags = _byte(entries)
    if flags & 63 == _WOFF2_TAGS:
        entries.read(4)
    version = flags >> 6
    length = _base128(entries)
    is_glyphs = flags & 63 in _WOFF2_TRANSFORMED
    transformed = version != 3 if is_glyphs else version != 0
    return _base128(entries) if transformed else length


def _check_expansion(packed: bytes, claimed: int) -> None:
    """Unpack up to what is claimed: a few bytes of Brotli may hold gigabytes."""
    import brotli

    decoder = brotli.Decompressor()
    try:
        got = len(decoder.process(packed, output_buffer_limit=claimed + 1))
        while got <= claimed and not decoder.is_finished():
            more = len(decoder.process(b"", output_buffer_limit=claimed + 1))
            if not more:
                break
            got += more
    except brotli.error as error:
        raise ValueError(f"its data are damaged ({error})") from error
    if got != claimed:
        raise ValueError(f"its data unpack to {'more' if got > claimed else 'less'} than it claims")


def _check_unpacked(size: int) -> None:
    if size > MAX_UNPACKED_BYTES:
        raise ValueError(f"its tables claim {size:,} bytes; the limit is {MAX_UNPACKED_BYTES:,}")


def _check_end(tag: bytes, end: int, size: int) -> None:
    if end > size:
        name = tag.decode("latin-1")
        raise ValueError(f"it is truncated: {name!r} would end at byte {end:,} of {size:,}")


def _byte(entries: BytesIO) -> int:
    return entries.read(1)[0]


def _base128(entries: BytesIO) -> int:
    """A number of up to five bytes, seven bits each (UIntBase128)."""
    value = 0
    for _ in range(5):
        byte = _byte(entries)
        value = value << 7 | byte & 127
        if byte < 128:
            return value
    raise ValueError("its table directory is damaged")


def _problem(path: Path, reason: str) -> FontError:
    return FontError(f"{path} cannot be read as a font: {reason}")
