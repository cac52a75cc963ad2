"""What TRDG is asked for on each line, and where its geometry will put every character.

The ranges of a style count where TRDG has the effect: size, spacing, ink, rotation, wave, Gaussian
blur, noise of the ground, JPEG quality and the frame. The wave is TRDG's sine or cosine distortion
with its own amplitude, and the ground is white, TRDG's noise or its quasicrystal.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.look_columns import Look
from datagen.drawing.style_mix import StyleMix, draw_mixed_looks
from datagen.draws import uniforms
from datagen.line_geometry import LINE_HEIGHT_PX

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

EM_PX = (
    LINE_HEIGHT_PX  # TRDG draws text at the height of the image, then shrinks it into its margins
)
MIN_EM_PX = 14.0  # below, TRDG's nearest-neighbour rotation leaves dense characters unreadable
NOISE, WHITE, QUASICRYSTAL = 0, 1, 2  # TRDG's numbers of its grounds
NOISE_LEVEL, NOISE_DEVIATION = 235.0, 10.0  # of TRDG's noise, in gray levels
QUASICRYSTAL_SHARE = 0.03  # it takes TRDG as long to draw as twenty other lines
_DARKEST_CRYSTAL_INK = 40  # its troughs are dark: only dark ink stands out


@dataclass(frozen=True, slots=True)
class TrdgLook:
    """The look of one line before it is fitted.

    Attributes:
        size_px: em size that the line should have.
        spacing_em: extra distance between characters.
        ink: gray level, 0 to 255.
        ground: NOISE, WHITE or QUASICRYSTAL.
        angle_deg: counterclockwise turn.
        distortion: 0 none, 1 sine, 2 cosine.
        horizontal: rows are shifted by the distortion, not columns.
        blur_px: standard deviation of the Gaussian blur.
        width_px: frame.
        widths_px: smallest and largest frame, alike where it does not follow the text.
        margin_px: smallest distance of the ink from the frame, without blur.
        max_blur_em: largest standard deviation of the blur.
        left_px: distance of the text from the left edge; negative: place by place_x.
        place_x: 0 left to 1 right of the free width.
        place_y: 0 top to 1 bottom of the free height.
        quality: of the JPEG.
    """

    size_px: float
    spacing_em: float
    ink: int
    ground: int
    angle_deg: float
    distortion: int
    horizontal: bool
    blur_px: float
    width_px: int
    widths_px: tuple[int, int]
    margin_px: float
    max_blur_em: float
    left_px: float
    place_x: float
    place_y: float
    quality: int


def draw_trdg_looks(
    mix: StyleMix, seed: int, indices: IntArray, attempt: int = 0
) -> Iterator[TrdgLook]:
    """Looks of lines; a pure function of its arguments, line by line."""
    table = draw_mixed_looks(mix, seed, indices, attempt)
    own = uniforms(seed, f"trdg look {attempt}", indices, 4)  # (B, 4)
    for row, (crystal, noisy, shape, axis) in zip(table, own.tolist(), strict=True):
        style = mix.styles[int(row[Look.STYLE])]
        ground = NOISE if noisy < style.surface.noise_share else WHITE
        if style.surface.noise_share and crystal < QUASICRYSTAL_SHARE:
            ground = QUASICRYSTAL
        darkest = min(row[Look.INK], 255.0 - row[Look.INK])  # TRDG's grounds are all light
        ink = min(darkest, _DARKEST_CRYSTAL_INK) if ground == QUASICRYSTAL else darkest
        yield TrdgLook(
            size_px=float(row[Look.SIZE]),
            spacing_em=max(0.0, float(row[Look.SPACING])),
            ink=round(float(ink)),
            ground=ground,
            angle_deg=-math.degrees(row[Look.ROTATION]),
            distortion=0 if row[Look.WAVE] == 0.0 else 1 + int(shape < 0.5),
            horizontal=axis < 0.5,
            blur_px=float(row[Look.GAUSS]),
            width_px=int(row[Look.WIDTH]),
            widths_px=(int(row[Look.MIN_WIDTH]), int(row[Look.MAX_WIDTH])),
            margin_px=style.frame.margin_px,
            max_blur_em=style.blur.max_em,
            left_px=float(row[Look.LEFT]),
            place_x=float(row[Look.PLACE_X]),
            place_y=float(row[Look.PLACE_Y]),
            quality=int(row[Look.QUALITY]),
        )


@dataclass(frozen=True, slots=True)
class TextExtent:
    """How far the characters of a line reach at EM_PX.

    Attributes:
        advances: whole px from pen to pen, (L,).
        lefts, rights: of the ink, from the pen, (L,).
        height: of the image that TRDG draws the text on, from the ascender downward.
    """

    advances: IntArray
    lefts: IntArray
    rights: IntArray
    height: int


@dataclass(frozen=True, slots=True)
class Setting:
    """A line fitted into its frame: what TRDG is asked for, and where that puts every point.

    Attributes:
        look: of the line, with the blur that its size bears and the frame's final width.
        pens: x of each pen position in the text image, (L,).
        spacing_px: whole px between characters, and before the first and after the last.
        text: (width, height) of the text image at EM_PX.
        turned: the same after rotation.
        bent: the same after distortion.
        shrunk: the same in the frame.
        left, top: of the shrunk image in the frame.
    """

    look: TrdgLook
    pens: IntArray
    spacing_px: int
    text: tuple[int, int]
    turned: tuple[int, int]
    bent: tuple[int, int]
    shrunk: tuple[int, int]
    left: int
    top: int

    @property
    def em_px(self) -> float:
        """Em size in the frame."""
        return EM_PX * self.shrunk[1] / self.bent[1]

    @property
    def wave_px(self) -> float:
        """Amplitude of the distortion in the frame."""
        return _amplitude(self.turned, self.look) * self.em_px / EM_PX

    def place(self, points: FloatArray) -> FloatArray:
        """Where points (x, y) of the text image come to lie in the frame, (..., 2)."""
        x, y = points[..., 0] - self.text[0] / 2.0, points[..., 1] - self.text[1] / 2.0
        c, s = (f(math.radians(self.look.angle_deg)) for f in (math.cos, math.sin))
        x, y = self.turned[0] / 2.0 + c * x + s * y, self.turned[1] / 2.0 - s * x + c * y
        if self.look.distortion:
            wave = np.sin if self.look.distortion == 1 else np.cos
            amplitude = _amplitude(self.turned, self.look)
            along = y if self.look.horizontal else x
            shift = amplitude + amplitude * wave(np.radians(along))
            x, y = (x + shift, y) if self.look.horizontal else (x, y + shift)
        x = self.left + x * self.shrunk[0] / self.bent[0]
        y = self.top + y * self.shrunk[1] / self.bent[1]
        return np.stack([x, y], axis=-1)


def set_trdg_line(look: TrdgLook, extent: TextExtent) -> Setting | None:
    """Fit a line into its frame: first closer, then smaller; None if it would be too small."""
    margin = math.ceil(look.margin_px + 1.5 * look.blur_px)
    inner_px = look.widths_px[1] - 2 * margin
    closest = _closest_spacing(extent)
    for spacing_px in range(max(round(look.spacing_em * EM_PX), closest), closest - 1, -1):
        setting = _shrink(_bend(look, extent, spacing_px), LINE_HEIGHT_PX - 2 * margin)
        if setting.shrunk[0] <= inner_px:
            break
    else:
        height = inner_px * setting.bent[1] // setting.bent[0]
        setting = _shrink(setting, max(1, min(height, LINE_HEIGHT_PX - 2 * margin)))
    if setting.em_px < MIN_EM_PX:
        return None
    return _put(setting, margin)


def _closest_spacing(extent: TextExtent) -> int:
    """The spacing at which no ink leaves the text image, whose ends are one spacing wide, in px."""
    count = len(extent.advances)
    pens = np.cumsum(extent.advances) - extent.advances
    before = -(pens + extent.lefts) / np.arange(1, count + 1)
    after = (pens + extent.rights - extent.advances.sum()) / np.arange(count, 0, -1)
    return max(0, math.ceil(float(before.max())), math.ceil(float(after.max())))


def _bend(look: TrdgLook, extent: TextExtent, spacing_px: int) -> Setting:
    """Sizes of the text image through rotation and distortion, as TRDG and Pillow round them."""
    count = len(extent.advances)
    pens = np.cumsum(extent.advances) - extent.advances + spacing_px * np.arange(1, count + 1)
    text = (int(extent.advances.sum()) + spacing_px * (count + 1), extent.height)
    c, s = (f(math.radians(look.angle_deg)) for f in (math.cos, math.sin))
    corners = [(x * text[0] / 2.0, y * text[1] / 2.0) for x in (-1, 1) for y in (-1, 1)]
    xs = [text[0] / 2.0 + c * x + s * y for x, y in corners]
    ys = [text[1] / 2.0 - s * x + c * y for x, y in corners]
    wide, high = (math.ceil(max(v)) - math.floor(min(v)) for v in (xs, ys))
    turned = text if look.angle_deg == 0.0 else (wide, high)
    bend = 2 * _amplitude(turned, look)
    bent = (turned[0] + bend, turned[1]) if look.horizontal else (turned[0], turned[1] + bend)
    return Setting(look, pens, spacing_px, text, turned, bent, bent, 0, 0)


def _amplitude(turned: tuple[int, int], look: TrdgLook) -> int:
    """Of TRDG's distortion at EM_PX, in px."""
    return int(turned[1] ** 0.5) if look.distortion else 0


def _shrink(setting: Setting, most_px: int) -> Setting:
    """The line at its own size, or at the largest that is `most_px` high."""
    wanted = round(setting.look.size_px / EM_PX * setting.bent[1])
    height = min(wanted, most_px)
    width = int(setting.bent[0] * (height / setting.bent[1]))
    return replace(setting, shrunk=(width, height))


def _put(setting: Setting, margin: int) -> Setting:
    """Give the line its place, its frame, and the blur that its size bears."""
    look, (width, height) = setting.look, setting.shrunk
    low, high = look.widths_px
    wanted = width + max(look.left_px, 8.0 * look.place_x) + 2 * margin
    frame = min(max(math.ceil(wanted / 4) * 4, low), high)
    free = frame - 2 * margin - width
    shift = min(free, round(look.left_px)) if look.left_px >= 0.0 else round(free * look.place_x)
    blur = min(look.blur_px, look.max_blur_em * setting.em_px)
    return replace(
        setting,
        look=replace(look, blur_px=blur, width_px=frame),
        left=margin + shift,
        top=margin + round((LINE_HEIGHT_PX - 2 * margin - height) * look.place_y),
    )
