"""Compiled loops that set the characters of a line and resample their masks into the frame.

Every character gets the affine map that the composed warp (slant, wave, perspective, rotation,
fit into the frame) has at its centre: over the few pixels of one character the warp departs from
it by hundredths of a pixel, and one affine, bilinear pass keeps the text sharp.
"""

import math

import numpy as np

from datagen.drawing.look_columns import CORNER_PX, Look
from datagen.line_geometry import LINE_HEIGHT_PX
from ocrbase.compiled import compiled

PAD = 8  # zero pixels around the frame, so that blurs need no bounds checks
ASCENT = 0.88  # of the em square above the baseline, as CJK faces have it


@compiled
def _warp(x, y, look, half, out):
    """Map line coordinates (px from the line's centre) through slant, wave, perspective, turn."""
    x += -look[Look.SLANT] * y
    if look[Look.WAVE] != 0.0:
        y += look[Look.WAVE] * math.sin(
            2.0 * math.pi * x / look[Look.WAVE_LENGTH] + look[Look.WAVE_PHASE]
        )
    d = 1.0 + look[Look.KEYSTONE] * x / half + look[Look.FAN] * y / CORNER_PX
    x, y = x / d, y / d
    c, s = math.cos(look[Look.ROTATION]), math.sin(look[Look.ROTATION])
    out[0] = c * x - s * y
    out[1] = s * x + c * y


@compiled
def place_point(x, y, look, place):
    """A point of the line, px from its centre, on the canvas without its padding.

    The slant is that of the characters alone: a box around oblique type stands upright.

    Args:
        place: (scale, move_x, move_y, zoom_x, zoom_y, half): how the line was fitted into its
            frame, how the canvas is larger than that, and half the line's length in px.
    """
    out = np.empty(2)
    _warp(x + look[Look.SLANT] * y, y, look, place[5], out)
    return (place[0] * out[0] + place[1]) * place[3], (place[0] * out[1] + place[2]) * place[4]


@compiled
def _affines(look, slots, length, setting, left, top, width, height, texel_px, maps, pens):
    """Affine map of each glyph from texels to line coordinates: maps (L, 6) = x0 y0 xu yu xv yv.

    x0, y0 is where texel (0, 0) goes; (xu, yu) and (xv, yv) are the steps of one texel right and
    one down. `pens` (L, 2) receives the ends of the characters' boxes. Returns half the length of
    the line in px.
    """
    advance, gap, shift, factor, rise = setting
    em = look[Look.SIZE]
    wide = em * look[Look.STRETCH]
    total = 0.0
    for k in range(length):
        total += (advance[k] + gap[k]) * wide
    total += look[Look.SPACING] * em * (length - 1)
    half = max(total / 2.0, em / 2.0)
    pen = -total / 2.0
    baseline = (ASCENT - 0.5) * em
    a, b = np.empty(2), np.empty(2)
    for k in range(length):
        g = slots[k]
        sy = texel_px * factor[k]
        sx = sy * look[Look.STRETCH]
        # Texel (u, v) is the point (left + u - 1, top + v - 1) from the glyph's origin, in texels.
        ox = pen + shift[k] * wide + (left[g] - 1) * sx
        oy = baseline - rise[k] * em + (top[g] - 1) * sy
        mu, mv = 0.5 * width[g], 0.5 * height[g]
        cx, cy = ox + mu * sx, oy + mv * sy
        hx, hy = max(mu * sx, 1.0), max(mv * sy, 1.0)
        _warp(cx + hx, cy, look, half, a)
        _warp(cx - hx, cy, look, half, b)
        xu, yu = (a[0] - b[0]) / (2.0 * hx) * sx, (a[1] - b[1]) / (2.0 * hx) * sx
        _warp(cx, cy + hy, look, half, a)
        _warp(cx, cy - hy, look, half, b)
        xv, yv = (a[0] - b[0]) / (2.0 * hy) * sy, (a[1] - b[1]) / (2.0 * hy) * sy
        _warp(cx, cy, look, half, a)
        maps[k, 0] = a[0] - mu * xu - mv * xv
        maps[k, 1] = a[1] - mu * yu - mv * yv
        maps[k, 2], maps[k, 3], maps[k, 4], maps[k, 5] = xu, yu, xv, yv
        pens[k, 0], pens[k, 1] = pen, pen + advance[k] * wide
        pen += (advance[k] + gap[k]) * wide + look[Look.SPACING] * em
    return half


@compiled
def _corner(m, u, v):
    return m[0] + u * m[2] + v * m[4], m[1] + u * m[3] + v * m[5]


