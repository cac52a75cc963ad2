"""Small fonts, built in a moment: squares for characters, with the names and flags that matter."""

from pathlib import Path

from fontTools.designspaceLib import AxisDescriptor
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.tables.TupleVariation import TupleVariation

SIMPLIFIED, JAPANESE, TRADITIONAL = 1 << 18, 1 << 17, 1 << 20


def make_font(
    name: str,
    text: str = "一二，",
    code_pages: int = SIMPLIFIED,
    licence: str = "SIL Open Font License, Version 1.1",
    mark_x: int = 0,
    variable: bool = False,
) -> TTFont:
    """A font in which every character is a square; the comma a small one at `mark_x`."""
    glyphs = {".notdef": _square(0, 600), "space": TTGlyphPen(None).glyph()}
    for character in text:
        small = character == "，"
        glyphs[f"u{ord(character):04X}"] = _square(mark_x, 200) if small else _square(0, 900)
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap({0x20: "space"} | {ord(c): f"u{ord(c):04X}" for c in text})
    builder.setupGlyf(glyphs)
    metrics = dict.fromkeys(glyphs, (1000, 0)) | {"uFF0C": (1000, mark_x)}
    builder.setupHorizontalMetrics({name: metrics[name] for name in glyphs})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupOS2(usWeightClass=400, ulCodePageRange1=code_pages, version=4)
    builder.setupPost()
    builder.setupNameTable(
        {"familyName": name, "fullName": name, "licenseDescription": licence}, mac=False
    )
    if variable:
        axis = AxisDescriptor()
        axis.tag, axis.name, axis.minimum, axis.default, axis.maximum = (
            "wght",
            "Weight",
            200,
            300,
            900,
        )
        builder.setupFvar([axis], [])
        wider = TupleVariation({"wght": (0, 1, 1)}, [(0, 0), (80, 0), (80, 0), (0, 0)] + [None] * 4)
        builder.setupGvar({"u4E00": [wider]})
    return builder.font


def _square(x: int, size: int) -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((x, 0))
    for point in ((x + size, 0), (x + size, size), (x, size)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def save(font: TTFont, path: Path) -> Path:
    font.save(path)
    return path


def save_collection(path: Path, *fonts: TTFont) -> Path:
    collection = TTCollection()
    collection.fonts = list(fonts)
    collection.save(path)
    return path
