"""Contact sheets: what a style draws, at random or one effect at a time."""

import base64
import html
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.drawing.engine import LineEngine
from datagen.drawing.look_columns import CORNER_PX, Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.style import Style, load_style
from datagen.images import encode_png
from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.render.line_renderer import LineRenderer, open_renderer
from datagen.render.render_settings import LookSettings
from datagen.sample import EFFECTS, Samples
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError

GAP_PX = 6
STEPS = 6

# Effect by name: the columns that carry it, the part and field of the style that bound it.
EFFECT_COLUMNS = {
    "size": ((Look.SIZE,), "letters", "size_px"),
    "stretch": ((Look.STRETCH,), "letters", "stretch"),
    "spacing": ((Look.SPACING,), "letters", "spacing_em"),
    "weight": ((Look.WEIGHT,), "letters", "weight"),
    "slant": ((Look.SLANT,), "letters", "slant"),
    "ink": ((Look.INK,), "gray", "ink"),
    "ground": ((Look.GROUND,), "gray", "ground"),
    "perspective": ((Look.KEYSTONE,), "geometry", "perspective_px"),
    "rotation": ((Look.ROTATION,), "geometry", "rotation_deg"),
    "wave": ((Look.WAVE,), "geometry", "wave_px"),
    "gauss": ((Look.GAUSS,), "blur", "gauss_px"),
    "motion": ((Look.MOTION,), "blur", "motion_px"),
    "resample": ((Look.RESAMPLE,), "blur", "resample"),
    "noise": ((Look.NOISE,), "surface", "noise"),
    "slope": ((Look.SLOPE_X,), "surface", "slope"),
    "paper": ((Look.PAPER,), "surface", "paper"),
    "shadow": ((Look.SHADOW,), "surface", "shadow"),
    "bleed": ((Look.BLEED,), "surface", "bleed"),
    "fade": ((Look.FADE,), "surface", "fade"),
    "salt": ((Look.SALT,), "surface", "salt"),
    "moire": ((Look.MOIRE,), "surface", "moire"),
    "jpeg": ((Look.QUALITY,), "jpeg", "quality"),
}


@dataclass(frozen=True)
class Sheet:
    """Lines in rows, with what a person should know of each.

    Attributes:
        images: gray images, row by row.
        notes: one text a line.
        headings: one text a row, or none.
        columns: lines of a row.
    """

    images: tuple[NDArray[np.uint8], ...]
    notes: tuple[str, ...]
    headings: tuple[str, ...]
    columns: int


def random_sheet(plan: PlanSettings, look: LookSettings, lines: int, columns: int = 3) -> Sheet:
    """The first lines that a render of these settings would draw."""
    source = open_renderer(plan, look)
    samples = source.samples(np.arange(lines))
    return Sheet(tuple(_decode(samples)), tuple(_notes(samples, source)), (), columns)


def effect_sheet(plan: PlanSettings, look: LookSettings, effects: tuple[str, ...]) -> Sheet:
    """One line of text, an effect a row, from its weakest to its strongest.

    Args:
        plan: gives the text.
        look: gives faces and the style whose ranges are shown.
        effects: names among EFFECT_COLUMNS; all of them where empty.

    Raises:
        SettingsError: if an effect is unknown, or the engine is not the project's own.
    """
    unknown = [name for name in effects if name not in EFFECT_COLUMNS]
    if unknown:
        raise SettingsError(
            f"no effect {', '.join(unknown)}; there are {', '.join(EFFECT_COLUMNS)}"
        )
    source = open_renderer(plan, look)
    if not isinstance(source.engine, LineEngine):
        raise SettingsError("effects one at a time are shown for --engine lines only")
    images: list[NDArray[np.uint8]] = []
    notes: list[str] = []
    names = effects or tuple(EFFECT_COLUMNS)
    for name in names:
        samples = _stepped(source, source.engine, name)
        images += _decode(samples)
        notes += _notes(samples, source)
    return Sheet(tuple(images), tuple(notes), names, STEPS)


def write_sheet(sheet: Sheet, out: Path) -> tuple[Path, Path]:
    """Write the sheet as a picture and as a page; returns both paths."""
    out.parent.mkdir(parents=True, exist_ok=True)
    picture, page = out.with_suffix(".png"), out.with_suffix(".html")
    cv2.imwrite(str(picture), picture_of(sheet))
    page.write_text(page_of(sheet), encoding="utf-8")
    return picture, page


