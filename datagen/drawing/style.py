"""How lines look: every variation with its range and how often it occurs.

A range is a pair [low, high] drawn uniformly; `share` is the fraction of lines that have the
effect. Presets are TOML files beside this module; a user's file starts from a preset by
`preset = "print"` and overrides what it names.
"""

import itertools
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from datagen.drawing.effects import EFFECTS, Span
from ocrbase.errors import SettingsError
from ocrbase.records import read_toml
from ocrbase.settings import from_mapping

PRESETS = Path(__file__).with_name("presets")
DEFAULT_PRESET = "print"


@dataclass(frozen=True)
class Frame:
    """The image around the line.

    Attributes:
        width_px: smallest and largest width; drawn uniformly, in steps of 4.
        fit_width: width follows from the text instead, up to the largest of `width_px`.
        margin_px: smallest distance of the ink from the frame, blur included.
        left: share of lines that begin near the left edge; the others stand anywhere.
        vertical: how far a line strays from the middle, as a share of the free height.
        slack_px: most free width beside a line whose frame follows from the text.
        tight_px: distance of the ink from the frame for lines that fill its height; negative cuts
            into soft edges, and what blur carries outward is cut off.
        tight_share: share of lines that fill their frame so.
        neighbour_px: how far the feet of a line above or the heads of one below reach into the
            frame; they stay clear of the line's own ink.
        neighbour_share: share of lines with such neighbours.
        edge_share: share of lines with the rule of a table at an edge of the frame.
    """

    width_px: tuple[int, int] = (280, 280)
    fit_width: bool = False
    margin_px: float = 1.0
    left: float = 0.6
    vertical: float = 0.8
    slack_px: float = 8.0
    tight_px: Span = (-0.25, 1.0)
    tight_share: float = 0.0
    neighbour_px: Span = (1.0, 6.0)
    neighbour_share: float = 0.0
    edge_share: float = 0.0


@dataclass(frozen=True)
class Letters:
    """The characters and their distance.

    Attributes:
        size_px: em size; smaller where the text would not fit.
        stretch: width over height of the em square, for lines where it is not 1.
        stretch_share: share of such lines.
        spacing_em: extra distance between characters, for lines that have it.
        spacing_share: share of lines with extra distance.
        weight: stroke weight; coverage c becomes c + weight c (1 - c), so negative is thinner.
        embolden_em: what strokes gain in width, negative where they lose; in gaps that would close
            and in strokes that would vanish about a third of it.
        embolden_share: share of lines whose strokes change so.
        slant: horizontal shear, px per px.
        slant_share: share of lines with it.
        companion_em: height of the capitals of a companion, a Latin face that draws the line's
            Latin letters, digits and signs; its size changes by a quarter at most for it.
        companion_share: share of lines with a companion.
        companion_quotes_share: share of these whose quotation marks and dashes are its too.
        second_share: share of lines with some characters, often the first, in another face.
        space_em: width of a space, for lines where it is not the face's own.
        space_share: share of such lines.
        autospace_em: gap between Chinese and Latin where the text has no space; where the
            alphabet has the space, at most six tenths of the line's spaces, to be told from them.
        autospace_share: share of lines with such gaps.
        squeeze_share: share of lines whose full-width punctuation marks lose their blank half, in
            pairs and at the ends of the line, or everywhere.
        justified_share: share of lines with letter-spacing that fills the frame, up to half an em.
        mark_gap_em: gap between a half-width punctuation mark and the Chinese that follows it; over
            half an em it could no longer be told from a full-width mark.
        mark_gap_share: share of lines with such gaps.
        superscript: size of a raised number, as marks of notes have it: the first of one or two
            digits that stands between Chinese characters; never where texels are pixels.
        superscript_share: share of lines in which such a number is raised.
        lone_italic_share: share of lines with a companion whose single Latin letters, variables
            most often, come from an italic companion.
        logo_share: share of lines in which TEX and LATEX are set as their logos; never where texels
            are pixels.
        centred_share: share of lines whose full-width commas, stops and colons stand in the middle
            of their squares, as many faces made for traditional characters have them; such marks
            are not squeezed.
        item_gap_em: gap after the number that a line begins with, such as 1. or (2), as lists and
            headings have it; where the alphabet has the space, beside a space of the text alone.
        item_gap_share: share of lines with such a gap.
    """

    size_px: Span = (18.0, 28.0)
    stretch: Span = (0.85, 1.15)
    stretch_share: float = 1.0
    spacing_em: Span = (-0.03, 0.35)
    spacing_share: float = 0.6
    weight: Span = (-0.3, 0.4)
    embolden_em: Span = (-0.015, 0.045)
    embolden_share: float = 0.0
    slant: Span = (-0.04, 0.04)
    slant_share: float = 1.0
    companion_em: Span = (0.64, 0.76)
    companion_share: float = 0.0
    companion_quotes_share: float = 0.25
    second_share: float = 0.0
    space_em: Span = (0.25, 0.5)
    space_share: float = 0.0
    autospace_em: Span = (0.1, 0.25)
    autospace_share: float = 0.0
    squeeze_share: float = 0.0
    justified_share: float = 0.0
    mark_gap_em: Span = (0.15, 0.45)
    mark_gap_share: float = 0.0
    superscript: Span = (0.55, 0.75)
    superscript_share: float = 0.0
    lone_italic_share: float = 0.0
    logo_share: float = 0.0
    centred_share: float = 0.0
    item_gap_em: Span = (0.1, 0.9)
    item_gap_share: float = 0.0