@compiled
def _extent(maps, slots, length, width, height, box):
    """Smallest box (x0, y0, x1, y1) around the ink of all glyphs, in line coordinates."""
    box[0], box[1], box[2], box[3] = math.inf, math.inf, -math.inf, -math.inf
    for k in range(length):
        g = slots[k]
        if width[g] == 0:
            continue
        for corner in range(4):
            # The border texel is empty; the ink begins half a texel inside of it.
            u = 0.5 if corner % 2 == 0 else width[g] - 1.5
            v = 0.5 if corner < 2 else height[g] - 1.5
            x, y = _corner(maps[k], u, v)
            box[0], box[1] = min(box[0], x), min(box[1], y)
            box[2], box[3] = max(box[2], x), max(box[3], y)


@compiled
def _extend(box, look, pens, length, half):
    """Make room for decorations in the box of the ink."""
    em = look[Look.SIZE]
    baseline, side = (ASCENT - 0.5) * em, look[Look.REACH_SIDE] * em
    x0, x1 = pens[0, 0] - side, pens[length - 1, 1] + side
    out = np.empty(2)
    for i in range(9):  # enough to meet the crests of a wave
        for y in (-look[Look.REACH_ABOVE] * em, look[Look.REACH_BELOW] * em):
            if y != 0.0:
                x = x0 + 0.125 * i * (x1 - x0) + look[Look.SLANT] * (baseline + y)
                _warp(x, baseline + y, look, half, out)
                box[0], box[1] = min(box[0], out[0]), min(box[1], out[1])
                box[2], box[3] = max(box[2], out[0]), max(box[3], out[1])


@compiled
def _fit(maps, length, look, box, place):
    """Scale and move the maps so that the ink box lies inside the frame; returns the scale."""
    margin = look[Look.MARGIN]
    room_x, room_y = look[Look.WIDTH] - 2.0 * margin, LINE_HEIGHT_PX - 2.0 * margin
    span_x, span_y = box[2] - box[0], box[3] - box[1]
    scale = min(1.0, room_x / max(span_x, 1e-6), room_y / max(span_y, 1e-6))
    free_x, free_y = room_x - scale * span_x, room_y - scale * span_y
    shift_x = free_x * look[Look.PLACE_X]
    if look[Look.LEFT] >= 0.0:
        shift_x = min(free_x, look[Look.LEFT])
    move_x = margin + shift_x - scale * box[0]
    move_y = margin + free_y * look[Look.PLACE_Y] - scale * box[1]
    place[0], place[1], place[2] = scale, move_x, move_y
    for k in range(length):
        for i in range(6):
            maps[k, i] *= scale
        maps[k, 0] += move_x
        maps[k, 1] += move_y
    for i in range(2):
        box[2 * i] = scale * box[2 * i] + move_x
        box[2 * i + 1] = scale * box[2 * i + 1] + move_y
    return scale


@compiled
def _to_native(maps, length, box, zoom_x, zoom_y):
    """Scale the maps and the ink box from the frame of the line to that of its capture."""
    for k in range(length):
        for i in range(3):
            maps[k, 2 * i] *= zoom_x
            maps[k, 2 * i + 1] *= zoom_y
    for i in range(2):
        box[2 * i] *= zoom_x
        box[2 * i + 1] *= zoom_y


@compiled
def _to_pixels(maps, length):
    """Move glyphs of the canvas's own size so that a texel covers a pixel."""
    for k in range(length):
        maps[k, 0], maps[k, 1] = round(maps[k, 0]) - 0.5, round(maps[k, 1]) - 0.5
        maps[k, 2], maps[k, 3], maps[k, 4], maps[k, 5] = 1.0, 0.0, 0.0, 1.0


@compiled
def _stamp(canvas, glyphs, slot, m, reach):
    """Resample one glyph into the padded canvas; `reach` gets the pixel box that it touched."""
    shared, own, first_texel, width, height, _, _ = glyphs
    start, w, h = first_texel[slot], width[slot], height[slot]
    arena = shared
    if start < 0:
        arena, start = own, -1 - start
    det = m[2] * m[5] - m[3] * m[4]
    ux, uy = m[5] / det, -m[4] / det  # texel step in u for one pixel right, one down
    vx, vy = -m[3] / det, m[2] / det
    x0, y0, x1, y1 = math.inf, math.inf, -math.inf, -math.inf
    for corner in range(4):
        x, y = _corner(m, 0.0 if corner % 2 == 0 else w - 1.0, 0.0 if corner < 2 else h - 1.0)
        x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
    rows, columns = canvas.shape
    left, right = max(0, math.floor(x0) + PAD), min(columns - 1, math.ceil(x1) + PAD)
    top, bottom = max(0, math.floor(y0) + PAD), min(rows - 1, math.ceil(y1) + PAD)
    reach[0], reach[1], reach[2], reach[3] = left, top, right, bottom
    ux32, vx32 = np.float32(ux), np.float32(vx)
    scale = np.float32(1.0 / 255.0)
    one = np.float32(1.0)
    for py in range(top, bottom + 1):
        dy, dx = py - PAD + 0.5 - m[1], left - PAD + 0.5 - m[0]
        u0, v0 = ux * dx + uy * dy, vx * dx + vy * dy
        # Pixels of this row whose sample lies inside the mask.
        first, last = _inside(u0, ux, w - 1.0, 0, right - left)
        first, last = _inside(v0, vx, h - 1.0, first, last)
        u, v = np.float32(u0 + first * ux), np.float32(v0 + first * vx)
        for px in range(left + first, left + last + 1):
            iu, iv = int(u), int(v)
            fu, fv = u - np.float32(iu), v - np.float32(iv)
            at = start + iv * w + iu
            above = np.float32(arena[at]) * (one - fu) + np.float32(arena[at + 1]) * fu
            below = np.float32(arena[at + w]) * (one - fu) + np.float32(arena[at + w + 1]) * fu
            c = (above * (one - fv) + below * fv) * scale
            old = canvas[py, px]
            canvas[py, px] = old + c - old * c
            u += ux32
            v += vx32


