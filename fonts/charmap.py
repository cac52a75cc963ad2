"""What a font file really draws: its character map without glyphs that are empty or missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont

from fonts.errors import FontError
from fonts.headers import check_character_map, open_font_file
from ocrbase.errors import UserError

BLANK_ON_PURPOSE = frozenset({0x20, 0xA0, 0x3000})
_SHORTEST_OUTLINE_BYTES = 12  # of a CFF glyph; what is shorter is looked at


@contextmanager
def font_errors(path: Path) -> Iterator[None]:
    """Turn whatever fontTools and FreeType raise over a damaged font into one line.

    Their parsers run on unchecked numbers of the file, so any exception may come out of them.

    Raises:
        FontError: naming the file.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise FontError(f"{path} cannot be read as a font: {reason[:200]}") from error


@contextmanager
def open_face(path: Path, index: int = 0) -> Iterator[TTFont]:
    """Open one face of a font file, reading its tables as they are needed.

    Raises:
        FontError: if the file is no font, damaged, or has no such face; also for what the block
            finds damaged.
    """
    with (
        font_errors(path),
        open_font_file(path) as stream,
        TTFont(stream, fontNumber=index, lazy=True, recalcTimestamp=False) as font,
    ):
        if "cmap" in font:
            check_character_map(font.reader["cmap"])
        yield font


def drawn_points(path: Path, index: int = 0) -> set[int]:
    """Code points of a face, without those whose glyph is .notdef or has no outline.

    Raises:
        FontError: if the file is no font, or has no character map for Unicode.
    """
    with open_face(path, index) as font:
        mapping = font.getBestCmap()
        if not mapping:
            raise FontError(f"{path} has no character map for Unicode; choose another face")
        empty = _empty_glyphs(font, set(mapping.values()))
        return {
            point
            for point, glyph in mapping.items()
            if not 0xD800 <= point < 0xE000 and (point in BLANK_ON_PURPOSE or glyph not in empty)
        }


def _empty_glyphs(font: TTFont, glyphs: set[str]) -> set[str]:
    """Which of the glyphs draw nothing; outlines are drawn only where size leaves a doubt."""
    missing = font.getGlyphOrder()[0]
    if "glyf" in font:
        offsets = font["loca"].locations
        numbers = {glyph: font.getGlyphID(glyph) for glyph in glyphs}
        empty = {glyph for glyph, i in numbers.items() if offsets[i] == offsets[i + 1]}
    else:
        empty = {glyph for glyph in _short_outlines(font, glyphs) if not _draws(font, glyph)}
    return empty | {missing}


def _short_outlines(font: TTFont, glyphs: set[str]) -> set[str]:
    table = "CFF2" if "CFF2" in font else "CFF "
    if table not in font:
        return set()
    strings = font[table].cff.topDictIndex[0].CharStrings
    return {g for g in glyphs if len(strings[g].bytecode or b"") < _SHORTEST_OUTLINE_BYTES}


def _draws(font: TTFont, glyph: str) -> bool:
    pen = RecordingPen()
    font.getGlyphSet()[glyph].draw(pen)
    return bool(pen.value)
