"""Compiled loops for what is drawn with a line and is no character: rules, dots, boxes, fills.

Everything is placed in line coordinates, px from the line's centre, and goes through the same warp
as the characters. Rules and dots are coverage of their own, so that the contrast of characters is
measured without them; fills are a share of the ground.
"""

import math

import numpy as np

from datagen.drawing.decorations import (
    BOX_PAD_EM,
    DASHED,
    DOT_EM,
    DOTTED,
    DOUBLE,
    EMPHASISED,
    IN_SPAN,
    SOLID,
    WAVE_EM,
    WAVY,
)
from datagen.drawing.look_columns import Look
from datagen.drawing.placing import ASCENT, PAD, place_point
from ocrbase.compiled import compiled

MIN_OUTLINED_PX = 20.0  # em from which hollow characters are legible
MAX_OUTLINED_BLUR_PX = 0.4  # of any kind, up to which they are
MIN_OUTLINE_PX = 0.8
_STEP_PX = 3.0  # of the polylines that follow the warp
_STRIKE_EM = 0.36  # height of a strike-out above the baseline
_MAX_STRIKE_EM = 0.05  # thickness: characters stay legible under it


@compiled
def has_decoration(look):
    """Whether rules, dots or boxes belong to the line."""
    return (
        look[Look.UNDERLINE] > 0.0
        or look[Look.STRIKE] > 0.0
        or look[Look.EMPHASIS] > 0.0
        or look[Look.BOX] > 0.0
    )


@compiled
def has_fill(look):
    """Whether a bar or a highlight lies under the line."""
    return look[Look.BAR] > 0.0 or look[Look.HIGHLIGHT] > 0.0


@compiled
def _is_on(kind, s, em):
    """Whether a rule has ink at a distance along it."""
    if kind == DASHED:
        return s % (0.4 * em) < 0.26 * em
    if kind == DOTTED:
        return s % (0.16 * em) < 0.08 * em
    return True


@compiled
def _around(x, y, thickness, look, place):
    """A point of a rule on the canvas, and half its thickness there: perspective changes both."""
    px, py = place_point(x, y, look, place)
    _, above = place_point(x, y - 0.5 * thickness, look, place)
    _, below = place_point(x, y + 0.5 * thickness, look, place)
    return px, py, 0.5 * (below - above)


@compiled
def _stroke(canvas, x0, x1, y, thickness, kind, weight, look, place):
    """A rule of a thickness around y from x0 to x1, all in px of the line."""
    em = look[Look.SIZE]
    rows, columns = canvas.shape
    steps = max(1, math.ceil((x1 - x0) / _STEP_PX))
    ax, ay, half_a = _around(x0, y, thickness, look, place)
    for i in range(steps):
        x = x0 + (x1 - x0) * (i + 1) / steps
        bx, by, half_b = _around(x, y, thickness, look, place)
        first, last = max(0, math.floor(ax) + PAD), min(columns - 1, math.ceil(bx) + PAD)
        for px in range(first, last + 1):
            covered = min(px - PAD + 1.0, bx) - max(px - PAD, ax)
            if covered <= 0.0:
                continue
            t = (px - PAD + 0.5 - ax) / (bx - ax)
            s = x0 + (x1 - x0) * (i + min(max(t, 0.0), 1.0)) / steps
            if not _is_on(kind, s - x0, em):
                continue
            yc, half = ay + t * (by - ay), half_a + t * (half_b - half_a)
            if kind == WAVY:
                yc += WAVE_EM * em * place[0] * place[4] * math.sin(2.0 * math.pi * s / (0.3 * em))
            top, bottom = yc - half, yc + half
            for py in range(
                max(0, math.floor(top) + PAD), min(rows - 1, math.floor(bottom) + PAD) + 1
            ):
                part = min(py - PAD + 1.0, bottom) - max(py - PAD, top)
                if part > 0.0:
                    canvas[py, px] += np.float32(part * covered * weight)
        ax, ay, half_a = bx, by, half_b


@compiled
def _side(canvas, x, y0, y1, thickness, weight, look, place):
    """A vertical rule of a thickness around x from y0 down to y1, in px of the line."""
    rows, columns = canvas.shape
    half = 0.5 * thickness * place[0] * place[3]
    ax, ay = place_point(x, y0, look, place)
    bx, by = place_point(x, y1, look, place)
    for py in range(max(0, math.floor(ay) + PAD), min(rows - 1, math.floor(by) + PAD) + 1):
        covered = min(py - PAD + 1.0, by) - max(py - PAD, ay)
        if covered <= 0.0:
            continue
        xc = ax + (py - PAD + 0.5 - ay) / (by - ay) * (bx - ax)
        left, right = xc - half, xc + half
        for px in range(
            max(0, math.floor(left) + PAD), min(columns - 1, math.floor(right) + PAD) + 1
        ):
            part = min(px - PAD + 1.0, right) - max(px - PAD, left)
            if part > 0.0:
                canvas[py, px] += np.float32(part * covered * weight)


