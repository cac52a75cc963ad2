"""Running text from manuals: the HTML pages of a Debian package."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from corpora.archives import members
from corpora.errors import CorpusError

_CHINESE = re.compile(r"[/.]zh[-_]cn[/.]", re.IGNORECASE)  # in the path of a page
_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "del", "dfn", "em",
    "font", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "tt", "u", "var", "wbr",
))  # fmt: skip
_NO_TEXT = frozenset((
    "aside", "button", "footer", "head", "header", "nav", "noscript", "pre", "script", "style",
    "svg",
))  # fmt: skip
_NAVIGATION = frozenset(("docnav", "navfooter", "navheader", "relatedtopics", "toc"))  # classes
_WIDE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
# A line break in the source is a space, but not between Chinese characters (CSS Text 3, 4.1.3).
_BREAK = re.compile(rf"(?<={_WIDE})[^\S\u00a0]*\n\s*(?={_WIDE})")
_SPACES = re.compile(r"\s+")
_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60  # bytes: name 16, …, size 10 from byte 48 on, end 2


def manual_paragraphs(packed: BinaryIO, name: str) -> Iterator[str]:
    """The paragraphs, list items, table cells and headings of the Chinese pages of a package.

    Raises:
        CorpusError: if it is damaged or no Debian package, or lxml is not installed.
    """
    _enter_data(packed, name)
    for path, data in members(packed, name, (".html",)):
        if _CHINESE.search(path):
            yield from html_paragraphs(data)


def html_paragraphs(data: bytes) -> Iterator[str]:
    """Text of each block of a page in UTF-8; navigation, code listings and scripts left out."""
    from lxml import etree  # checked by `_enter_data`

    root = etree.fromstring(
        data, etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    )
    if root is None:
        return
    pieces: list[str] = []
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if element.tag not in _INLINE:
            yield from _block(pieces)
            pieces = []
        if event == "end":
            pieces.append(element.tail or "")
        elif element.tag in _NO_TEXT or _NAVIGATION & {*element.get("class", "").split()}:
            walker.skip_subtree()
        elif element.tag == "br":
            pieces.append(" ")
        else:
            pieces.append(element.text or "")


def _block(pieces: list[str]) -> Iterator[str]:
    text = _SPACES.sub(" ", _BREAK.sub("", "".join(pieces))).strip()
    if text:
        yield text


def _enter_data(packed: BinaryIO, name: str) -> None:
    """Read a package, an ar archive, up to the beginning of its `data.tar`."""
    _need_lxml()
    if packed.read(len(_AR_MAGIC)) != _AR_MAGIC:
        raise CorpusError(f"{name} is no Debian package")
    while len(header := _exactly(packed, _AR_HEADER)) == _AR_HEADER:
        size = header[48:58].strip()
        if not size.isdigit() or header[58:] != b"`\n":
            break
        if header.startswith(b"data.tar.zst"):
            raise CorpusError(
                f"{name} is packed with zstd, as Ubuntu's are: set OCRGEN_DEBIAN to a mirror of"
                " Debian, or give the package of Debian with --file"
            )
        if header.startswith(b"data.tar"):
            return
        _exactly(packed, int(size) + int(size) % 2)
    raise CorpusError(f"{name} is truncated or holds no data.tar")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """The next bytes, fewer only at the end."""
    held = bytearray()
    while len(held) < size and (chunk := stream.read(min(size - len(held), 1 << 20))):
        held += chunk
    return bytes(held)


def _need_lxml() -> Any:
    try:
        import lxml
    except ImportError as error:
        raise CorpusError(
            "reading manuals needs lxml; install it with: pip install 'ocrgen[corpora]'"
        ) from error
    return lxml