def picture_of(sheet: Sheet) -> NDArray[np.uint8]:
    """The sheet as one gray image; headings stand left of their rows."""
    width = max(image.shape[1] for image in sheet.images)
    left = 90 if sheet.headings else 0
    rows = -(-len(sheet.images) // sheet.columns)
    shape = (
        rows * (LINE_HEIGHT_PX + GAP_PX) + GAP_PX,
        left + sheet.columns * (width + GAP_PX) + GAP_PX,
    )
    canvas = np.full(shape, 255, dtype=np.uint8)
    for i, image in enumerate(sheet.images):
        y = GAP_PX + i // sheet.columns * (LINE_HEIGHT_PX + GAP_PX)
        x = left + GAP_PX + i % sheet.columns * (width + GAP_PX)
        canvas[y : y + image.shape[0], x : x + image.shape[1]] = image
    for row, heading in enumerate(sheet.headings):
        at = (GAP_PX, GAP_PX + row * (LINE_HEIGHT_PX + GAP_PX) + 21)
        cv2.putText(canvas, heading, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 0, 1, cv2.LINE_AA)
    return canvas


def page_of(sheet: Sheet) -> str:
    """The sheet as one self-contained page; a line's settings show when the mouse is on it."""
    rows = []
    for start in range(0, len(sheet.images), sheet.columns):
        cells = []
        for image, note in zip(
            sheet.images[start : start + sheet.columns],
            sheet.notes[start : start + sheet.columns],
            strict=True,
        ):
            png = base64.b64encode(encode_png(image)).decode()
            label = html.escape(note.split("\n", 1)[0])
            cells.append(
                f'<figure title="{html.escape(note)}"><img alt="{label}"'
                f' src="data:image/png;base64,{png}"><figcaption>{label}</figcaption></figure>'
            )
        heading = sheet.headings[start // sheet.columns] if sheet.headings else ""
        title = f"<h2>{html.escape(heading)}</h2>" if heading else ""
        rows.append(f'{title}<div class="row">{"".join(cells)}</div>')
    return (
        '<!doctype html><html lang="zh"><meta charset="utf-8"><title>ocrgen preview</title>'
        "<style>body{font:14px sans-serif;margin:1rem;background:#fafafa}"
        ".row{display:flex;flex-wrap:wrap;gap:8px}figure{margin:0 0 6px}"
        "figcaption{color:#555;font-size:12px}h2{font-size:14px;margin:10px 0 2px}</style>"
        f"<body>{''.join(rows)}</body></html>\n"
    )


def _stepped(source: LineRenderer, engine: LineEngine, name: str) -> Samples:
    columns, part, item = EFFECT_COLUMNS[name]
    texts = source.plan.texts(np.zeros(STEPS, dtype=np.int64))
    indices = np.zeros(STEPS, dtype=np.int64)
    looks = draw_looks(_calm(engine.style), engine.seed, indices)
    low, high = getattr(getattr(engine.style, part), item)
    steps = np.linspace(low, high, STEPS)
    if name == "rotation":
        steps = np.deg2rad(steps)
    if name == "perspective":
        looks[:, Look.PERSPECTIVE] = steps
        steps = steps / CORNER_PX
    for column in columns:
        looks[:, column] = steps
    return engine.draw_with(looks, texts, indices)


def _calm(style: Style) -> Style:
    """The plain style in the same frame, on a gray on which shades show."""
    plain = load_style("plain")
    gray = replace(plain.gray, ink=(40.0, 40.0), ground=(200.0, 200.0))
    return type(style)(
        frame=style.frame, letters=plain.letters, gray=gray, geometry=plain.geometry,
        blur=plain.blur, surface=plain.surface, jpeg=plain.jpeg,
    )  # fmt: skip


def _decode(samples: Samples) -> list[NDArray[np.uint8]]:
    images = []
    for data in samples.images:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        images.append(np.asarray(image, dtype=np.uint8))
    return images


def _notes(samples: Samples, source: LineRenderer) -> list[str]:
    """Text, face and effect strengths of each line."""
    notes = []
    for text, meta in zip(samples.texts, samples.meta, strict=True):
        face = source.faces[meta["face"]].name
        effects = [f"{n} {v:.3g}" for n, v in zip(EFFECTS, meta["effects"], strict=True)]
        notes.append("\n".join([text, face, *effects]))
    return notes