@compiled
def _inside(start, step, limit, first, last):
    """Narrow [first, last] to the steps at which 0 < start + i step < limit, safely inside."""
    low, high = 0.001, limit - 0.001
    if abs(step) < 1e-9:
        if low <= start <= high:
            return first, last
        return first, first - 1
    a, b = (low - start) / step, (high - start) / step
    if a > b:
        a, b = b, a
    return max(first, math.ceil(a)), min(last, math.floor(b))


@compiled
def set_line(
    look,
    slots,
    length,
    setting,
    level_px,
    glyphs,
    canvas,
    centres,
    quads,
    reaches,
    box,
    pens,
    place,
):
    """Draw the coverage of one line; False if it has no ink or would be too small to read.

    The line is laid out in a frame of 32 px by its own width, then drawn at the canvas's size.

    Args:
        look: one row of looks; column FIT receives the scale that fitted the line.
        slots: slot of each character, (L,) int32.
        length: characters of the line.
        setting: (advance, gap, shift, factor, rise) of `Typesetting`, each (L,).
        level_px: size at which the glyphs were rasterised.
        glyphs: (arena, own, start, width, height, left, top) of `GlyphTable`.
        canvas: receives coverage from 0 to 1, (H + 2 PAD, W + 2 PAD) float32; zeroed here.
        centres: receives x of the centres of the characters' boxes in the canvas, (L,).
        quads: receives their corners, (L, 4, 2), clockwise from the top left.
        reaches: receives the pixels that each glyph touched, in canvas coordinates, (L, 4) int32.
        box: receives the box of all ink, decorations included, in the canvas's frame, (4,).
        pens: receives the ends of the characters' boxes in px from the line's centre, (L, 2).
        place: receives where points of the line are on the canvas, (6,): see `place_point`.
    """
    _, _, _, width, height, left, top = glyphs
    advance, _, shift, factor, rise = setting
    canvas[:] = 0.0
    maps = np.empty((length, 6))
    texel_px = look[Look.SIZE] / level_px
    half = _affines(look, slots, length, setting, left, top, width, height, texel_px, maps, pens)
    _extent(maps, slots, length, width, height, box)
    if box[2] <= box[0]:
        return False
    # The map of a single character shows no keystone, so what goes with it has little.
    place[5] = half if length > 1 else 4.0 * half
    if look[Look.REACH_ABOVE] > 0.0 or look[Look.REACH_BELOW] > 0.0:
        _extend(box, look, pens, length, place[5])
    scale = _fit(maps, length, look, box, place)
    look[Look.FIT] = scale
    zoom_y = (canvas.shape[0] - 2 * PAD) / LINE_HEIGHT_PX
    small_end = 1.0 + abs(look[Look.KEYSTONE]) if length > 1 else 1.0
    if scale * look[Look.SIZE] * zoom_y < look[Look.MIN_EM] * small_end:
        return False
    zoom_x = (canvas.shape[1] - 2 * PAD) / look[Look.WIDTH]
    place[3], place[4] = zoom_x, zoom_y
    if zoom_x != 1.0 or zoom_y != 1.0:
        _to_native(maps, length, box, zoom_x, zoom_y)
    if look[Look.RASTER] > 0.0 and scale == 1.0:
        _to_pixels(maps, length)
    for k in range(length):
        g, m = slots[k], maps[k]
        if width[g] > 0:
            _stamp(canvas, glyphs, g, m, reaches[k])
        else:
            reaches[k] = 0
        # The box in texels: the glyph's origin is at u = 1 - left, its baseline at v = 1 - top.
        em = level_px / factor[k]
        u0 = 1.0 - left[g] - shift[k] * em
        v1 = 1.0 - top[g] + (1.0 - ASCENT + rise[k]) * em
        u1, v0 = u0 + advance[k] * em, v1 - em
        for corner in range(4):
            u = u0 if corner in (0, 3) else u1
            x, y = _corner(m, u, v0 if corner < 2 else v1)
            quads[k, corner, 0], quads[k, corner, 1] = x, y
        x, y = _corner(m, 0.5 * (u0 + u1), 0.5 * (v0 + v1))
        centres[k] = x
    return True
