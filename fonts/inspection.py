"""What a font file says of itself: faces, weights, licence, and whom its shapes are made for."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools.pens.boundsPen import ControlBoundsPen
from fontTools.ttLib import TTCollection, TTFont

from fonts.charmap import font_errors, open_face
from fonts.errors import FontError
from fonts.headers import open_font_file
from fonts.manifest import MAX_NAME
from ocrbase.errors import one_line
from ocrbase.inputs import open_regular

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")
_MAX_OWN = MAX_NAME - 8  # of a font's own name: a weight may follow
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
    "fangsong": r"fang ?song|fang\b|仿宋",
    "kai": r"kai|楷",
    "song": r"song|sung|ming|mincho|serif|宋|明",
    "brush": r"brush|xing ?shu|cao ?shu|行书|草书",
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
    """One face of a file.

    Attributes:
        path: the file.
        index: number of the face in a collection.
        full_name: name as the maker gives it.
        style: a guess from the name, one of `fonts.manifest.STYLES`.
        weight: 100 to 900.
        licence: recognised from the name table, or empty.
        axes: (tag, least, default, greatest) of each axis of a variable font, in the file's order.
        simplified: whether the name or the code pages claim simplified Chinese.
        made_for: other readers whose shapes it seems to draw: "Japanese", ...; or empty.
        centred: marks among ，。、 that it does not draw at the lower left.
    """

    path: Path
    index: int
    full_name: str
    style: str
    weight: int
    licence: str
    axes: tuple[tuple[str, float, float, float], ...]
    simplified: bool
    made_for: str
    centred: str

    @property
    def warnings(self) -> list[str]:
        """Why lines drawn in this face may not look as their label says."""
        warnings = []
        if self.made_for:
            warnings.append(f"draws {self.made_for} shapes, by its name, languages or code pages")
        if self.centred:
            warnings.append(f"draws {self.centred} away from the lower left, unlike mainland print")
        if not self.licence:
            warnings.append("names no known licence; give it with --licence")
        return warnings

    @property
    def slug(self) -> str:
        """The name as users type it: lower case, words joined by dashes."""
        words = re.findall(r"[a-z0-9]+|[^\W\d_]+", self.full_name.lower())
        return "-".join(words)[:_MAX_OWN] or "unnamed"

    @property
    def weights(self) -> tuple[float, float] | None:
        """Least and greatest weight of a variable font; None where weight is fixed."""
        return next(((low, high) for tag, low, _, high in self.axes if tag == "wght"), None)

    def settings(self, weight: float) -> tuple[tuple[str, float], ...]:
        """Axis settings at a weight, all other axes at their defaults.

        Raises:
            FontError: if the font's weight does not vary, or not so far.
        """
        if self.weights is None:
            raise FontError(f"{self.full_name} has no weight axis; leave out --weight {weight:g}")
        low, high = self.weights
        if not low <= weight <= high:
            raise FontError(
                f"{self.full_name} varies in weight from {low:g} to {high:g}, not to {weight:g}"
            )
        return tuple((tag, weight if tag == "wght" else usual) for tag, _, usual, _ in self.axes)


def describe(path: Path) -> list[Description]:
    """All faces of a font file.

    Raises:
        FontError: if the file is missing or no font.
    """
    return [_describe(path, index) for index in range(_face_count(path))]


def preferred(descriptions: list[Description]) -> Description:
    """The face of a collection to draw simplified Chinese with: the first that claims it by name,
    else by code page, else the first; monospaced twins come last.
    """

    def rank(face: Description) -> tuple[bool, bool, bool]:
        named = bool(_SIMPLIFIED_NAME.search(face.full_name))
        return (not face.simplified, not named, "mono" in face.full_name.lower())

    return min(descriptions, key=rank)


def sha256_of(path: Path) -> str:
    """Checksum of a file, hexadecimal.

    Raises:
        FontError: if it cannot be read.
    """
    with font_errors(path), open_regular(path, error=FontError) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _face_count(path: Path) -> int:
    with font_errors(path), open_font_file(path) as stream:
        if stream.read(4) != b"ttcf":
            return 1
        stream.seek(0)
        with TTCollection(stream, lazy=True) as collection:
            return len(collection.fonts)


def _describe(path: Path, index: int) -> Description:
    with open_face(path, index) as font:
        names = font["name"]
        own = one_line(str(names.getDebugName(4) or names.getDebugName(1) or path.stem))[:_MAX_OWN]
        metrics = font.get("OS/2")
        pages = getattr(metrics, "ulCodePageRange1", 0)
        made_for = _made_for(names, own, pages)
        axes = font["fvar"].axes if "fvar" in font else ()
        return Description(
            path=path,
            index=index,
            full_name=own,
            style=_first_match(_STYLES, own) or "display",
            weight=_weight(own, getattr(metrics, "usWeightClass", 400)),
            licence=_first_match(_LICENCES, _texts(names, (13, 14, 0))),
            axes=tuple((a.axisTag, a.minValue, a.defaultValue, a.maxValue) for a in axes),
            simplified=not made_for and bool(pages & SIMPLIFIED_BIT),
            made_for=made_for,
            centred="".join(mark for mark in "，。、" if _is_centred(font, mark)),
        )


def _weight(own: str, weight_class: int) -> int:
    """The declared weight, unless it is the usual 400 that bold and light files often keep."""
    if weight_class != 400:
        return min(max(weight_class, 1), 1000)
    return (
        700 if re.search(r"bold|粗", own, re.I) else 300 if re.search("light", own, re.I) else 400
    )


def _is_centred(font: TTFont, mark: str) -> bool:
    glyph = font.getBestCmap().get(ord(mark))
    if glyph is None:
        return False
    glyphs = font.getGlyphSet()
    pen = ControlBoundsPen(glyphs)
    glyphs[glyph].draw(pen)
    if pen.bounds is None:
        return False
    left, bottom, right, top = pen.bounds
    em = font["head"].unitsPerEm
    width = glyphs[glyph].width
    return bool((left + right) / 2 > 0.45 * width or (bottom + top) / 2 > 0.3 * em)


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
    matches = (k for k, pattern in patterns.items() if re.search(pattern, text, re.IGNORECASE))
    return next(matches, "")