@dataclass(frozen=True)
class Decorations:
    """What is drawn with the characters and is no label. Rules take the line or some of it.

    Attributes:
        thickness_em: of all rules.
        underline_em: from the baseline down to an underline: solid, double, dashed, dotted or wavy.
        underline_share: share of lines with one.
        strike_share: share of lines with a thin rule through their middle; never a line with a
            dash or the like, which it would hide.
        emphasis_em: from the baseline down to emphasis dots.
        emphasis_share: share of lines with them.
        box_share: share of lines with a box around them, or around some characters.
        highlight: difference of a highlighted ground in gray levels.
        highlight_share: share of lines with a highlight.
        bar_em: from the characters to the edge of a bar that light text stands on.
        bar_share: share of lines on a bar, on a light page; always light on dark.
        outline_em: how far outlined characters, which are hollow, reach beyond their edges.
        outline_share: share of lines with outlined characters, where these are large and sharp.
        drop_em: distance of a drop shadow, a pale copy of the characters under them.
        drop_share: share of lines with it.
    """

    thickness_em: Span = (0.03, 0.08)
    underline_em: Span = (0.12, 0.28)
    underline_share: float = 0.0
    strike_share: float = 0.0
    emphasis_em: Span = (0.18, 0.28)
    emphasis_share: float = 0.0
    box_share: float = 0.0
    highlight: Span = (10.0, 40.0)
    highlight_share: float = 0.0
    bar_em: Span = (0.05, 0.3)
    bar_share: float = 0.0
    outline_em: Span = (0.03, 0.06)
    outline_share: float = 0.0
    drop_em: Span = (0.04, 0.1)
    drop_share: float = 0.0


@dataclass(frozen=True)
class Gray:
    """Ink and ground, in gray levels from 0 (black) to 255 (white).

    Attributes:
        ink: of dark ink on a light ground.
        ground: of that light ground.
        inverted: share of lines with light ink on a dark ground; the levels are mirrored.
        min_contrast: smallest difference of ink and ground at the palest character of a line,
            after weight and blur; noise raises it by `noise_factor` standard deviations.
        noise_factor: see min_contrast.
    """

    ink: Span = (0.0, 110.0)
    ground: Span = (110.0, 255.0)
    inverted: float = 0.15
    min_contrast: float = 36.0
    noise_factor: float = 5.0


@dataclass(frozen=True)
class Geometry:
    """Distortions of the whole line; composed with size and stretch into one resampling.

    Attributes:
        perspective_px: largest displacement of a corner of the frame.
        perspective_share: share of lines with perspective.
        rotation_deg: turn of the baseline.
        wave_px: amplitude of a sine along the baseline.
        wave_share: share of lines with a wave.
        wave_length_px: its wavelength.
    """

    perspective_px: Span = (0.0, 2.2)
    perspective_share: float = 0.7
    rotation_deg: Span = (-0.8, 0.8)
    wave_px: Span = (0.2, 1.0)
    wave_share: float = 0.15
    wave_length_px: Span = (150.0, 500.0)


@dataclass(frozen=True)
class Blur:
    """Loss of sharpness; bounded by the em size so that characters stay readable.

    Attributes:
        gauss_px: standard deviation of a Gaussian.
        gauss_share: share of lines with it.
        motion_px: length of a motion blur in any direction.
        motion_share: share of lines with it.
        defocus_px: radius of the disc that a lens out of focus makes of a point.
        defocus_share: share of lines with it.
        resample: factor of down-and-up sampling.
        resample_share: share of lines with it.
        max_em: largest total blur radius in em.
    """

    gauss_px: Span = (0.3, 1.0)
    gauss_share: float = 0.45
    motion_px: Span = (1.0, 2.5)
    motion_share: float = 0.08
    defocus_px: Span = (0.7, 1.5)
    defocus_share: float = 0.0
    resample: Span = (1.2, 1.7)
    resample_share: float = 0.15
    max_em: float = 0.045


