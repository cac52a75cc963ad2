"""Prose from MediaWiki dumps: mwxml reads the XML, mwparserfromhell strips the markup."""

import bz2
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from corpora.errors import CorpusError

# Stands where a template or formula was: in no alphabet, so that no line is cut across the gap.
GAP = "\ufffc"

_DROPPED_TAGS = frozenset((
    "ref", "references", "gallery", "table", "math", "chem", "timeline", "score", "hiero",
    "imagemap", "syntaxhighlight", "source", "style", "templatestyles", "graph", "mapframe",
    "categorytree", "inputbox", "indicator",
))  # fmt: skip
_MARKING_TAGS = frozenset(("math", "chem", "score", "hiero"))
_FILE_PREFIXES = frozenset((
    "file", "image", "media", "category",
    "文件", "檔案", "档案", "图像", "圖像", "媒体", "媒體", "分类", "分類",
))  # fmt: skip
_VARIANT = re.compile(r"-\{((?:(?!-\{|\}-).)*)\}-", re.DOTALL)
_RULE = re.compile(r"(zh(?:-[a-z]+)?)\s*:\s*([^;]*)")
_SIMPLIFIED = ("zh-hans", "zh-cn", "zh", "zh-sg", "zh-my")
_MAGIC = re.compile(r"__[^\W\d_]+__")
_REDIRECT = re.compile(r"\s*#\s*(redirect|重定向)", re.IGNORECASE)


def pages(stream: BinaryIO) -> Iterator[str]:
    """The wikitext of every article of an unpacked dump, redirects left out."""
    import mwxml

    for page in mwxml.Dump.from_file(stream):
        if page.namespace != 0 or page.redirect:
            continue
        text = None
        for revision in page:
            text = revision.text  # the last one is the newest
        if text and not _REDIRECT.match(text):
            yield text


def dump_paragraphs(packed: BinaryIO, name: str) -> Iterator[str]:
    """The prose of a dump packed with bzip2, one article after another.

    Args:
        packed: the dump; a pipe will do.
        name: of the file, for messages.

    Raises:
        CorpusError: if the file is damaged or no dump.
    """
    try:
        with bz2.open(packed) as stream:
            for text in pages(cast(BinaryIO, stream)):
                yield plain_text(text)
    except EOFError as error:
        raise CorpusError(f"{name} is truncated") from error
    except CorpusError:
        raise
    except OSError as error:
        raise CorpusError(f"{name} is damaged ({error})") from error
    except Exception as error:  # mwxml raises what its XML parser raises
        if type(error).__module__.split(".")[0] not in ("mwxml", "xml"):
            raise
        raise CorpusError(f"{name} is no complete MediaWiki dump ({error})") from error


def plain_text(wikitext: str) -> str:
    """The running text of a page: no tables, notes, pictures or templates."""
    import mwparserfromhell

    code = mwparserfromhell.parse(resolve_variants(wikitext))
    return _MAGIC.sub("", "".join(_walk(code)))


def _walk(code: Any) -> Iterator[str]:
    """Texts of a parsed page in order, each node seen once, however many there are."""
    from mwparserfromhell import nodes

    for node in code.nodes if code is not None else ():
        if isinstance(node, nodes.Text):
            yield str(node)
        elif isinstance(node, nodes.Wikilink):
            if not _is_no_prose(str(node.title)):
                yield from _walk(node.text) if node.text else [str(node.title).lstrip(": ")]
        elif isinstance(node, nodes.ExternalLink):
            yield from _walk(node.title)
        elif isinstance(node, nodes.Tag):
            yield from _walk_tag(node)
        elif isinstance(node, nodes.HTMLEntity):
            yield str(node.normalize())
        elif isinstance(node, nodes.Heading):
            yield from ("\n", *_walk(node.title), "\n")
        elif not isinstance(node, nodes.Comment):
            yield GAP  # a template, or an argument of one


def _walk_tag(tag: Any) -> Iterator[str]:
    name = str(tag.tag).strip().lower()
    if name in _MARKING_TAGS:
        yield GAP
    elif name == "br":
        yield "\n"
    elif name not in _DROPPED_TAGS:
        yield from _walk(tag.contents)


def resolve_variants(text: str) -> str:
    """Replace `-{zh-hans:…;zh-hant:…}-` by its simplified reading, inner ones first."""
    for _ in range(4):
        text, count = _VARIANT.subn(_variant, text)
        if not count:
            break
    return text


def _variant(match: re.Match[str]) -> str:
    flags, bar, body = match[1].rpartition("|")
    if bar and not re.fullmatch(r"[A-Za-z;\- ]*", flags):
        flags, body = "", match[1]  # the bar belongs to a link or a template inside
    if set(flags.upper()) & set("HT-"):
        return ""  # a rule for the rest of the page, or for its title: shows nothing
    rules = {name.lower(): value.strip() for name, value in _RULE.findall(body)}
    for name in _SIMPLIFIED:
        if name in rules:
            return str(rules[name])
    return str(next(iter(rules.values()), body))


def _is_no_prose(title: str) -> bool:
    """Whether a link shows a picture, sets a category, or leads to another language."""
    prefix, colon, _ = title.strip().partition(":")
    prefix = prefix.strip().lower()
    if not colon:
        return False
    return prefix in _FILE_PREFIXES or bool(re.fullmatch(r"[a-z]{2,3}(-[a-z-]+)?", prefix))
