"""What previews show: the first lines of a render, or one line of text under single effects."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.effects import EFFECTS, Effect, value_at
from datagen.drawing.engine import BATCH, LineEngine
from datagen.drawing.look_columns import CORNER_PX, Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.style import Style, load_style, with_value
from datagen.images import UintImages, decode_each
from datagen.render.contact_sheet import Cell, Sheet, Strip
from datagen.render.line_renderer import LineRenderer, open_renderer
from datagen.render.render_settings import LookSettings
from datagen.sample import EFFECTS as RECORDED_NAMES
from datagen.sample import Samples, Texts
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError

STEPS = 6  # strengths of an effect that are shown
CHARACTERS = 4  # of the line under an effect
WIDTH_PX = 144  # of its frame
# What must be there too for an effect to show.
_SHOWN_WITH = {
    "lone italic": (Look.COMPANION, 0.7),
    "companion quotes": (Look.COMPANION, 0.7),
    "rule thickness": (Look.UNDERLINE, 0.2),
    "neighbour": (Look.SIZE, 16.0),
    "edge": (Look.SIZE, 20.0),
}
_COMPANIONS = ("companion", "companion quotes", "lone italic")  # effects that need such faces

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def random_sheet(plan: PlanSettings, look: LookSettings, lines: int, columns: int = 3) -> Sheet:
    """The first lines that a render of these settings would draw."""
    renderer = open_renderer(plan, look)
    cells: list[Cell] = []
    for start in range(0, lines, BATCH):
        samples = renderer.samples(np.arange(start, min(start + BATCH, lines)))
        faces, notes = line_faces(samples, renderer), line_notes(samples, renderer)
        images = decode_each(samples.images)
        cells += map(Cell, images, samples.texts, faces, notes)
    strips = (Strip(tuple(cells[i : i + columns])) for i in range(0, lines, columns))
    return Sheet(f"The first {lines:,} lines in {_named(look)}", tuple(strips))


def _named(look: LookSettings) -> str:
    """What draws the lines, for titles."""
    if look.engine != "lines":
        return f"engine {look.engine}"
    return ("style " if len(look.styles) == 1 else "styles ") + ", ".join(look.styles)


def effect_sheet(plan: PlanSettings, look: LookSettings, names: tuple[str, ...]) -> Sheet:
    """The beginning of the first line, one effect per strip, over the range that the style has.

    Args:
        plan: gives the text.
        look: gives faces and the style whose ranges are shown.
        names: of effects; all of them where empty.

    Raises:
        SettingsError: if an effect is unknown, or the engine is not the project's own.
    """
    renderer = open_renderer(plan, look)
    engine = renderer.engine
    if not isinstance(engine, LineEngine):
        raise SettingsError("effects one at a time are shown for --engine lines only")
    if len(look.styles) > 1:
        raise SettingsError("effects one at a time are shown for one --style only")
    style = engine.mix.styles[0]
    strips = tuple(_strip(renderer, engine, style, effect) for effect in _effects(names, engine))
    return Sheet(f"Effects of {_named(look)}, one at a time", strips)


def effect_strip(renderer: LineRenderer, effect: Effect) -> Strip:
    """One effect over the range that the renderer's style has."""
    engine = renderer.engine
    assert isinstance(engine, LineEngine)  # nobody else has effects
    return _strip(renderer, engine, renderer.mix.styles[0], effect)


def direction(effect: Effect) -> str:
    """What changes from the left of an effect's strip to its right; nothing for kinds."""
    if not effect.range:
        return ""
    grows = bool(effect.share) and effect.none == effect.limits[0]  # from none on
    return "weak → strong" if grows else "low → high"


@dataclass(frozen=True)
class _Steps:
    """Looks of one effect, (STEPS or fewer, len(Look)), and what each is called."""

    looks: FloatArray
    captions: tuple[str, ...]


def _effects(names: tuple[str, ...], engine: LineEngine) -> list[Effect]:
    known = {effect.name: effect for effect in EFFECTS}
    lacking = _lacking(engine)
    unknown = [name for name in names if name not in known or name in lacking]
    if unknown:
        there = ", ".join(name for name in known if name not in lacking)
        needs = "".join(f": {name} needs {lacking[name]}" for name in unknown if name in lacking)
        raise SettingsError(f"no effect {', '.join(unknown)}; there are {there}{needs}")
    return [known[name] for name in names or known if name not in lacking]


def _lacking(engine: LineEngine) -> dict[str, str]:
    """Effects that these settings cannot show, and what each of them needs."""
    lacking = {}
    if not engine.mix.styles[0].surface.backgrounds:
        lacking["background"] = "--backgrounds FOLDER"
    if not engine.companions:
        lacking |= dict.fromkeys(_COMPANIONS, "a style with companion_share")
    if len(engine.faces) < 2:
        lacking["second face"] = "several --faces"
    for effect in EFFECTS:
        if not set(effect.example) <= set(engine.alphabet.symbols):
            lacking[effect.name] = f"an --alphabet with {effect.example!r}"
    return lacking