@dataclass(frozen=True)
class Surface:
    """The ground and what lies on it.

    Attributes:
        noise: standard deviation of the sensor noise in gray levels.
        noise_share: share of lines with noise.
        slope: difference of the ground from edge to edge in gray levels.
        slope_share: share of lines with an uneven ground.
        paper: amplitude of a cloudy paper texture in gray levels.
        paper_share: share of lines with it.
        shadow: depth of a soft-edged shadow in gray levels.
        shadow_share: share of lines with it.
        rule_share: share of lines with an underline, a rule above or a cell border.
        bleed: how far ink runs into the paper, px.
        bleed_share: share of lines with it.
        fade: how much coverage fading ink loses in places, 0 to 1.
        fade_share: share of lines with it.
        salt: share of pixels that salt and pepper hit.
        salt_share: share of lines with it.
        moire: amplitude of a moiré pattern in gray levels.
        moire_share: share of lines with it.
        backgrounds: folder of images to cut grounds from; empty for none.
        backgrounds_share: share of lines on such a ground.
    """

    noise: Span = (0.5, 6.0)
    noise_share: float = 0.7
    slope: Span = (0.0, 25.0)
    slope_share: float = 0.3
    paper: Span = (2.0, 12.0)
    paper_share: float = 0.0
    shadow: Span = (15.0, 60.0)
    shadow_share: float = 0.0
    rule_share: float = 0.0
    bleed: Span = (0.3, 0.8)
    bleed_share: float = 0.0
    fade: Span = (0.1, 0.4)
    fade_share: float = 0.0
    salt: Span = (0.001, 0.01)
    salt_share: float = 0.0
    moire: Span = (3.0, 10.0)
    moire_share: float = 0.0
    backgrounds: str = ""
    backgrounds_share: float = 0.5


@dataclass(frozen=True)
class Capture:
    """How the line became an image, before it was resized to the height of all lines.

    Blur, noise and all that comes from paper, lens, sensor or codec happens at the native height
    and counts its pixels; size, margins and geometry count pixels of the line at 32 px.

    Attributes:
        native_px: height of the line when captured; equal ratios are equally frequent.
        native_share: share of lines captured at such a height; the others at 32 px.
        min_em_px: smallest em at the native height: a smaller line is captured at a greater
            height, up to 32 px, or not drawn.
        sharpen: how much of its own blur a scanner or camera takes away, which leaves halos.
        sharpen_share: share of lines with it.
        bilevel: pixels turned black for each pixel's worth of ink, as fax machines and scanners
            do; lines whose strokes would not survive stay gray.
        bilevel_share: share of lines with it.
        levels: how far black and white points move to the line's own ink and ground, 0 to 1.
        levels_share: share of lines with it.
        gamma: exponent of the tone curve; over 1 is darker.
        gamma_share: share of lines with it.
        jpeg: JPEG quality of the page or picture that the line was cut from.
        jpeg_share: share of lines from such an image.
        webp: WebP quality of the same; these lines are no JPEG before.
        webp_share: share of lines from such an image.
        raster_share: share of lines whose characters are rasterised at a whole number of px and
            stand on whole pixels, as on screens; these are upright and not stretched.
        mono_share: share of these in black and white; the others are hinted, unhinted or
            light-hinted grays, or subpixels turned gray, equally often.
    """

    native_px: tuple[int, int] = (9, 50)
    native_share: float = 0.0
    min_em_px: float = 9.0
    sharpen: Span = (0.3, 1.5)
    sharpen_share: float = 0.0
    bilevel: Span = (0.85, 1.3)
    bilevel_share: float = 0.0
    levels: Span = (0.3, 1.0)
    levels_share: float = 0.0
    gamma: Span = (0.7, 1.4)
    gamma_share: float = 0.0
    jpeg: tuple[int, int] = (40, 90)
    jpeg_share: float = 0.0
    webp: tuple[int, int] = (50, 90)
    webp_share: float = 0.0
    raster_share: float = 0.0
    mono_share: float = 0.1


