"""Text from tar archives: collections of JSON documents, and sentence lists."""

import re
import tarfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from corpora.errors import CorpusError
from ocrbase.records import decode

# Folders and files of chinese-poetry that hold text about authors or errors, not the works.
_NO_WORKS = re.compile(r"author|rank|error|strains|问题|出现次数|长度对比|package\.json|/images/")
_MAX_MEMBER_BYTES = 1 << 30  # of an unpacked file, which is held in memory
_TEXT_FIELDS = ("paragraphs", "content", "para")


def poetry_paragraphs(packed: BinaryIO, name: str) -> Iterator[str]:
    """The works of chinese-poetry: all strings under _TEXT_FIELDS of its JSON."""
    for member, data in members(packed, name, (".json",)):
        if not _NO_WORKS.search(member):
            try:
                yield from _under_fields(_json(name, member, data))
            except RecursionError as error:
                raise CorpusError(f"{name}: {member}: nested too deeply") from error


def mot_paragraphs(packed: BinaryIO, name: str) -> Iterator[str]:
    """The articles of Multilingual Open Text: title and paragraphs of each JSON document."""
    for member, data in members(packed, name, (".json", ".jsonl")):
        if "lang_id_filtered" in member:
            continue
        for line in data.splitlines() if member.endswith(".jsonl") else [data]:
            document = _json(name, member, line)
            if isinstance(document, dict):
                yield str(document.get("title") or "")
                yield from _strings(document.get("paragraphs"))


def leipzig_paragraphs(packed: BinaryIO, name: str) -> Iterator[str]:
    """The sentences of a Leipzig collection: `…-sentences.txt` holds an id, a tab, the text."""
    for member, data in members(packed, name, ("-sentences.txt",)):
        for line in _text(name, member, data).splitlines():
            yield line.partition("\t")[2]


def members(packed: BinaryIO, name: str, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the archive's files, in its order, without unpacking it to disk.

    Raises:
        CorpusError: if it is damaged, or holds no file with one of the endings.
    """
    empty = True
    try:
        with tarfile.open(fileobj=packed, mode="r|*") as archive:
            for member in archive:
                if not member.isfile() or not member.name.endswith(endings):
                    continue
                if member.size > _MAX_MEMBER_BYTES:
                    raise CorpusError(f"{name}: {member.name} claims {member.size:,} bytes")
                stream = archive.extractfile(member)
                if stream is not None:
                    empty = False
                    yield member.name, stream.read()
    except (EOFError, zlib.error) as error:
        raise CorpusError(f"{name} is truncated ({error})") from error
    except tarfile.TarError as error:
        raise CorpusError(f"{name} is truncated or no tar archive ({error})") from error
    if empty:
        raise CorpusError(f"{name} holds no file that ends in {', '.join(endings)}")


def _json(name: str, member: str, data: bytes) -> Any:
    return decode(data, Any, f"{name}: {member}", error=CorpusError)


def _text(name: str, member: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{name}: {member} is not UTF-8 ({error})") from error


def _under_fields(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _under_fields(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _TEXT_FIELDS:
                yield from _poem(item)
            elif isinstance(item, list | dict):
                yield from _under_fields(item)


def _poem(value: Any) -> Iterator[str]:
    """A list of strings is one work, whose short verses belong together."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        yield from _joined(value)
    else:
        yield from _under_fields(value)


def _joined(verses: list[str]) -> Iterator[str]:
    held = ""
    for verse in verses:
        held += verse.strip()
        if len(held) >= 10:
            yield held
            held = ""
    if held:
        yield held


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