@compiled
def _dot(canvas, x, y, radius, weight, look, place):
    """A filled disc around (x, y), in px of the line."""
    cx, cy = place_point(x, y, look, place)
    r = max(radius * place[0] * min(place[3], place[4]), 0.6)
    rows, columns = canvas.shape
    for py in range(max(0, math.floor(cy - r) + PAD), min(rows - 1, math.floor(cy + r) + PAD) + 1):
        for px in range(
            max(0, math.floor(cx - r) + PAD), min(columns - 1, math.floor(cx + r) + PAD) + 1
        ):
            distance = math.hypot(px - PAD + 0.5 - cx, py - PAD + 0.5 - cy)
            part = min(max(r + 0.5 - distance, 0.0), 1.0)
            canvas[py, px] = max(canvas[py, px], np.float32(part * weight))


@compiled
def _next_run(marks, length, whole, k):
    """First and end of the next characters from k on that a decoration takes; k = L ends it."""
    while k < length and not (whole or marks[k] & IN_SPAN):
        k += 1
    end = k
    while end < length and (whole or marks[end] & IN_SPAN):
        end += 1
    return k, end


@compiled
def decorate(canvas, look, pens, marks, length, place):
    """Draw rules, dots and boxes of one line.

    Args:
        canvas: receives their coverage, (H + 2 PAD, W + 2 PAD) float32 of zeros.
        look: one row of looks.
        pens: left and right end of the characters' boxes in px of the line, (L, 2).
        marks: IN_SPAN and EMPHASISED of each character, (L,) uint8.
        length: characters of the line.
        place: from the line to the canvas, as `place_point` takes it.
    """
    em, weight = look[Look.SIZE], look[Look.RULE_WEIGHT]
    thickness, baseline = look[Look.THICKNESS] * em, (ASCENT - 0.5) * em
    whole = look[Look.PARTIAL] == 0.0
    k = 0
    while True:
        k, end = _next_run(marks, length, whole, k)
        if k >= length:
            break
        x0, x1 = pens[k, 0], pens[end - 1, 1]
        if look[Look.UNDERLINE] > 0.0:
            y = baseline + look[Look.UNDERLINE] * em
            _underline(canvas, x0, x1, y, thickness, weight, look, place)
        if look[Look.STRIKE] > 0.0:
            thin = min(thickness, _MAX_STRIKE_EM * em)
            y = baseline - _STRIKE_EM * em
            _stroke(canvas, x0, x1, y, thin, SOLID, weight, look, place)
        k = end
    if look[Look.EMPHASIS] > 0.0:
        y = baseline + (look[Look.EMPHASIS] + DOT_EM) * em
        for k in range(length):
            if marks[k] & EMPHASISED and (whole or marks[k] & IN_SPAN):
                x = 0.5 * (pens[k, 0] + pens[k, 1])
                _dot(canvas, x, y, DOT_EM * em, weight, look, place)
    if look[Look.BOX] > 0.0:
        _boxes(canvas, look, pens, marks, length, thickness, weight, place)


@compiled
def _underline(canvas, x0, x1, y, thickness, weight, look, place):
    """An underline of any kind whose upper edge is at y."""
    kind = int(look[Look.UNDERLINE_KIND])
    if kind == WAVY:
        y += WAVE_EM * look[Look.SIZE]
    _stroke(canvas, x0, x1, y + 0.5 * thickness, thickness, kind, weight, look, place)
    if kind == DOUBLE:
        _stroke(canvas, x0, x1, y + 2.5 * thickness, thickness, kind, weight, look, place)


@compiled
def _boxes(canvas, look, pens, marks, length, thickness, weight, place):
    """A box around the line, or one around the characters of its span."""
    em = look[Look.SIZE]
    top, bottom = (-0.5 - BOX_PAD_EM) * em, (0.5 + BOX_PAD_EM) * em
    k = 0
    while True:
        k, end = _next_run(marks, length, look[Look.BOX] == 1.0, k)
        if k >= length:
            break
        x0, x1 = pens[k, 0] - BOX_PAD_EM * em, pens[end - 1, 1] + BOX_PAD_EM * em
        for y in (top, bottom):
            _stroke(canvas, x0, x1, y, thickness, SOLID, weight, look, place)
        for x in (x0, x1):
            _side(canvas, x, top, bottom, thickness, weight, look, place)
        k = end


