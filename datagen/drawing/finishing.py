"""Compiled loops from coverage to gray levels: stroke weight, contrast, ground, noise."""

import math

import numpy as np

from datagen.drawing.blurring import bleed, defocus, gauss, motion, resample, sharpen
from datagen.drawing.clouds import cloud_at, cloud_columns, cloud_corners, meet_row
from datagen.drawing.look_columns import Look
from datagen.drawing.neighbours import add_edges
from datagen.drawing.pixel_noise import BELL_DEVIATION, bell, scramble
from datagen.drawing.placing import PAD
from datagen.drawing.scanning import change_tone, make_bilevel
from datagen.line_geometry import LINE_HEIGHT_PX
from ocrbase.compiled import compiled

ROUNDING = 1e-6  # gray levels that arithmetic may be off by
BACKGROUND_DEPTH = 40.0  # gray levels that a background image may depart from its mean

_FINE = 0.7  # cells of the fine clouds of paper per px
_PALEST_SHARE = 0.9  # of a glyph's darkest coverage that a person sees as its ink


@compiled
def _weigh(canvas, weight):
    """Thicken or thin strokes: coverage c becomes c + weight c (1 - c)."""
    w, one = np.float32(weight), np.float32(1.0)
    for y in range(PAD, canvas.shape[0] - PAD):
        row = canvas[y]
        for x in range(row.shape[0]):
            c = row[x]
            row[x] = c + w * c * (one - c)


@compiled
def _fade(canvas, strength, seed, width):
    """Take ink away in places, as worn type and old prints lose it."""
    columns = cloud_columns(np.arange(width) / 9.0)
    corners = cloud_corners(columns)
    for y in range(canvas.shape[0] - 2 * PAD):
        row = canvas[y + PAD]
        share = meet_row(seed, y / 7.0, corners)
        for x in range(width):
            if row[x + PAD] > 0.0:
                loss = 0.5 + 0.5 * cloud_at(x, columns, corners, share)
                row[x + PAD] *= np.float32(1.0 - strength * loss)


@compiled
def _rule(canvas, look, box, width):
    """An underline, a rule above, or cell borders, clear of the ink by at least 1.5 px."""
    height = canvas.shape[0] - 2 * PAD
    kind, weight = int(look[Look.RULE]), np.float32(look[Look.RULE_WEIGHT])
    if kind in (1, 2):
        y = box[3] + 1.5 if kind == 1 else box[1] - 2.5
        if y < 0.0 or y + 1.0 > height:
            return
        top = int(y)
        part = np.float32(y - top)
        for x in range(width):
            canvas[top + PAD, x + PAD] = max(
                canvas[top + PAD, x + PAD], weight * (np.float32(1.0) - part)
            )
            canvas[top + 1 + PAD, x + PAD] = max(canvas[top + 1 + PAD, x + PAD], weight * part)
    elif kind == 3:
        for x in (box[0] - 5.0, box[2] + 4.0):
            if 0.0 <= x < width - 1.0:
                for y in range(height):
                    canvas[y + PAD, int(x) + PAD] = weight


@compiled
def _palest(canvas, reaches, length):
    """The darkest coverage of the palest glyph: what the contrast of the line hangs on.

    A canvas higher than the finished line is averaged on the way there, so each pixel counts with
    parts of those beside and below it.
    """
    palest = np.float32(1.0)
    part = np.float32(max((canvas.shape[0] - 2 * PAD) / LINE_HEIGHT_PX - 1.0, 0.0))
    whole = (np.float32(1.0) + part) ** 2
    rows, columns = canvas.shape[0] - 1, canvas.shape[1] - 1  # without the last of the padding
    for k in range(length):
        left, top, right, bottom = reaches[k]
        if right <= left:
            continue
        darkest = np.float32(0.0)
        for y in range(top, min(bottom + 1, rows)):
            row, below = canvas[y], canvas[y + 1]
            for x in range(left, min(right + 1, columns)):
                if part == 0.0:
                    darkest = max(darkest, row[x])
                else:
                    mean = row[x] + part * (row[x + 1] + below[x] + part * below[x + 1])
                    darkest = max(darkest, mean / whole)
        palest = min(palest, darkest)
    return palest


