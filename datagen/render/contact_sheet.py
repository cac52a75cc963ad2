"""Lines in rows as one picture and as one page."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from datagen.images import UintImages, encode_png
from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.reports import page as report
from datagen.reports.markup import Html, join, tag
from fonts import select
from fonts.specimen import open_font
from ocrbase.outputs import PICTURES, check_output
from ocrbase.pictures import publish_picture
from ocrbase.publishing import publish_text

GAP_PX = 6
ENLARGEMENT = 2  # of lines under headings, so that the pixels of an effect can be seen
HEADING_PX = 140
TITLE_PX = 30
CAPTION_PX = 16
_PADDING_PX = 22  # of a figure of the page, both sides together
_UNSHRUNK = 0.75  # share of the lines for which a page's columns are wide enough
_FACE = "noto-sans-sc-regular"  # of the words in a picture
_WAY_OUT = "choose another folder with --out"


@dataclass(frozen=True)
class Cell:
    """One line with what a person should know of it.

    Attributes:
        image: gray, at most LINE_HEIGHT_PX high.
        caption: below it; a picture shows it only under headings.
        face: that it is drawn in; a page shows it below the caption of lines without headings.
        note: all that is known of the line; a page unfolds it.
    """

    image: UintImages
    caption: str
    face: str
    note: str


@dataclass(frozen=True)
class Strip:
    """Lines side by side, with a heading or without; all strips of a sheet alike.

    Attributes:
        cells: the lines, from left to right.
        heading: what the strip shows.
        direction: what changes from left to right, such as "weak → strong".
        remark: on a page, beside the heading.
    """

    cells: tuple[Cell, ...]
    heading: str = ""
    direction: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Sheet:
    """Strips below each other, under a title; a picture of lines without headings has no title."""

    title: str
    strips: tuple[Strip, ...]

    @property
    def headed(self) -> bool:
        """Whether the strips have headings."""
        return any(strip.heading for strip in self.strips)

    @property
    def columns(self) -> int:
        """Lines of the longest strip."""
        return max(len(strip.cells) for strip in self.strips)

    @property
    def widths_px(self) -> list[int]:
        """Width of each line."""
        return [cell.image.shape[1] for strip in self.strips for cell in strip.cells]


def sheet_paths(out: Path) -> tuple[Path, Path]:
    """The picture's path and the page's beside it.

    Raises:
        SettingsError: if no picture can be written under that name.
        DiskError: if what is there already is no sheet, or no regular file.
    """
    picture = out if out.suffix else out.with_name(out.name + ".png")
    page = picture.with_suffix(".html")
    check_output(picture, endings=PICTURES)
    check_output(page)
    return picture, page


def write_sheet(sheet: Sheet, out: Path) -> tuple[Path, Path]:
    """Write the sheet as a picture and as a page; returns both paths.

    Raises:
        SettingsError: as `sheet_paths`.
        DiskError: as `sheet_paths`; if the disk is full, or the folder may not be written.
    """
    picture, page = sheet_paths(out)
    publish_picture(picture_of(sheet), picture, _WAY_OUT)
    publish_text(page, page_of(sheet), _WAY_OUT)
    return picture, page


def picture_of(sheet: Sheet) -> Image.Image:
    """The sheet as one gray image; headings stand left of their strips."""
    headed = sheet.headed
    scale, left, top = (ENLARGEMENT, HEADING_PX, TITLE_PX) if headed else (1, 0, 0)
    cell_px = scale * max(sheet.widths_px)
    row_px = scale * LINE_HEIGHT_PX + (CAPTION_PX if headed else 0) + GAP_PX
    width = left + sheet.columns * (cell_px + GAP_PX) + GAP_PX
    canvas = Image.new("L", (width, top + len(sheet.strips) * row_px + GAP_PX), 255)
    draw = ImageDraw.Draw(canvas)
    (face,) = select([_FACE])
    title, large, small = (open_font(face, size_px) for size_px in (18, 15, 12))
    if headed:
        draw.text((GAP_PX, GAP_PX + TITLE_PX / 2 - 3), sheet.title, 0, title, "lm")
    for row, strip in enumerate(sheet.strips):
        y = top + GAP_PX + row * row_px
        middle = y + scale * LINE_HEIGHT_PX / 2
        draw.text((GAP_PX, middle - 9), strip.heading, 0, large, "lm")
        draw.text((GAP_PX, middle + 10), strip.direction, 60, small, "lm")
        for column, cell in enumerate(strip.cells):
            x = left + GAP_PX + column * (cell_px + GAP_PX)
            canvas.paste(Image.fromarray(_enlarged(cell.image, scale)), (x, y))
            if headed:
                draw.text(
                    (x, y + scale * LINE_HEIGHT_PX + CAPTION_PX / 2), cell.caption, 60, small, "lm"
                )
    return canvas


def page_of(sheet: Sheet) -> str:
    """The sheet as one self-contained page."""
    parts = _headed(sheet) if sheet.headed else [_plain(sheet)]
    return report.page(sheet.title, *parts, wide=True)


def _headed(sheet: Sheet) -> list[Html]:
    """A section per strip; all lines stand in the same columns."""
    width_px = ENLARGEMENT * max(sheet.widths_px) + _PADDING_PX
    return [
        report.section(
            join(strip.heading, tag("small", ", ".join(filter(None, _said(strip))))),
            report.figures(
                (_figure(cell, ENLARGEMENT) for cell in strip.cells),
                columns=sheet.columns,
                width_px=width_px,
            ),
        )
        for strip in sheet.strips
    ]


def _said(strip: Strip) -> tuple[str, str]:
    return strip.remark, strip.direction


def _plain(sheet: Sheet) -> Html:
    """All lines in as many columns as fit, each with its face and, unfolded, its numbers."""
    cells = [cell for strip in sheet.strips for cell in strip.cells]
    return report.figures(
        (_figure(cell, 1, report.details(cell.face, cell.note)) for cell in cells),
        width_px=int(np.quantile(sheet.widths_px, _UNSHRUNK)) + _PADDING_PX,
    )


def _figure(cell: Cell, scale: int, *more: Html) -> Html:
    image = encode_png(_enlarged(cell.image, scale))
    return report.figure(image, cell.caption, cell.caption, *more)


def _enlarged(image: UintImages, scale: int) -> UintImages:
    size = (image.shape[1] * scale, image.shape[0] * scale)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
