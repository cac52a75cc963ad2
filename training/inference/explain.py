"""How CTC reads one line, as a picture: the posterior over time, the best path, its collapse."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from datagen.alphabet import Alphabet
from datagen.errors import ImageError
from datagen.folding import visible
from datagen.line_images import Gray
from fonts.library import coverage, select
from fonts.specimen import open_font
from ocrbase.outputs import PICTURES, check_output
from ocrbase.pictures import publish_picture
from training.inference.decoding import Decoded, FloatArray, log_softmax
from training.inference.image_decoding import read_line
from training.inference.line_reader import LineReader
from training.model.model_settings import BLANK

FACE = "noto-sans-sc-regular"
CELL = 18  # pixels of the picture for one frame
ROW = 20  # height of a class
LEFT = 150  # for captions
STRIP = 84  # frames side by side; longer lines go on below
MAX_CLASSES = 24
MIN_PROBABILITY = 0.05  # of a class in its best frame, to be shown

_INK, _SOFT, _RULE = "#1d2330", "#667085", "#d9dee7"
_MARK = np.array([37, 99, 235])


@dataclass(frozen=True, slots=True)
class Explained:
    """What the picture shows of a line.

    Attributes:
        image: the line, (32, W).
        probabilities: of each class in each frame, (T, C).
        path: likeliest class of each frame, (T,).
        decoded: how the decoder reads it.
        symbols: how each class is shown; the blank is "-".
        frame_px: pixels of the line from frame to frame.
        offset_px: x of the centre of frame 0 in the line.
    """

    image: Gray
    probabilities: FloatArray
    path: NDArray[np.int64]
    decoded: Decoded
    symbols: list[str]
    frame_px: int
    offset_px: float


def explain_line(reader: LineReader, source: Path, out: Path) -> None:
    """Draw how an image file is read into a picture file.

    Raises:
        ImageError: if the image cannot be read.
        DiskError: if the picture cannot be written, or would replace a file of another kind.
        SettingsError: if its name is not that of a PNG or JPEG file.
    """
    check_output(out, inputs=[source], endings=PICTURES)
    try:
        line = read_line(source)
    except ImageError as error:
        raise ImageError(f"{source}: {error}") from error
    publish_picture(draw(explain(reader, line.pixels)), out)


def explain(reader: LineReader, pixels: Gray) -> Explained:
    """Score and decode one prepared line (32, W)."""
    scorer = reader.scorer
    logits = reader.score([pixels])  # (T, 1, C)
    (decoded,) = reader.decoder(logits, np.array([len(logits)]))
    probabilities = np.exp(log_softmax(logits[:, 0]))
    symbols = _drawable(scorer.alphabet)
    path = probabilities.argmax(axis=1)
    return Explained(
        pixels, probabilities, path, decoded, symbols, scorer.frame_px, scorer.frame_offset_px
    )


def _drawable(alphabet: Alphabet) -> list[str]:
    """Each character, or its code point where the face of the picture lacks it."""
    covered = coverage(select([FACE])[0])
    return [
        "-" if not symbol else symbol if ord(symbol) in covered else f"{ord(symbol):X}"
        for symbol in map(visible, alphabet.symbols)
    ]


def draw(line: Explained) -> Image.Image:
    """The picture, in strips of 84 frames."""
    rows = shown_classes(line)
    frames = len(line.path)
    starts = range(0, frames, STRIP)
    strips = [_strip(line, rows, start, min(start + STRIP, frames)) for start in starts]
    width = max(strip.width for strip in strips)
    picture = Image.new("RGB", (width, sum(strip.height for strip in strips)), "white")
    top = 0
    for strip in strips:
        picture.paste(strip, (0, top))
        top += strip.height
    return picture


def shown_classes(line: Explained) -> list[int]:
    """The classes worth a row: those read, in order, then the likeliest others; not the blank."""
    peaks = line.probabilities.max(axis=0)
    read = list(dict.fromkeys([*line.decoded.class_ids.tolist(), *line.path.tolist()]))
    others = [int(c) for c in np.argsort(-peaks) if peaks[c] >= MIN_PROBABILITY]
    rows = [c for c in dict.fromkeys([*read, *others]) if c != BLANK]
    return rows[:MAX_CLASSES]


def _strip(line: Explained, rows: list[int], start: int, end: int) -> Image.Image:
    scale = CELL / line.frame_px
    image_height = round(line.image.shape[0] * scale)
    heat_top = 30 + image_height + 30
    path_top = heat_top + ROW * (len(rows) + 1) + 30
    text_top = path_top + ROW + 60
    width = LEFT + (end - start) * CELL + 20
    picture = Image.new("RGB", (width, text_top + 70), "white")
    pen = ImageDraw.Draw(picture)
    font = open_font(select([FACE])[0], 15)

    x_px = line.offset_px + start * line.frame_px  # of the first frame's centre, in the line
    _paste_line(picture, line, x_px - line.frame_px / 2, end - start, scale)
    _caption(pen, font, 30 + image_height // 2, "image")
    _heat(picture, pen, font, line, rows, start, end, heat_top)
    _caption(pen, font, heat_top - 14, "posterior")
    _caption(pen, font, path_top + ROW // 2, "best path")
    for t in range(start, end):
        x = LEFT + (t - start) * CELL
        c = int(line.path[t])
        pen.rectangle((x, path_top, x + CELL, path_top + ROW), outline=_RULE)
        colour = _SOFT if c == BLANK else _INK
        pen.text((x + CELL / 2, path_top + ROW / 2), line.symbols[c], colour, font, anchor="mm")
    _caption(pen, font, text_top, "read")
    _collapse(pen, line, start, end, path_top + ROW, text_top)
    return picture


def _paste_line(
    picture: Image.Image, line: Explained, left_px: float, frames: int, scale: float
) -> None:
    """The part of the line that the strip's frames look at, white where it has ended."""
    height, width = line.image.shape
    right_px = left_px + frames * line.frame_px
    canvas = Image.new("L", (width + 2 * STRIP * line.frame_px, height), 255)
    shift = STRIP * line.frame_px
    canvas.paste(Image.fromarray(line.image), (shift, 0))
    size = (frames * CELL, round(height * scale))
    box = (left_px + shift, 0, right_px + shift, height)
    part = canvas.resize(size, Image.Resampling.BICUBIC, box=box)
    picture.paste(part, (LEFT, 30))


