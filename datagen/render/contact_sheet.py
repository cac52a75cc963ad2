"""Lines in rows as one picture and as one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from datagen.images import UintImages, encode_png
from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.reports import page as report
from datagen.reports.markup import Html, join, tag
from ocrbase.errors import SettingsError
from ocrbase.outputs import check_output
from ocrbase.pictures import publish_picture
from ocrbase.publishing import publish_text

GAP_PX = 6
ENLARGEMENT = 2  # of lines under headings, so that the pixels of an effect can be seen
HEADING_PX = 110
CAPTION_PX = 16
_WAY_OUT = "choose another folder with --out"
PICTURES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Cell:
    """One line with what a person should know of it.

    Attributes:
        image: gray, at most LINE_HEIGHT_PX high.
        caption: below it; a picture shows it only under headings.
        note: all that is known of the line; a page shows it when the mouse is on it.
    """

    image: UintImages
    caption: str
    note: str


@dataclass(frozen=True)
class Strip:
    """Lines side by side, with a heading or without; all strips of a sheet alike."""

    cells: tuple[Cell, ...]
    heading: str = ""
    remark: str = ""


def sheet_paths(out: Path) -> tuple[Path, Path]:
    """The picture's path and the page's beside it.

    Raises:
        SettingsError: if no picture can be written under that name.
        DiskError: if what is there already is no sheet, or no regular file.
    """
    picture = out if out.suffix else out.with_name(out.name + ".png")
    if picture.suffix.lower() not in PICTURES:
        raise SettingsError(
            f"a picture cannot be written as {out}: give a name that ends with"
            f" {' or '.join(PICTURES)}"
        )
    page = picture.with_suffix(".html")
    check_output(picture)
    check_output(page)
    return picture, page


def write_sheet(strips: Sequence[Strip], out: Path) -> tuple[Path, Path]:
    """Write the sheet as a picture and as a page; returns both paths.

    Raises:
        SettingsError: as `sheet_paths`.
        DiskError: as `sheet_paths`; if the disk is full, or the folder may not be written.
    """
    picture, page = sheet_paths(out)
    publish_picture(picture_of(strips), picture, _WAY_OUT)
    publish_text(page, page_of(strips), _WAY_OUT)
    return picture, page


def picture_of(strips: Sequence[Strip]) -> Image.Image:
    """The sheet as one gray image; headings stand left of their strips."""
    headed = any(strip.heading for strip in strips)
    scale, left = (ENLARGEMENT, HEADING_PX) if headed else (1, 0)
    cell_px = scale * max(cell.image.shape[1] for strip in strips for cell in strip.cells)
    row_px = scale * LINE_HEIGHT_PX + (CAPTION_PX if headed else 0) + GAP_PX
    columns = max(len(strip.cells) for strip in strips)
    width = left + columns * (cell_px + GAP_PX) + GAP_PX
    canvas = Image.new("L", (width, len(strips) * row_px + GAP_PX), 255)
    draw = ImageDraw.Draw(canvas)
    large, small = ImageFont.load_default(15), ImageFont.load_default(12)
    for row, strip in enumerate(strips):
        y = GAP_PX + row * row_px
        draw.text((GAP_PX, y + scale * LINE_HEIGHT_PX / 2), strip.heading, 0, large, "lm")
        for column, cell in enumerate(strip.cells):
            x = left + GAP_PX + column * (cell_px + GAP_PX)
            canvas.paste(Image.fromarray(_enlarged(cell.image, scale)), (x, y))
            if headed:
                draw.text((x, y + scale * LINE_HEIGHT_PX + 1), cell.caption, 60, small)
    return canvas


def page_of(strips: Sequence[Strip]) -> str:
    """The sheet as one self-contained page; a line's settings show when the mouse is on it."""
    parts = []
    for strip in strips:
        scale = ENLARGEMENT if strip.heading else 1
        row = report.figures((_figure(cell, scale) for cell in strip.cells), row=True)
        heading = join(strip.heading, tag("small", strip.remark))
        parts.append(report.section(heading, row) if strip.heading else row)
    return report.page("ocrgen preview", *parts, wide=True)


def _figure(cell: Cell, scale: int) -> Html:
    image = encode_png(_enlarged(cell.image, scale))
    return report.figure(image, cell.caption, cell.caption, hover=cell.note)


def _enlarged(image: UintImages, scale: int) -> UintImages:
    size = (image.shape[1] * scale, image.shape[0] * scale)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
