"""From a published font to a bundled face: subset, merged, cleaned, renamed, dated.

Only the build and the tests import this; drawing needs none of it.
"""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fontTools.merge import Merger
from fontTools.misc.timeTools import epoch_diff
from fontTools.pens.recordingPen import RecordingPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.woff2 import WOFF2FlavorData

from fonts.charmap import BLANK_ON_PURPOSE
from fonts.errors import FontError

_LAYOUT = ["GSUB", "GPOS", "GDEF", "BASE", "JSTF", "kern", "mort", "VORG", "vhea", "vmtx"]
_CLUTTER = [
    "EBDT", "EBLC", "BDF ", "FFTM", "DSIG", "meta", "hdmx", "LTSH", "VDMX", "PCLT", "STAT",
]  # fmt: skip
_KEPT_NAMES = (0, 5, 8, 9, 11, 13, 14)  # copyright, version, makers, licence


def open_by_name(path: Path, full_name: str) -> TTFont:
    """The face of a file or a collection whose full name (name ID 4) is the given one.

    Raises:
        FontError: if there is none; names those that there are.
    """
    if path.suffix.lower() not in (".ttc", ".otc"):
        candidates = [TTFont(path, lazy=True, recalcTimestamp=False)]
    else:
        candidates = list(TTCollection(path, lazy=True).fonts)
    names = [font["name"].getDebugName(4) for font in candidates]
    if full_name not in names:
        raise FontError(f"{path.name} holds {', '.join(map(str, names))}, not {full_name!r}")
    font = candidates[names.index(full_name)]
    font.recalcTimestamp = False
    return font


def subset(font: TTFont, characters: Iterable[int]) -> TTFont:
    """Cut a font down to the given code points, in place; hints stay, layout tables go."""
    options = Options()
    options.hinting = True
    options.desubroutinize = True  # CFF outlines compress better without subroutines
    options.layout_features = []
    options.drop_tables = [*options.drop_tables, *_LAYOUT, *_CLUTTER]
    options.notdef_outline = True
    options.name_IDs = ["*"]
    options.name_languages = ["*"]
    options.glyph_names = False
    options.recalc_timestamp = False
    options.ignore_missing_unicodes = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=sorted(characters))
    subsetter.subset(font)
    return font


def merge_slices(paths: Sequence[Path], characters: Iterable[int]) -> TTFont:
    """Join the slices that web fonts are served in; the first slice that has a glyph gives it."""
    missing = set(characters)
    streams: list[io.BytesIO] = []
    for path in paths:
        font = TTFont(path, recalcTimestamp=False)
        present = missing & set(font.getBestCmap())
        if not present:
            continue
        missing -= present
        subset(font, present)
        font.flavor = None
        stream = io.BytesIO()
        font.save(stream)
        font.close()
        stream.seek(0)
        streams.append(stream)
    merged = Merger().merge(streams)
    merged.recalcTimestamp = False
    streams[0].seek(0)
    merged["head"].created = TTFont(streams[0])["head"].created  # the merger takes the present
    return merged


def hollow_points(font: TTFont) -> set[int]:
    """Code points whose glyph has no outline, or the same outline as .notdef.

    A character map may promise such glyphs; drawn, they are blanks or boxes with a full label.
    """
    glyphs = font.getGlyphSet()
    missing = _outline(glyphs, font.getGlyphOrder()[0])
    hollow = set()
    for point, glyph in font.getBestCmap().items():
        outline = _outline(glyphs, glyph)
        if point not in BLANK_ON_PURPOSE and (not outline or outline == missing):
            hollow.add(point)
    return hollow


def _outline(glyphs: Any, glyph: str) -> list[Any]:
    pen = RecordingPen()
    glyphs[glyph].draw(pen)
    return list(pen.value)


def rename(font: TTFont, family: str, notice: str) -> None:
    """Give a face its new name and the notice of what was changed and when."""
    table = font["name"]
    kept = {i: table.getDebugName(i) for i in _KEPT_NAMES}
    table.names = []
    postscript = family.replace(" ", "")
    entries = {i: text for i, text in kept.items() if text}
    entries |= {1: family, 2: "Regular", 3: f"{postscript};{notice}", 4: family}
    entries |= {6: postscript, 10: notice, 16: family, 17: "Regular"}
    for name_id, text in sorted(entries.items()):
        table.setName(text, name_id, 3, 1, 0x409)
    if "CFF " in font:
        cff = font["CFF "].cff
        cff.fontNames = [postscript]
        top = cff.topDictIndex[0]
        for attribute, value in (("FullName", family), ("FamilyName", family)):
            if attribute in top.rawDict:
                setattr(top, attribute, value)


def set_date(font: TTFont, unix_seconds: int) -> None:
    """Fix the modification date, so that a rebuild gives the same bytes."""
    font["head"].modified = unix_seconds - epoch_diff


def to_woff2(font: TTFont) -> bytes:
    """The compressed bytes of a face, with its tables as they stand.

    The glyph transform of woff2 would save 8 %, but cost 3 s per face at the first use.
    """
    plain, packed = io.BytesIO(), io.BytesIO()
    font.flavor = None
    font.save(plain)
    plain.seek(0)
    with TTFont(plain, recalcBBoxes=False, recalcTimestamp=False) as whole:
        whole.flavor = "woff2"
        whole.flavorData = WOFF2FlavorData(transformedTables=())
        whole.save(packed)
    return packed.getvalue()