@compiled
def _separate(look, palest, depth):
    """Move ink and ground apart until the palest glyph stands out; False if 255 is too little.

    Shading changes ink and ground alike, but clips at black and white: the lighter of the two
    keeps enough above the deepest shade, the darker enough below the brightest.
    """
    restless = look[Look.PAPER] + look[Look.MOIRE] + look[Look.BACKGROUND_RELIEF]
    needed = (look[Look.MIN_CONTRAST] + 2.0 * restless) / max(palest * _PALEST_SHARE, 1e-3)
    rise = restless + 0.75 * math.hypot(look[Look.SLOPE_X], look[Look.SLOPE_Y])
    rise += depth
    fall = rise + look[Look.SHADOW]
    ink, ground = look[Look.INK], look[Look.GROUND]
    light, dark = max(ink, ground), min(ink, ground)
    # Ink moves first; the ground follows where ink alone has no room.
    short = needed - (light - dark)
    if short > 0.0 and ink <= ground:
        dark -= short
    elif short > 0.0:
        light += short
    light = max(light, needed + fall, needed)
    dark = min(dark, 255.0 - needed - rise)
    if dark < 0.0:
        dark, light = 0.0, max(light, needed)
    if light > 255.0:
        dark, light = min(dark, 255.0 - needed), 255.0
    # Where a bound has just been met, rounding alone may leave it short by parts of 1e-13.
    brightest = max(needed + fall - light, needed + rise + dark - 255.0)
    if max(-dark, needed - (light - dark), brightest) > ROUNDING:
        return False
    if ink <= ground:
        look[Look.INK], look[Look.GROUND] = dark, light
    else:
        look[Look.INK], look[Look.GROUND] = light, dark
    return True


@compiled
def _ground_row(row, y, look, height, width, seed, paper):
    """What the ground adds to its level along one row: slope, paper, shadow, moiré."""
    sx, sy = look[Look.SLOPE_X] / width, look[Look.SLOPE_Y] / height
    base = (y + 0.5 - 0.5 * height) * sy
    for x in range(width):
        row[x] = np.float32(base + (x + 0.5 - 0.5 * width) * sx)
    if look[Look.PAPER] > 0.0:
        coarse, coarse_corners, fine, fine_corners = paper
        coarse_share = meet_row(seed, y * (1.0 / look[Look.PAPER_SCALE]), coarse_corners)
        fine_share = meet_row(seed + 1, y * _FINE, fine_corners)
        for x in range(width):
            cloud = 0.7 * cloud_at(x, coarse, coarse_corners, coarse_share)
            cloud += 0.3 * cloud_at(x, fine, fine_corners, fine_share)
            row[x] += np.float32(look[Look.PAPER] * cloud)
    if look[Look.SHADOW] > 0.0:
        c, s = math.cos(look[Look.SHADOW_ANGLE]), math.sin(look[Look.SHADOW_ANGLE])
        for x in range(width):
            d = ((x - look[Look.SHADOW_X]) * c + (y - 0.5 * height) * s) / look[Look.SHADOW_SOFT]
            row[x] -= np.float32(look[Look.SHADOW] / (1.0 + math.exp(-4.0 * d)))
    if look[Look.MOIRE] > 0.0:
        turn = 2.0 * math.pi / look[Look.MOIRE_LENGTH]
        c, s = math.cos(look[Look.MOIRE_ANGLE]) * turn, math.sin(look[Look.MOIRE_ANGLE]) * turn
        for x in range(width):
            row[x] += np.float32(look[Look.MOIRE] * math.sin(x * c + y * s))


@compiled
def _paper(look, width):
    """Columns and corners of the coarse clouds of paper and of its fine ones."""
    some = look[Look.PAPER] > 0.0
    x = np.arange(width if some else 1)
    coarse = cloud_columns(x * (1.0 / look[Look.PAPER_SCALE] if some else 1.0))
    fine = cloud_columns(x * _FINE)
    return coarse, cloud_corners(coarse), fine, cloud_corners(fine)


