"""Every effect as one row: what it is, its unit and limits, and where style and look hold it.

The checks of style files, the draws, sample metadata, preview strips and the list for documents
all come from this table. A new effect is a row here, with its column in `look_columns.py` and its
range in `style.py`, and the loop that draws it. Light to import: help texts need the style.
"""

import math
from dataclasses import dataclass
from typing import Any

from datagen.drawing.look_columns import Look

Span = tuple[float, float]

TIGHT_NONE = -1.0  # of lines that do not fill their frame


@dataclass(frozen=True, slots=True)
class Effect:
    """One way in which lines differ.

    Attributes:
        name: what previews and documents call it.
        meaning: what it does, in half a sentence.
        columns: of the looks that carry its strength; two are the components of a vector.
        range: the style's field with its weakest and strongest, "letters.size_px"; "" for an
            effect that is there or not.
        unit: of the strength; "" for a ratio.
        limits: smallest and largest strength that a style may ask for.
        share: the style's field with the share of lines that have it; "" where all have it.
        none: the strength of lines that do not have it.
        scale: what one unit of strength is in its column.
        whole: the strength is a whole number.
        ratios: equal ratios of strength are equally frequent, in place of equal differences.
        example: characters that show it, for an effect that most text does not show.
        kinds: what the values 0, 1, … of its column mean, for an effect without a strength.
        recorded: its name in sample metadata; "" where the strength is not kept. Metadata holds
            strengths by position: a change here is a change of the data formats.
    """

    name: str
    meaning: str
    columns: tuple[Look, ...]
    range: str = ""
    unit: str = ""
    limits: Span = (0.0, 1.0)
    share: str = ""
    none: float = 0.0
    scale: float = 1.0
    whole: bool = False
    ratios: bool = False
    example: str = ""
    kinds: tuple[str, ...] = ()
    recorded: str = ""


