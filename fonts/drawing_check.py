"""Whether FreeType draws what a font claims: a render must not fail on the millionth line."""

import warnings
from pathlib import Path

from msgspec import structs
from PIL import Image

from fonts import cache
from fonts.charmap import font_errors
from fonts.errors import FontError
from fonts.library import Face, coverage, open_record
from fonts.manifest import FaceRecord
from fonts.specimen import open_font
from ocrbase.errors import listed

EM_PX = 48
_MAX_EMS = 32  # of a glyph's width and height; the longest ligatures of Unicode take 15


def check_drawing(path: Path, record: FaceRecord) -> None:
    """Draw each character that a face claims once, at one size.

    Args:
        path: the font file.
        record: the face in it.

    Raises:
        FontError: naming the characters that cannot be drawn.
        DiskError: if a compressed font cannot be unpacked into the cache.
    """
    try:
        with font_errors(path):
            face = open_record(path.parent, structs.replace(record, file=path.name))
            failed = _not_drawn(face)
            if failed:
                raise FontError(
                    f"{path} is damaged: it claims but cannot draw {listed(failed, 4)};"
                    " repair it, or leave it out"
                )
    except FontError:
        cache.forget(record.index, record.sha256)
        raise


def _not_drawn(face: Face) -> list[str]:
    """The characters that FreeType refuses to draw, or draws larger than can be meant."""
    font = open_font(face, EM_PX)
    failed = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for point in sorted(coverage(face)):
            try:
                mask, _ = font.getmask2(chr(point), mode="L", anchor="ls")
            except (OSError, ValueError, MemoryError, Warning, Image.DecompressionBombError) as e:
                failed.append(f"{chr(point)} (U+{point:04X}: {e})")
                continue
            if max(mask.size) > _MAX_EMS * EM_PX:
                failed.append(f"{chr(point)} (U+{point:04X}: over {_MAX_EMS} times the em)")
    return failed
