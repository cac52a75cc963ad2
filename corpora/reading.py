"""Paragraphs from files as people have them.

.txt and .jsonl, plain or gzipped, UTF-8 with or without a byte order mark, or GB18030. Files are
streamed, so they may be far larger than memory.
"""

import codecs
import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from corpora.errors import CorpusError
from corpora.sentences import last_end
from ocrbase.errors import listed
from ocrbase.homes import OTHER_CACHE, cache_home
from ocrbase.inputs import open_regular, read_text
from ocrbase.publishing import publish_text
from ocrbase.records import decode

SUFFIXES = (".txt", ".txt.gz", ".jsonl", ".jsonl.gz")
DEFAULT_FIELD = "text"

_SEPARATORS = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CHUNK_BYTES = 1 << 20
_LONGEST_PARAGRAPH = 1 << 16  # characters; a longer line is cut at its last sentence end
_MAX_LINE = 1 << 26  # characters of one JSON value, which is held in memory
_ENOUGH_CHARACTERS = 8  # this many valid non-ASCII characters are no accident
_DIGEST_BYTES = 16
_HASHED_EACH_TIME = 64 << 20  # bytes; the hash of a larger file is remembered


def sniff_encoding(path: Path) -> str:
    """`utf-8` or `gb18030`, by the first part of the file that is not ASCII.

    A file that starts as valid UTF-8 and breaks later counts as UTF-8, so that its bad byte is
    named instead of the whole being read as something else.

    Raises:
        CorpusError: if the file cannot be read or is UTF-16.
    """
    with _open(path) as stream:
        chunk = _read(path, stream)
        if chunk[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise CorpusError(f"{path} is UTF-16; convert it: iconv -f utf-16 -t utf-8")
        while chunk and chunk.isascii():
            chunk = _read(path, stream)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(chunk)
    except UnicodeDecodeError as error:
        valid = chunk[: error.start].decode("utf-8")
        if sum(not c.isascii() for c in valid) < _ENOUGH_CHARACTERS:
            return "gb18030"
    return "utf-8"


def paragraphs(path: Path, encoding: str, field: str = DEFAULT_FIELD) -> Iterator[str]:
    """The non-empty lines of a text file, or of one field of a JSON-lines file.

    Raises:
        CorpusError: naming the file and the byte offset (a bad byte) or line (bad JSON).
    """
    if is_jsonl(path):
        lines = _json_values(path, encoding, field)
    else:
        lines = _lines(path, encoding, cut=True)
    for line in lines:
        for paragraph in line.splitlines():
            if paragraph.strip():
                yield paragraph.strip()


def is_jsonl(path: Path) -> bool:
    """Whether a file is read as JSON lines."""
    return ".jsonl" in path.suffixes[-2:]


def numbered_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """The non-empty lines of a file with their numbers, from 1; ended by LF, CR LF or CR alone.

    Other separators, such as form feeds, are spaces.

    Raises:
        CorpusError: as of `paragraphs`.
    """
    if is_jsonl(path):
        yield from enumerate(paragraphs(path, encoding), start=1)
        return
    number = 0
    for line in _lines(path, encoding, cut=False):
        for part in line.removesuffix("\r").split("\r"):
            number += 1
            if text := _SEPARATORS.sub(" ", part).strip():
                yield number, text


def file_hash(path: Path) -> str:
    """BLAKE2 of a file's bytes; of a large file remembered by name, size and time of change."""
    with open_regular(path, error=CorpusError) as stream:
        status = os.fstat(stream.fileno())
    if status.st_size <= _HASHED_EACH_TIME:
        return _hash_bytes(path)
    identity = f"{path.resolve()}\n{status.st_size}\n{status.st_mtime_ns}".encode()
    note = cache_home() / "file-hashes" / hashlib.blake2b(identity, digest_size=16).hexdigest()
    if note.is_file() and len(digest := read_text(note, error=CorpusError)) == 2 * _DIGEST_BYTES:
        return digest
    digest = _hash_bytes(path)
    publish_text(note, digest, OTHER_CACHE)
    return digest


def _hash_bytes(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    with open_regular(path, error=CorpusError) as stream:
        while chunk := _read(path, stream):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    with open_regular(path, error=CorpusError) as stream:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=stream) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield stream


def _read(path: Path, stream: BinaryIO) -> bytes:
    try:
        return stream.read(_CHUNK_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(f"{path} is no complete gzip file ({error}); fetch it again") from error
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    """Text in chunks of about 1 MiB, without the byte order mark."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = 0
    with _open(path) as stream:
        while True:
            chunk = _read(path, stream)
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise _bad_byte(path, encoding, offset - held + error.start, error) from error
            if "\0" in text:
                raise CorpusError(f"{path} holds NUL characters: it is no text, but binary data")
            yield text.removeprefix("\ufeff") if offset == 0 else text
            if not chunk:
                return
            offset += len(chunk)


def _bad_byte(path: Path, encoding: str, offset: int, error: UnicodeDecodeError) -> CorpusError:
    byte = error.object[error.start]
    kind = "UTF-8" if encoding == "utf-8" else "neither UTF-8 nor GB18030"
    verb = "is not valid" if encoding == "utf-8" else "is"
    where = " of the unpacked text" if path.suffix == ".gz" else ""
    return CorpusError(
        f"{path} {verb} {kind}: bad byte 0x{byte:02x} at offset {offset}{where};"
        " repair or remove it"
    )


def _lines(path: Path, encoding: str, *, cut: bool) -> Iterator[str]:
    """Lines without their ends; with `cut`, one that would not end is given out in parts."""
    rest = ""
    for text in _decoded(path, encoding):
        *complete, rest = (rest + text).split("\n")
        yield from complete
        if len(rest) > _MAX_LINE:
            raise CorpusError(f"{path}: a line is longer than {_MAX_LINE:,} characters")
        while cut and len(rest) > _LONGEST_PARAGRAPH:
            end = last_end(rest[:_LONGEST_PARAGRAPH]) or _LONGEST_PARAGRAPH
            yield rest[:end]
            rest = rest[end:]
    yield rest


def _json_values(path: Path, encoding: str, field: str) -> Iterator[str]:
    for number, line in enumerate(_lines(path, encoding, cut=False), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number:,}"
        record = decode(line, dict[str, Any], where, error=CorpusError)
        value = record.get(field)
        if not isinstance(value, str):
            raise CorpusError(
                f"{where}: no text in field {field!r} (there are: {listed(list(record))});"
                f" name the field as {path.name}#FIELD"
            )
        yield value
