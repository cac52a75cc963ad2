"""Compiled loops of what scanners and cameras make of gray levels: black and white, tone."""

import math

import numpy as np

from datagen.drawing.look_columns import Look
from datagen.drawing.pixel_noise import BELL_DEVIATION, bell
from datagen.drawing.placing import PAD
from datagen.line_geometry import LINE_HEIGHT_PX
from ocrbase.compiled import compiled

BILEVEL_EM_PX = 15.0  # native em below which strokes run together or vanish in black and white
_STEPS = 64  # of coverage, in the search for a threshold
_LOWEST, _HIGHEST = 0.2, 0.75  # thresholds that scanners choose between ground and ink
_LOWERED = 0.05  # by which a threshold falls that loses strokes
_STROKE = 0.3  # coverage from which a pixel is part of a stroke; half of the darkest if paler
_LOST = 0.06  # share of a glyph's ink that may lie apart from all its black pixels
_GROWN = 1.6  # black pixels of a glyph per pixel's worth of its ink, at most


@compiled
def _threshold(canvas, boldness):
    """The coverage above which as many pixels lie as `boldness` times the ink's own worth."""
    counts = np.zeros(_STEPS, dtype=np.int64)
    rows, columns = canvas.shape
    total = 0.0
    for y in range(PAD, rows - PAD):
        for x in range(PAD, columns - PAD):
            c = min(max(canvas[y, x], np.float32(0.0)), np.float32(0.999))
            total += c
            counts[int(c * _STEPS)] += 1
    black, step = 0, _STEPS
    while step > 0 and black + counts[step - 1] <= boldness * total:
        step -= 1
        black += counts[step]
    return min(max(step / _STEPS, _LOWEST), _HIGHEST)


@compiled
def _loses(before, after, length, reaches):
    """Whether a glyph loses a stroke."""
    for k in range(length):
        left, top, right, bottom = reaches[k]
        if right <= left:
            continue
        ink, lost, darkest = 0.0, 0.0, np.float32(0.0)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                ink += before[y, x]
                darkest = max(darkest, before[y, x])
        stroke = min(_STROKE, 0.5 * darkest)  # a pale glyph has strokes too
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                if before[y, x] > stroke and not after[y - 1 : y + 2, x - 1 : x + 2].any():
                    lost += before[y, x]
        if lost > _LOST * ink:
            return True
    return False


@compiled
def _blots(before, after, length, reaches):
    """Whether a glyph grows into a blot."""
    for k in range(length):
        left, top, right, bottom = reaches[k]
        if right <= left:
            continue
        ink, black = 0.0, 0.0
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                ink += before[y, x]
                black += after[y, x]
        if black > _GROWN * ink:
            return True
    return False


@compiled
def _binarise(canvas, copy, limit, gain, seed):
    """Fill copy with 1 where coverage and noise together exceed a limit, else 0."""
    for y in range(canvas.shape[0]):
        counter = np.uint32(seed + np.uint32(y) * np.uint32(0x9E3779B1))
        for x in range(canvas.shape[1]):
            noisy = canvas[y, x] + bell(counter + np.uint32(x)) * gain
            copy[y, x] = np.float32(1.0) if noisy > limit else np.float32(0.0)


@compiled
def make_bilevel(canvas, copy, look, length, reaches, seed):
    """Turn coverage into black ink on white, in place; False, and nothing done, if it would suffer.

    Sensor noise goes in before, so that edges are ragged; shades of the ground are gone.

    Args:
        canvas: coverage, (H + 2 PAD, W + 2 PAD).
        copy: scratch of the same shape.
        look: one row of looks; ink and ground become black and white.
        length: characters of the line.
        reaches: pixels of each glyph, (L, 4).
        seed: a random word of the line, uint32.
    """
    height = canvas.shape[0] - 2 * PAD
    if look[Look.SIZE] * look[Look.FIT] * height / LINE_HEIGHT_PX < BILEVEL_EM_PX:
        return False
    limit = _threshold(canvas, look[Look.BILEVEL])
    contrast = max(abs(look[Look.INK] - look[Look.GROUND]), 1.0)
    gain = np.float32(look[Look.NOISE] / BELL_DEVIATION / contrast)
    _binarise(canvas, copy, np.float32(limit), gain, seed)
    while limit > _LOWEST and _loses(canvas, copy, length, reaches):
        limit -= _LOWERED
        _binarise(canvas, copy, np.float32(limit), gain, seed)
    if limit <= _LOWEST or _blots(canvas, copy, length, reaches):
        return False
    canvas[:] = copy
    dark = look[Look.INK] <= look[Look.GROUND]
    look[Look.INK], look[Look.GROUND] = (0.0, 255.0) if dark else (255.0, 0.0)
    for column in (Look.NOISE, Look.SLOPE_X, Look.SLOPE_Y, Look.PAPER, Look.SHADOW, Look.MOIRE):
        look[column] = 0.0
    return True


@compiled
def _toned(level, black, white, gamma):
    """A gray level after levels and gamma, 0 to 255."""
    share = min(max((level - black) / max(white - black, 1.0), 0.0), 1.0)
    return 255.0 * math.pow(share, gamma)


@compiled
def _keeps_contrast(look, ink, black, white, gamma, depth):
    """Whether ink and ground stay apart, in the deepest shade and the brightest light as well."""
    shade = depth + look[Look.PAPER] + look[Look.MOIRE]
    shade += 0.5 * math.hypot(look[Look.SLOPE_X], look[Look.SLOPE_Y])
    for light in (-shade - look[Look.SHADOW], 0.0, shade):
        apart = _toned(look[Look.GROUND] + light, black, white, gamma)
        apart -= _toned(ink + light, black, white, gamma)
        if abs(apart) < look[Look.MIN_CONTRAST]:
            return False
    return True


@compiled
def change_tone(image, look, palest, depth):
    """Move black and white points towards ink and ground, then bend the curve, in place.

    A curve that would take the palest character's contrast is left out.

    Args:
        image: gray levels, (H, W) uint8.
        look: one row of looks.
        palest: coverage of the palest character.
        depth: gray levels by which a highlight and a background image change the ground.
    """
    ink = look[Look.GROUND] + (look[Look.INK] - look[Look.GROUND]) * palest
    low, high = min(look[Look.INK], look[Look.GROUND]), max(look[Look.INK], look[Look.GROUND])
    black, white = look[Look.LEVELS] * low, 255.0 - look[Look.LEVELS] * (255.0 - high)
    gamma = look[Look.GAMMA]
    if not _keeps_contrast(look, ink, black, white, gamma, depth):
        return
    curve = np.empty(256, dtype=np.uint8)
    for level in range(256):
        curve[level] = np.uint8(_toned(float(level), black, white, gamma) + 0.5)
    for y in range(image.shape[0]):
        row = image[y]
        for x in range(row.shape[0]):
            row[x] = curve[row[x]]