@compiled
def fill_ground(canvas, look, pens, marks, length, place, ground):
    """Add to the ground of one line what a highlight takes from it, or the page around a bar.

    Args:
        canvas: scratch, (H + 2 PAD, W + 2 PAD) float32.
        look, pens, marks, length, place: as of `decorate`.
        ground: gray levels that are added to the ground, flat (H W,) float32; changed in place.
    """
    em = look[Look.SIZE]
    height, width = canvas.shape[0] - 2 * PAD, canvas.shape[1] - 2 * PAD
    if look[Look.HIGHLIGHT] > 0.0:
        canvas[:] = 0.0
        whole = look[Look.PARTIAL] == 0.0
        k = 0
        while True:
            k, end = _next_run(marks, length, whole, k)
            if k >= length:
                break
            _stroke(canvas, pens[k, 0], pens[end - 1, 1], 0.0, 1.1 * em, SOLID, 1.0, look, place)
            k = end
        change = look[Look.HIGHLIGHT]
        if look[Look.GROUND] > look[Look.INK]:
            change = -change
        for y in range(height):
            for x in range(width):
                ground[y * width + x] += np.float32(change * min(canvas[y + PAD, x + PAD], 1.0))
    if look[Look.BAR] > 0.0:
        canvas[:] = 0.0
        pad = look[Look.BAR] * em
        lean = 0.5 * em * abs(look[Look.SLANT])  # oblique characters reach beyond their boxes
        x0, x1 = pens[0, 0] - pad - lean, pens[length - 1, 1] + pad + lean
        if look[Look.BAR_ACROSS] > 0.0:
            x0, x1 = x0 - 4.0 * look[Look.WIDTH], x1 + 4.0 * look[Look.WIDTH]
        _stroke(canvas, x0, x1, 0.0, em + 2.0 * pad, SOLID, 1.0, look, place)
        page = look[Look.BAR_PAGE] - look[Look.GROUND]
        for y in range(height):
            for x in range(width):
                outside = 1.0 - min(canvas[y + PAD, x + PAD], 1.0)
                ground[y * width + x] += np.float32(page * outside)


@compiled
def change_shapes(canvas, spare, look, place):
    """Outline the characters or give them a drop shadow, where the look says so."""
    px = look[Look.SIZE] * place[0] * min(place[3], place[4])
    blurred = max(
        look[Look.GAUSS], look[Look.MOTION], look[Look.DEFOCUS], look[Look.RESAMPLE] - 1.0
    )
    if look[Look.OUTLINE] > 0.0 and px >= MIN_OUTLINED_PX and blurred <= MAX_OUTLINED_BLUR_PX:
        outline(canvas, spare, max(look[Look.OUTLINE] * px, MIN_OUTLINE_PX))
    if look[Look.DROP] > 0.0:
        drop_shadow(canvas, spare, min(look[Look.DROP] * px, PAD - 2.0), look[Look.DROP_WEIGHT])


@compiled
def outline(canvas, spare, radius):
    """Leave the outlines of characters: ink around their edges, none inside.

    A pixel at distance d of a full one is covered by radius + 1 - d, as a straight edge would.

    Args:
        canvas: coverage, (H + 2 PAD, W + 2 PAD) float32; changed in place.
        spare: scratch of the same shape.
        radius: px that the outline reaches beyond the edge.
    """
    rows, columns = canvas.shape
    reach = math.ceil(radius)
    one, zero = np.float32(1.0), np.float32(0.0)
    spare[:] = canvas
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            part = np.float32(min(max(radius + 1.0 - math.hypot(dx, dy), 0.0), 1.0))
            if part <= zero:
                continue
            for y in range(reach, rows - reach):
                for x in range(reach, columns - reach):
                    spare[y, x] = max(spare[y, x], part * canvas[y + dy, x + dx])
    for y in range(rows):
        for x in range(columns):
            canvas[y, x] = spare[y, x] * (one - canvas[y, x])


@compiled
def drop_shadow(canvas, spare, distance, weight):
    """A paler copy of the characters under them, as far down as to the right.

    Args:
        canvas: coverage, (H + 2 PAD, W + 2 PAD) float32; changed in place.
        spare: scratch of the same shape.
        distance: px in x and in y, up to PAD - 1.
        weight: coverage of the copy.
    """
    rows, columns = canvas.shape
    whole = int(distance)
    part, w, one = np.float32(distance - whole), np.float32(weight), np.float32(1.0)
    spare[:] = canvas
    for y in range(whole + 1, rows):
        for x in range(whole + 1, columns):
            near = (
                spare[y - whole, x - whole] * (one - part) + spare[y - whole, x - whole - 1] * part
            )
            far = (
                spare[y - whole - 1, x - whole] * (one - part)
                + spare[y - whole - 1, x - whole - 1] * part
            )
            behind = w * (near * (one - part) + far * part)
            canvas[y, x] += behind * (one - canvas[y, x])
