"""Prose from MediaWiki dumps: mwxml reads the XML, mwparserfromhell strips the markup."""

import bz2
import logging
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

logger = logging.getLogger(__name__)


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
    for tag in code.filter_tags(recursive=True, matches=_is_dropped):
        _replace(code, tag, GAP if str(tag.tag).lower() in _MARKING_TAGS else "")
    for link in code.filter_wikilinks(recursive=True, matches=_is_no_prose):
        _replace(code, link, "")
    for template in code.filter_templates(recursive=False):
        _replace(code, template, GAP)
    text = str(code.strip_code(normalize=True, collapse=True))
    return _MAGIC.sub("", text).replace("'''", "").replace("''", "")


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


def _is_dropped(tag: Any) -> bool:
    return str(tag.tag).strip().lower() in _DROPPED_TAGS


def _is_no_prose(link: Any) -> bool:
    title = str(link.title).strip()
    prefix, colon, _ = title.partition(":")
    if not colon:
        return False
    prefix = prefix.strip().lower()
    return prefix in _FILE_PREFIXES or bool(re.fullmatch(r"[a-z]{2,3}(-[a-z-]+)?", prefix))


def _replace(code: Any, node: Any, text: str) -> None:
    try:
        code.replace(node, text)
    except ValueError:
        logger.debug("already gone with the markup around it: %.40s", node)