@dataclass(frozen=True)
class Jpeg:
    """Encoding.

    Attributes:
        quality: JPEG quality, 1 to 100.
    """

    quality: tuple[int, int] = (70, 95)


@dataclass(frozen=True)
class Style:
    """All of it."""

    frame: Frame = field(default_factory=Frame)
    letters: Letters = field(default_factory=Letters)
    decorations: Decorations = field(default_factory=Decorations)
    gray: Gray = field(default_factory=Gray)
    geometry: Geometry = field(default_factory=Geometry)
    blur: Blur = field(default_factory=Blur)
    surface: Surface = field(default_factory=Surface)
    capture: Capture = field(default_factory=Capture)
    jpeg: Jpeg = field(default_factory=Jpeg)


def load_style(name: str) -> Style:
    """The style of a preset's name or of a TOML file.

    Raises:
        SettingsError: if there is neither, or a value is out of range; all problems in one line.
    """
    return _load(name, ())


def _load(name: str, above: tuple[str, ...]) -> Style:
    """The style of a name, which the files `above` start from."""
    if name in above:
        raise SettingsError(f"{name} starts from itself: preset = {above[-1]!r} leads back to it")
    path = PRESETS / f"{name}.toml" if name in preset_names() else Path(name)
    if not _is_there(path):
        raise SettingsError(
            f"no style {name!r}: give a preset ({', '.join(preset_names())}) or a TOML file"
        )
    mapping = read_toml(path, error=SettingsError)
    base = mapping.pop("preset", "")
    if not isinstance(base, str):
        raise SettingsError(f"{path}: preset = {base!r} is no name of a style")
    start = _load(base, (*above, name)) if base else Style()
    style = from_mapping(Style, _with_present_names(mapping), str(path), start)
    check(style, str(path))
    return style


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long for the system
        return False


# Names that keys of style files had in version 0.1.0.
_RENAMED = {"gray": {"least_contrast": "min_contrast"}, "blur": {"most_em": "max_em"}}


def _with_present_names(mapping: dict[str, Any]) -> dict[str, Any]:
    return {
        section: {_RENAMED.get(section, {}).get(key, key): value for key, value in keys.items()}
        if isinstance(keys, dict)
        else keys
        for section, keys in mapping.items()
    }


@cache
def preset_names() -> tuple[str, ...]:
    """Names of the presets that ship with the project."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.toml")))


def about(name: str) -> str:
    """What a preset is, by the comment at the head of its file."""
    head = (PRESETS / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    comment = itertools.takewhile(lambda line: line.startswith("#"), head)
    return " ".join(line.lstrip("# ") for line in comment)


def with_value(style: Style, name: str, value: object) -> Style:
    """The style with another value of one field, named in full: "letters.size_px"."""
    section, field_name = name.split(".")
    part = replace(getattr(style, section), **{field_name: value})
    return replace(style, **{section: part})


# Limits of every number that is no effect's; those of effects stand in `effects.py`.
LIMITS: dict[str, Span] = {
    "frame.width_px": (32, 4096),
    "frame.margin_px": (0.5, 8),
    "frame.slack_px": (0, 64),
    "frame.left": (0, 1),
    "frame.vertical": (0, 1),
    "gray.min_contrast": (8, 200),
    "gray.noise_factor": (0, 100),
    "geometry.wave_length_px": (40, 5000),
    "blur.max_em": (0, 1),
    "capture.min_em_px": (6, 32),
    "capture.mono_share": (0, 1),
}
LIMITS |= {effect.range: effect.limits for effect in EFFECTS if effect.range}
LIMITS |= {effect.share: (0.0, 1.0) for effect in EFFECTS if effect.share}


def check(style: Style, where: str) -> None:
    """Check every number at once.

    Raises:
        SettingsError: names all values out of range and their limits.
    """
    problems: list[str] = []
    for section in fields(style):
        part = getattr(style, section.name)
        for item in fields(part):
            value = getattr(part, item.name)
            if not isinstance(value, bool | str):
                problems += _problems(f"{section.name}.{item.name}", value)
    if problems:
        raise SettingsError(f"{where}: " + "; ".join(problems))


def _problems(name: str, value: float | Span) -> list[str]:
    low, high = LIMITS[name]
    values = dict.fromkeys(value if isinstance(value, tuple) else (value,))
    problems = [
        f"{name} = {number} is outside {low:g} to {high:g}"
        for number in values
        if not low <= number <= high
    ]
    if isinstance(value, tuple) and value[0] > value[1]:
        problems.append(f"{name} = {list(value)} runs backwards: give the smaller number first")
    return problems
