"""A sheet to look at: every face draws the same lines."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fonts.library import Face, coverage
from ocrbase.pictures import publish_picture

LINES = (
    "永东国酬爱郁灵鹰，骨直真角画述边令；",
    "“天地玄黄”：《史记》（1998年3月）！",
    "Qgy 0123456789 ￥3.14％ A—B…~？",
)
_LABEL_PX = 13


def specimen(faces: Sequence[Face], lines: Sequence[str] = LINES, size_px: int = 32) -> Image.Image:
    """Draw lines of text in each face, one block per face under its name, on white.

    Characters that a face does not cover are drawn as a red mark.
    """
    line_px = round(size_px * 1.5)
    block_px = _LABEL_PX + 6 + line_px * len(lines)
    width_px = round(size_px * 1.05 * max(map(len, lines))) + 20
    sheet = Image.new("RGB", (width_px, block_px * len(faces) + 10), "white")
    draw = ImageDraw.Draw(sheet)
    label = ImageFont.load_default(_LABEL_PX)
    for number, face in enumerate(faces):
        top = 6 + number * block_px
        caption = f"{face.name}  ({face.style}, {face.weight}, {face.licence or 'licence unknown'})"
        draw.text((10, top), caption, fill="#667", font=label)
        font, covered = open_font(face, size_px), coverage(face)
        for row, line in enumerate(lines):
            baseline = top + _LABEL_PX + 4 + row * line_px + size_px
            _draw_line(draw, font, covered, line, (10, baseline))
    return sheet


def _draw_line(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont,
    covered: frozenset[int],
    line: str,
    origin: tuple[int, int],
) -> None:
    x, baseline = float(origin[0]), origin[1]
    for character in line:
        if ord(character) in covered:
            draw.text((x, baseline), character, fill="black", font=font, anchor="ls")
            x += font.getlength(character)
        else:
            draw.rectangle((x + 4, baseline - 10, x + 12, baseline - 2), fill="#d33")
            x += font.size


def open_font(face: Face, size_px: int) -> ImageFont.FreeTypeFont:
    """A face opened in Pillow at a size, with its variable axes set."""
    basic = ImageFont.Layout.BASIC
    font = ImageFont.truetype(face.path, size_px, index=face.index, layout_engine=basic)
    if face.axes:
        font.set_variation_by_axes([value for _, value in face.axes])
    return font


def save_specimen(faces: Sequence[Face], path: Path, lines: Sequence[str] = LINES) -> None:
    """Write the sheet as a PNG; DiskError where it cannot be written."""
    publish_picture(specimen(faces, lines), path)