EFFECTS = (
    Effect(
        "size", "em size; smaller where the text would not fit", (Look.SIZE,),
        "letters.size_px", "px", (8, 30), recorded="size_px",
    ),
    Effect(
        "tight", "distance of the ink from a frame that it fills", (Look.TIGHT,),
        "frame.tight_px", "px", (-0.5, 6), "frame.tight_share", none=TIGHT_NONE,
    ),
    Effect(
        "stretch", "width over height of the em square", (Look.STRETCH,),
        "letters.stretch", "", (0.3, 3), "letters.stretch_share", none=1.0, recorded="stretch",
    ),
    Effect(
        "spacing", "extra distance between characters", (Look.SPACING,),
        "letters.spacing_em", "em", (-0.15, 3), "letters.spacing_share", recorded="spacing_em",
    ),
    Effect(
        "weight", "stroke width; negative is thinner", (Look.WEIGHT,),
        "letters.weight", "", (-1, 1), recorded="weight",
    ),
    Effect(
        "embolden", "what strokes gain in width; less where gaps would close or strokes vanish",
        (Look.EMBOLDEN,), "letters.embolden_em", "em", (-0.03, 0.08), "letters.embolden_share",
    ),
    Effect(
        "slant", "horizontal shear, px per px", (Look.SLANT,),
        "letters.slant", "", (-0.5, 0.5), "letters.slant_share",
    ),
    Effect(
        "companion", "height of the capitals of a Latin face that draws letters, digits and signs",
        (Look.COMPANION,), "letters.companion_em", "em", (0.4, 0.9), "letters.companion_share",
        example="国Ag1",
    ),
    Effect(
        "companion quotes", "quotation marks and dashes from the companion too",
        (Look.COMPANION_QUOTES,), share="letters.companion_quotes_share", example="“国”A",
        kinds=("Chinese", "Latin"),
    ),
    Effect(
        "second face", "some characters, often the first, in another face", (Look.SECOND,),
        share="letters.second_share",
    ),
    Effect(
        "space", "width of a space", (Look.SPACE,),
        "letters.space_em", "em", (0.15, 1), "letters.space_share", example="国 Ag",
    ),
    Effect(
        "autospace", "gap between Chinese and Latin where there is no space", (Look.AUTOSPACE,),
        "letters.autospace_em", "em", (0, 0.5), "letters.autospace_share", example="国A国g",
    ),
    Effect(
        "squeeze", "full-width punctuation marks without their blank half", (Look.SQUEEZE,),
        share="letters.squeeze_share", example="国，“国",
        kinds=("none", "pairs and ends", "all but ends of sentences", "all"),
    ),
    Effect(
        "justified", "letter-spacing that fills the frame", (Look.JUSTIFIED,),
        share="letters.justified_share", kinds=("none", "justified"),
    ),
    Effect(
        "mark gap", "gap between a half-width mark and the Chinese after it", (Look.MARK_GAP,),
        "letters.mark_gap_em", "em", (0, 1), "letters.mark_gap_share", example="国,国国",
    ),
    Effect(
        "superscript", "size of a raised number between Chinese characters", (Look.SUPERSCRIPT,),
        "letters.superscript", "em", (0.4, 0.85), "letters.superscript_share", example="国12国",
    ),
    Effect(
        "lone italic", "single Latin letters of a line with a companion in an italic one",
        (Look.LONE_ITALIC,), share="letters.lone_italic_share", example="国x国y",
    ),
    Effect(
        "logo", "TEX and LATEX as their logos, with letters sunk and raised", (Look.LOGO,),
        share="letters.logo_share", example="国TEX", kinds=("letters", "logo"),
    ),
    Effect(
        "centred marks", "full-width commas and stops in the middle of their squares",
        (Look.CENTRED,), share="letters.centred_share", example="国，国！",
        kinds=("as the face has them", "centred"),
    ),
    Effect(
        "item gap", "gap after the number that begins a line", (Look.ITEM_GAP,),
        "letters.item_gap_em", "em", (0, 1), "letters.item_gap_share", example="1. 国国",
    ),
    Effect(
        "rule thickness", "thickness of underlines, strike-outs and boxes", (Look.THICKNESS,),
        "decorations.thickness_em", "em", (0.01, 0.15),
    ),
    Effect(
        "underline", "distance of an underline from the baseline", (Look.UNDERLINE,),
        "decorations.underline_em", "em", (0.1, 0.5), "decorations.underline_share",
    ),
    Effect(
        "strike-out", "a thin rule through the middle", (Look.STRIKE,),
        share="decorations.strike_share", kinds=("none", "strike-out"),
    ),
    Effect(
        "emphasis", "distance of emphasis dots from the baseline", (Look.EMPHASIS,),
        "decorations.emphasis_em", "em", (0.15, 0.5), "decorations.emphasis_share",
    ),
    Effect(
        "box", "a box around the line or some of it", (Look.BOX,),
        share="decorations.box_share", kinds=("none", "line", "characters"),
    ),
    Effect(
        "highlight", "difference of a highlighted ground", (Look.HIGHLIGHT,),
        "decorations.highlight", "gray levels", (0, 40), "decorations.highlight_share",
    ),
    Effect(
        "bar", "distance of light text from the edge of its bar", (Look.BAR,),
        "decorations.bar_em", "em", (0.01, 1), "decorations.bar_share",
    ),
    Effect(
        "outline", "how far hollow characters reach beyond their edges", (Look.OUTLINE,),
        "decorations.outline_em", "em", (0.02, 0.1), "decorations.outline_share",
    ),
    Effect(
        "drop shadow", "distance of a pale copy under the characters", (Look.DROP,),
        "decorations.drop_em", "em", (0.02, 0.2), "decorations.drop_share",
    ),
    Effect(
        "ink", "gray level of dark ink on a light ground, 0 is black", (Look.INK,),
        "gray.ink", "gray levels", (0, 255), recorded="ink",
    ),
    Effect(
        "ground", "gray level of the light ground, 255 is white", (Look.GROUND,),
        "gray.ground", "gray levels", (0, 255), recorded="ground",
    ),
    Effect(
        "inverted", "light ink on a dark ground", (Look.INK, Look.GROUND),
        share="gray.inverted",
    ),
    Effect(
        "gauss", "standard deviation of a Gaussian blur", (Look.GAUSS,),
        "blur.gauss_px", "px", (0, 3), "blur.gauss_share", recorded="blur_px",
    ),
    Effect(
        "motion", "length of a motion blur in any direction", (Look.MOTION,),
        "blur.motion_px", "px", (0, 8), "blur.motion_share", recorded="motion_px",
    ),
    Effect(
        "defocus", "radius of the disc that a lens out of focus makes of a point", (Look.DEFOCUS,),
        "blur.defocus_px", "px", (0, 4), "blur.defocus_share",
    ),
    Effect(
        "resample", "factor of down-and-up sampling", (Look.RESAMPLE,),
        "blur.resample", "", (1, 4), "blur.resample_share", none=1.0, recorded="resample",
    ),
    Effect(
        "perspective", "largest displacement of a corner of the frame", (Look.PERSPECTIVE,),
        "geometry.perspective_px", "px", (0, 10), "geometry.perspective_share",
        recorded="perspective_px",
    ),
    Effect(
        "rotation", "turn of the baseline", (Look.ROTATION,),
        "geometry.rotation_deg", "degrees", (-15, 15), scale=math.pi / 180.0,
        recorded="rotation_deg",
    ),
    Effect(
        "wave", "amplitude of a sine along the baseline", (Look.WAVE,),
        "geometry.wave_px", "px", (0, 6), "geometry.wave_share", recorded="wave_px",
    ),
    Effect(
        "noise", "standard deviation of sensor noise", (Look.NOISE,),
        "surface.noise", "gray levels", (0, 64), "surface.noise_share", recorded="noise",
    ),
    Effect(
        "slope", "difference of the ground from edge to edge", (Look.SLOPE_X, Look.SLOPE_Y),
        "surface.slope", "gray levels", (0, 255), "surface.slope_share", recorded="slope",
    ),
    Effect(
        "paper", "amplitude of a cloudy paper texture", (Look.PAPER,),
        "surface.paper", "gray levels", (0, 128), "surface.paper_share",
    ),
    Effect(
        "shadow", "depth of a soft-edged shadow", (Look.SHADOW,),
        "surface.shadow", "gray levels", (0, 255), "surface.shadow_share",
    ),
    Effect(
        "rule", "an underline, a rule above or a cell border", (Look.RULE,),
        share="surface.rule_share", kinds=("none", "underline", "rule above", "cell border"),
    ),
    Effect(
        "edge", "a rule of a table at an edge of the frame", (Look.EDGE,), share="frame.edge_share",
        kinds=("none", "rule above", "rule below", "rule on the left", "rule on the right", "cell"),
    ),
    Effect(
        "neighbour", "how far lines above and below reach into the frame", (Look.NEIGHBOUR,),
        "frame.neighbour_px", "px", (0, 12), "frame.neighbour_share",
    ),
    Effect(
        "bleed", "how far ink runs into the paper", (Look.BLEED,),
        "surface.bleed", "px", (0, 2), "surface.bleed_share",
    ),
    Effect(
        "fade", "how much coverage ink loses in places", (Look.FADE,),
        "surface.fade", "", (0, 0.9), "surface.fade_share",
    ),
    Effect(
        "salt", "share of pixels that salt and pepper hit", (Look.SALT,),
        "surface.salt", "", (0, 0.2), "surface.salt_share",
    ),
    Effect(
        "moire", "amplitude of a moiré pattern", (Look.MOIRE,),
        "surface.moire", "gray levels", (0, 128), "surface.moire_share",
    ),
    Effect(
        "background", "an image of the user's as ground", (Look.BACKGROUND,),
        share="surface.backgrounds_share",
    ),
    Effect(
        "native", "height at which the line is drawn and captured, before it is resized to 32 px",
        (Look.NATIVE,), "capture.native_px", "px", (8, 64), "capture.native_share", none=32.0,
        whole=True, ratios=True,
    ),
    Effect(
        "sharpen", "share of its own blur that is taken away, which leaves halos", (Look.SHARPEN,),
        "capture.sharpen", "", (0, 3), "capture.sharpen_share",
    ),
    Effect(
        "bilevel", "pixels turned black per pixel's worth of ink, the others white",
        (Look.BILEVEL,), "capture.bilevel", "", (0.7, 1.6), "capture.bilevel_share",
    ),
    Effect(
        "levels", "how far black and white points move to ink and ground", (Look.LEVELS,),
        "capture.levels", "", (0, 1), "capture.levels_share",
    ),
    Effect(
        "gamma", "exponent of the tone curve; over 1 is darker", (Look.GAMMA,),
        "capture.gamma", "", (0.4, 2.5), "capture.gamma_share", none=1.0,
    ),
    Effect(
        "source jpeg", "JPEG quality of the image that the line was cut from",
        (Look.NATIVE_JPEG,), "capture.jpeg", "", (5, 100), "capture.jpeg_share", whole=True,
    ),
    Effect(
        "source webp", "WebP quality of the image that the line was cut from", (Look.WEBP,),
        "capture.webp", "", (5, 100), "capture.webp_share", whole=True,
    ),
    Effect(
        "raster", "characters rasterised at a whole number of px, as on screens", (Look.RASTER,),
        share="capture.raster_share",
        kinds=(
            "resampled", "hinted grays", "unhinted grays", "light-hinted grays", "black and white",
            "subpixels turned gray",
        ),
    ),
    Effect(
        "jpeg", "JPEG quality", (Look.QUALITY,),
        "jpeg.quality", "", (1, 100), whole=True, recorded="jpeg_quality",
    ),
)  # fmt: skip

RECORDED = tuple(effect for effect in EFFECTS if effect.recorded)


def value_at(style: object, path: str) -> Any:
    """The value of a style's field by its full name, "letters.size_px"."""
    section, name = path.split(".")
    return getattr(getattr(style, section), name)


def share_of(style: object, effect: Effect) -> float:
    """Share of lines of a style that have the effect."""
    return float(value_at(style, effect.share)) if effect.share else 1.0


def described(style: object) -> list[tuple[str, str, str, str, str]]:
    """Name, meaning, range, share of lines and limits of each effect in a style, for tables."""
    return [
        (
            effect.name,
            effect.meaning,
            _shown(value_at(style, effect.range), effect.unit) if effect.range else "",
            f"{share_of(style, effect):.0%}",
            _shown(effect.limits, effect.unit) if effect.range else "",
        )
        for effect in EFFECTS
    ]


def _shown(span: Span, unit: str) -> str:
    return f"{span[0]:g} to {span[1]:g} {unit}".rstrip()