def _strip(renderer: LineRenderer, engine: LineEngine, style: Style, effect: Effect) -> Strip:
    steps = _steps(style, engine.seed, effect)
    if effect.name in _SHOWN_WITH:
        column, value = _SHOWN_WITH[effect.name]
        steps.looks[:, column] = value
    indices = np.zeros(len(steps.looks), dtype=np.int64)
    texts = _beginning(renderer.plan.texts(indices))
    if effect.example:
        texts = _with_text(texts, np.array(engine.alphabet.encode(effect.example), np.uint16))
    samples = engine.draw_with(steps.looks, texts, indices)
    faces, notes = line_faces(samples, renderer), line_notes(samples, renderer)
    cells = [
        Cell(decode_each([data])[0], caption, face, note)
        if data
        else Cell(_nothing(), f"{caption}: cannot be read", face, note)
        for data, caption, face, note in zip(
            samples.images, steps.captions, faces, notes, strict=True
        )
    ]
    return Strip(tuple(cells), effect.name, direction(effect), effect.meaning)


def _steps(style: Style, seed: int, effect: Effect) -> _Steps:
    calm = _calm(style)
    if effect.range:
        low, high = value_at(style, effect.range)
        spread = np.geomspace if effect.ratios else np.linspace
        strengths = spread(low, high, STEPS)
        strengths = np.round(strengths) if effect.whole else strengths
        looks = [_look(_at(calm, effect, float(s)), seed) for s in strengths]
        return _Steps(np.stack(looks), tuple(f"{s:.4g} {effect.unit}".strip() for s in strengths))
    if effect.name == "inverted":
        looks = [_look(with_value(calm, effect.share, share), seed) for share in (0.0, 1.0)]
        return _Steps(np.stack(looks), ("dark on light", "light on dark"))
    kinds = effect.kinds or ("none", *(f"other face {i}" for i in range(1, STEPS)))
    looks = [_look(calm, seed) for _ in kinds]
    table = np.stack(looks)
    table[:, effect.columns[0]] = np.arange(len(kinds)) if effect.kinds else _picks(len(kinds))
    return _Steps(table, kinds)


def _picks(count: int) -> FloatArray:
    """Values of a column that picks one of several: none, then picks spread over all there are."""
    return np.array([-1.0, *np.linspace(0.0, 0.999, count - 1)])


def _look(style: Style, seed: int) -> FloatArray:
    """The first line's look, its directions turned so that they show the effect, (len(Look),)."""
    look: FloatArray = draw_looks(style, seed, np.zeros(1, dtype=np.int64))[0]
    look[Look.KEYSTONE], look[Look.FAN] = look[Look.PERSPECTIVE] / CORNER_PX, 0.0
    look[Look.SLOPE_X] = np.hypot(look[Look.SLOPE_X], look[Look.SLOPE_Y])
    look[Look.SLOPE_Y] = 0.0
    look[Look.SHADOW_X], look[Look.SHADOW_ANGLE] = look[Look.WIDTH] / 2.0, 0.3
    return look


def _at(calm: Style, effect: Effect, strength: float) -> Style:
    """The style with one effect at one strength on every line."""
    style = with_value(calm, effect.range, (strength, strength))
    return with_value(style, effect.share, 1.0) if effect.share else style


def _calm(style: Style) -> Style:
    """The plain style in a short frame, on a gray on which shades show."""
    plain = load_style("plain")
    gray = replace(plain.gray, ink=(40.0, 40.0), ground=(200.0, 200.0))
    frame = replace(style.frame, width_px=(WIDTH_PX, WIDTH_PX), fit_width=False, left=0.0)
    frame = replace(frame, vertical=0.0, tight_share=0.0, neighbour_share=0.0, edge_share=0.0)
    surface = replace(plain.surface, backgrounds=style.surface.backgrounds, backgrounds_share=0.0)
    return replace(plain, frame=frame, gray=gray, surface=surface)


def _beginning(texts: Texts) -> Texts:
    lengths = np.minimum(texts.lengths, CHARACTERS)
    return replace(texts, class_ids=texts.class_ids[:, : int(lengths.max())], lengths=lengths)


def _with_text(texts: Texts, class_ids: NDArray[np.uint16]) -> Texts:
    n = len(texts.lengths)
    return replace(texts, class_ids=np.tile(class_ids, (n, 1)), lengths=np.full(n, len(class_ids)))


def _nothing() -> UintImages:
    """Stands for a line that is too small or too pale to be drawn."""
    return np.full((1, WIDTH_PX), 255, dtype=np.uint8)


def line_faces(samples: Samples, renderer: LineRenderer) -> list[str]:
    """Face of each line, and style, where there are several."""
    mix = renderer.mix
    chosen = mix.choose(renderer.engine.seed, samples.meta["index"].astype(np.int64)).tolist()
    several = len(mix.names) > 1
    return [
        renderer.faces[face].name + (f", {mix.names[style]}" if several else "")
        for face, style in zip(samples.meta["face"].tolist(), chosen, strict=True)
    ]


def line_notes(samples: Samples, renderer: LineRenderer) -> list[str]:
    """Text, face, style, where there are several, and effect strengths of each line."""
    notes = []
    faces = line_faces(samples, renderer)
    for text, face, meta in zip(samples.texts, faces, samples.meta, strict=True):
        effects = [f"{n} {v:.3g}" for n, v in zip(RECORDED_NAMES, meta["effects"], strict=True)]
        notes.append("\n".join([text, face, *effects]))
    return notes