@compiled
def _compose(canvas, look, seed, ground, image):
    """Mix ink and ground by coverage, add noise, round: fills image (H, W) uint8."""
    height, width = image.shape
    row = np.zeros(width, dtype=np.float32)
    uneven = (
        look[Look.SLOPE_X] != 0.0
        or look[Look.SLOPE_Y] != 0.0
        or look[Look.PAPER] > 0.0
        or look[Look.SHADOW] > 0.0
        or look[Look.MOIRE] > 0.0
    )
    ink, level = np.float32(look[Look.INK]), np.float32(look[Look.GROUND])
    gain = np.float32(look[Look.NOISE] / BELL_DEVIATION)
    zero, white, half = np.float32(0.0), np.float32(255.0), np.float32(0.5)
    on_image = ground.size > 0
    paper = _paper(look, width)
    for y in range(height):
        if uneven:
            _ground_row(row, y, look, height, width, seed, paper)
        elif on_image:
            row[:] = zero
        if on_image:
            for x in range(width):
                row[x] += ground[y * width + x]
        coverage = canvas[y + PAD, PAD : PAD + width]
        out = image[y]
        counter = np.uint32(seed + np.uint32(y) * np.uint32(0x9E3779B1))
        for x in range(width):
            noise = bell(counter + np.uint32(x)) * gain
            value = level + (ink - level) * coverage[x] + row[x] + noise
            out[x] = np.uint8(np.int32(min(max(value, zero), white) + half))
    if look[Look.SALT] > 0.0:
        _salt(image, look[Look.SALT], seed)


@compiled
def _salt(image, share, seed):
    """Set single pixels to black or white."""
    height, width = image.shape
    limit = np.uint32(share * 4294967295.0)
    for y in range(height):
        for x in range(width):
            at = np.uint32(seed) ^ np.uint32(0x51ED270B)
            h = scramble(at + np.uint32(y * 65536 + x))
            if h < limit:
                image[y, x] = 255 if h & np.uint32(1) else 0


@compiled
def _soften(canvas, spare, look, seed, width):
    """What paper and lens do to all ink alike."""
    if look[Look.BLEED] > 0.0:
        bleed(canvas, spare, look[Look.BLEED])
    if look[Look.FADE] > 0.0:
        _fade(canvas, look[Look.FADE], seed + np.uint32(7), width)
    if look[Look.GAUSS] > 0.0:
        gauss(canvas, spare, look[Look.GAUSS])
    if look[Look.DEFOCUS] > 0.0:
        defocus(canvas, spare, look[Look.DEFOCUS])
    if look[Look.MOTION] > 0.0:
        motion(canvas, spare, look[Look.MOTION], look[Look.MOTION_ANGLE])
    if look[Look.RESAMPLE] > 1.0:
        resample(canvas, spare, look[Look.RESAMPLE], width)


@compiled
def _unite(coverage, layer):
    """Add the ink of decorations to that of characters."""
    one = np.float32(1.0)
    for y in range(coverage.shape[0]):
        for x in range(coverage.shape[1]):
            c = coverage[y, x]
            coverage[y, x] = c + min(layer[y, x], one) * (one - c)


@compiled
def finish_line(coverage, spare, copy, layer, look, length, reaches, box, seed, ground, image):
    """Turn coverage into gray levels; False if the ink cannot be told from its ground.

    Args:
        coverage: (H + 2 PAD, W + 2 PAD) float32; holds the final coverage afterwards.
        spare, copy: scratch of the same shape.
        layer: coverage of decorations, of the same shape or with no rows.
        look: one row of looks; INK and GROUND are moved apart where contrast asks for it.
        length: characters of the line.
        reaches: pixels of each glyph, (L, 4).
        box: the ink's box, (4,).
        seed: a random word of the line, uint32.
        ground: what a background image adds to the ground, flat (H W,) float32, or empty.
        image: receives gray levels, (H, W) uint8.
    """
    width = image.shape[1]
    if look[Look.WEIGHT] != 0.0:
        _weigh(coverage, look[Look.WEIGHT])
    if look[Look.EDGE] > 0.0:
        add_edges(coverage, look, box)
    _soften(coverage, spare, look, seed, width)
    palest = _palest(coverage, reaches, length)
    on_image = look[Look.BACKGROUND] >= 0.0 and ground.size > 0
    depth = look[Look.HIGHLIGHT] + (BACKGROUND_DEPTH if on_image else 0.0)
    if not _separate(look, palest, depth):
        return False
    if layer.shape[0]:
        _soften(layer, spare, look, seed, width)
        _unite(coverage, layer)
    if look[Look.RULE] > 0.0:
        _rule(coverage, look, box, width)
    if look[Look.SHARPEN] > 0.0:
        sharpen(coverage, spare, copy, look[Look.SHARPEN], look[Look.SHARPEN_SCALE])
    if look[Look.BILEVEL] > 0.0 and make_bilevel(coverage, copy, look, length, reaches, seed):
        ground, depth = ground[:0], 0.0
    _compose(coverage, look, seed, ground, image)
    if look[Look.LEVELS] > 0.0 or look[Look.GAMMA] != 1.0:
        change_tone(image, look, palest * _PALEST_SHARE, depth)
    return True
