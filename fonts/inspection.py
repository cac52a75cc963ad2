"""What a font file says of itself: faces, weights, licence, and whom its shapes are made for."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTCollection, TTLibError

from fonts.charmap import open_face
from fonts.errors import FontError

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")
SIMPLIFIED_BIT = 1 << 18  # OS/2 ulCodePageRange1: code page 936
_OTHER_BITS = {1 << 17: "Japanese", 1 << 20: "traditional Chinese", 1 << 19: "Korean"}
_LANGUAGES = {0x411: "Japanese", 0x404: "traditional Chinese", 0xC04: "traditional Chinese"}
_SIMPLIFIED_LANGUAGE = 0x804
_SIMPLIFIED_NAME = re.compile(r"\b(SC|CN|GB|GBK|GB2312|GB18030|Simplified|Hans)\b|[简簡]体")
_OTHER_NAMES = {
    "Japanese": re.compile(r"\b(JP|J|Japanese|Mincho)\b|明朝|ゴシック|ＭＳ"),
    "traditional Chinese": re.compile(r"\b(TC|TW|HK|MO|Big5|Traditional|Hant)\b|繁體|繁体"),
    "Korean": re.compile(r"\b(KR|K|Korean)\b"),
}
_STYLES = {
    "fangsong": r"fang|仿宋",
    "kai": r"kai|楷",
    "song": r"song|sung|ming|serif|宋|明",
    "brush": r"xing|cao|brush|shan zheng|行书|草书",
    "sans": r"sans|hei|gothic|黑",
}
_LICENCES = {
    "OFL-1.1": r"open font licen[cs]e|scripts\.sil\.org/OFL|openfontlicense",
    "Apache-2.0": r"apache licen[cs]e",
    "Arphic-1999": r"arphic public licen[cs]e",
    "GPL": r"general public licen[cs]e|\bGPL\b",
}


@dataclass(frozen=True, slots=True)
class Description:
    """One face of a file, or one instance of a variable font.

    Attributes:
        path: the file.
        index: number of the face in a collection.
        full_name: name as the maker gives it, with the instance's name for a variable font.
        style: a guess from the name, one of `fonts.library.STYLES`.
        weight: 100 to 900.
        licence: recognised from the name table, or empty.
        axes: all axis settings of the instance, in the file's order.
        simplified: whether the name or the code pages claim simplified Chinese.
        made_for: other readers whose shapes it seems to draw: "Japanese", ...; or empty.
    """

    path: Path
    index: int
    full_name: str
    style: str
    weight: int
    licence: str
    axes: tuple[tuple[str, float], ...]
    simplified: bool
    made_for: str

    @property
    def slug(self) -> str:
        """The name as users type it: lower case, words joined by dashes."""
        words = re.findall(r"[a-z0-9]+|[^\W\d_]+", self.full_name.lower())
        return "-".join(words) or self.path.stem.lower()


def describe(path: Path) -> list[Description]:
    """All faces of a font file, a variable font by its named instances.

    Raises:
        FontError: if the file is missing or no font.
    """
    return [described for index in range(_face_count(path)) for described in _faces(path, index)]


def sha256_of(path: Path) -> str:
    """Checksum of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _face_count(path: Path) -> int:
    if path.suffix.lower() not in (".ttc", ".otc"):
        return 1
    try:
        with TTCollection(path, lazy=True) as collection:
            return len(collection.fonts)
    except (TTLibError, OSError) as error:
        raise FontError(f"{path} cannot be read as a font collection: {error}") from error


def _faces(path: Path, index: int) -> Iterator[Description]:
    with open_face(path, index) as font:
        names = font["name"]
        own = str(names.getDebugName(4) or names.getDebugName(1) or path.stem)
        pages = getattr(font["OS/2"], "ulCodePageRange1", 0) if "OS/2" in font else 0
        made_for = _made_for(names, own, pages)
        common: dict[str, Any] = {
            "path": path,
            "index": index,
            "style": _first_match(_STYLES, own.lower()) or "display",
            "licence": _first_match(_LICENCES, _texts(names, (13, 14, 0))),
            "simplified": not made_for and bool(pages & SIMPLIFIED_BIT),
            "made_for": made_for,
        }
        weight = int(font["OS/2"].usWeightClass) if "OS/2" in font else 400
        if "fvar" not in font:
            yield Description(full_name=own, weight=weight, axes=(), **common)
            return
        order = [axis.axisTag for axis in font["fvar"].axes]
        family = str(names.getDebugName(16) or names.getDebugName(1) or own)
        for instance in font["fvar"].instances:
            axes = tuple((tag, float(instance.coordinates[tag])) for tag in order)
            label = names.getDebugName(instance.subfamilyNameID) or ""
            heavy = int(dict(axes).get("wght", weight))
            yield Description(full_name=f"{family} {label}", weight=heavy, axes=axes, **common)


def _made_for(names: Any, own: str, pages: int) -> str:
    """Readers other than mainland Chinese ones, by name first, then languages, then code pages."""
    if _SIMPLIFIED_NAME.search(own):
        return ""
    for readers, pattern in _OTHER_NAMES.items():
        if pattern.search(own):
            return readers
    languages = {record.langID for record in names.names if record.platformID == 3}
    if _SIMPLIFIED_LANGUAGE not in languages:
        for language, readers in _LANGUAGES.items():
            if language in languages:
                return readers
    if not pages & SIMPLIFIED_BIT:
        for bit, readers in _OTHER_BITS.items():
            if pages & bit:
                return readers
    return ""


def _texts(names: Any, name_ids: tuple[int, ...]) -> str:
    return "\n".join(str(names.getDebugName(i) or "") for i in name_ids)


def _first_match(patterns: dict[str, str], text: str) -> str:
    found = (k for k, pattern in patterns.items() if re.search(pattern, text, re.IGNORECASE))
    return next(found, "")