def _heat(
    picture: Image.Image,
    pen: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont,
    line: Explained,
    rows: list[int],
    start: int,
    end: int,
    top: int,
) -> None:
    """One row per class, the blank first; the darker, the likelier."""
    for row, c in enumerate([BLANK, *rows]):
        y = top + row * ROW
        name = "blank" if c == BLANK else line.symbols[c]
        pen.text((LEFT - 10, y + ROW / 2), name, _INK, font, anchor="rm")
        p = line.probabilities[start:end, c, None]  # (frames, 1)
        strength = np.sqrt(p)  # small probabilities would vanish
        colours = np.rint(255 + (_MARK - 255) * strength).astype(np.uint8)
        band = Image.fromarray(colours[None]).resize(
            ((end - start) * CELL, ROW - 1), Image.Resampling.NEAREST
        )
        picture.paste(band, (LEFT, y))


def _collapse(
    pen: ImageDraw.ImageDraw, line: Explained, start: int, end: int, top: int, text_top: int
) -> None:
    """Lines from each run of a class to the character that it becomes, with its confidence."""
    large, small = (open_font(select([FACE])[0], size) for size in (28, 11))
    edges = [0, *(np.flatnonzero(np.diff(line.path)) + 1).tolist(), len(line.path)]
    runs = {(int(line.path[a]), t): (a, b) for a, b in pairwise(edges) for t in range(a, b)}
    decoded = line.decoded
    for c, frame, confidence in zip(
        decoded.class_ids.tolist(), decoded.frames.tolist(), decoded.confidences, strict=True
    ):
        if not start <= frame < end:
            continue
        first, last = runs.get((c, frame), (frame, frame + 1))
        x = LEFT + (frame - start + 0.5) * CELL
        left = LEFT + (max(first, start) - start) * CELL + 2
        right = LEFT + (min(last, end) - start) * CELL - 2
        pen.line((left, top + 5, right, top + 5), fill=_INK, width=2)
        pen.line((x, top + 6, x, text_top - 20), fill=_SOFT)
        pen.text((x, text_top), line.symbols[c], _INK, large, anchor="mm")
        pen.text((x, text_top + 26), f"{100 * confidence:.0f} %", _SOFT, small, anchor="mm")


def _caption(pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont, y: float, text: str) -> None:
    pen.text((12, y), text, _SOFT, font, anchor="lm")
