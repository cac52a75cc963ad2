"""Compiled loops that draw what a crop takes along besides its line: other lines, table rules."""

import math

import numpy as np

from datagen.drawing.look_columns import Look
from datagen.drawing.placing import ASCENT, PAD, _corner, _stamp
from datagen.line_geometry import LINE_HEIGHT_PX
from ocrbase.compiled import compiled

CLEAR_PX = 1.0  # native px between neighbours or rules and the line's own ink


@compiled
def _map_at(quad, advance, shift, texels_per_em, left, top, out):
    """Affine map of a glyph whose box begins where another character's does, as `_affines`."""
    for axis in range(2):
        along = (quad[1, axis] - quad[0, axis]) / advance  # of one em
        down = quad[3, axis] - quad[0, axis]
        out[2 + axis], out[4 + axis] = along / texels_per_em, down / texels_per_em
        from_left = shift + (left - 1) / texels_per_em
        from_top = ASCENT + (top - 1) / texels_per_em
        out[axis] = quad[0, axis] + along * from_left + down * from_top


@compiled
def _reach(m, width, height, lowest):
    """The lowest or highest y of a glyph's ink under a map."""
    found = -math.inf if lowest else math.inf
    for corner in range(4):
        u = 0.5 if corner % 2 == 0 else width - 1.5
        _, y = _corner(m, u, 0.5 if corner < 2 else height - 1.5)
        found = max(found, y) if lowest else min(found, y)
    return found


@compiled
def add_neighbours(canvas, look, slots, length, setting, level_px, glyphs, quads, box):
    """Draw the feet of a line above and the heads of one below, clear of the line's own ink.

    They are the line's own characters in another order, each where a character as wide stands.

    Args:
        canvas: coverage, (H + 2 PAD, W + 2 PAD); receives them.
        look: one row of looks; NEIGHBOUR is how far they reach in, in px of the finished line.
        slots, length, setting, level_px, glyphs: as in `set_line`.
        quads: corners of the characters' boxes, (L, 4, 2).
        box: the box of the line's own ink, (4,).
    """
    _, _, _, width, height, left, top = glyphs
    advance, _, shift, factor, _ = setting
    rows = canvas.shape[0] - 2 * PAD
    asked = look[Look.NEIGHBOUR] * rows / LINE_HEIGHT_PX
    side = int(look[Look.NEIGHBOUR_SIDE])
    maps, reach = np.empty((length, 6)), np.empty(4, dtype=np.int32)
    for above in (True, False):
        if not side & (1 if above else 2):
            continue
        room = (box[1] if above else rows - box[3]) - CLEAR_PX
        depth = min(asked, room)
        if depth < 0.5:
            continue
        turn = length // 2 + 1 if above else length // 3 + 1
        nearest = -math.inf if above else math.inf
        for k in range(length):
            s = (k + turn) % length
            g = slots[s]
            if width[g] == 0 or advance[k] < 0.8 * advance[s]:
                continue
            _map_at(
                quads[k], advance[k], shift[s], level_px / factor[s], left[g], top[g],
                maps[k],
            )  # fmt: skip
            y = _reach(maps[k], width[g], height[g], above)
            nearest = max(nearest, y) if above else min(nearest, y)
        move = (depth if above else rows - depth) - nearest
        for k in range(length):
            s = (k + turn) % length
            g = slots[s]
            if width[g] == 0 or advance[k] < 0.8 * advance[s]:
                continue
            maps[k, 1] += move
            _stamp(canvas, glyphs, g, maps[k], reach)


@compiled
def _band(canvas, first, last, y0, y1, slope, down):
    """Cover a band of rows, or of columns where `down`; it climbs by `slope` px per px."""
    rows, columns = canvas.shape
    across, along = (columns, rows) if down else (rows, columns)
    for i in range(along):
        rise = slope * (i + 0.5 - 0.5 * along)
        low, high = max(y0 + rise, first), min(y1 + rise, last)
        for j in range(max(0, math.floor(low) + PAD), min(across - 1, math.floor(high) + PAD) + 1):
            covered = min(high, j - PAD + 1.0) - max(low, float(j - PAD))
            if covered > 0.0:
                y, x = (i, j) if down else (j, i)
                canvas[y, x] = max(canvas[y, x], np.float32(covered))


@compiled
def add_edges(canvas, look, box):
    """Draw rules of a table along edges of the frame, as far as they stay clear of the ink.

    Args:
        canvas: coverage, (H + 2 PAD, W + 2 PAD); receives them.
        look: one row of looks; EDGE says which, EDGE_PLACE and EDGE_WEIGHT count native px.
        box: the box of the line's own ink, (4,).
    """
    kind, place, weight = int(look[Look.EDGE]), look[Look.EDGE_PLACE], look[Look.EDGE_WEIGHT]
    height, width = canvas.shape[0] - 2 * PAD, canvas.shape[1] - 2 * PAD
    turn = math.tan(look[Look.ROTATION])
    far = float(canvas.shape[0] + canvas.shape[1])
    if kind in (1, 5):
        _band(canvas, -far, box[1] - CLEAR_PX, place, place + weight, turn, False)
    if kind in (2, 5):
        bottom = height - place
        _band(canvas, box[3] + CLEAR_PX, far, bottom - weight, bottom, turn, False)
    if kind in (3, 5):
        _band(canvas, -far, box[0] - CLEAR_PX, place, place + weight, -turn, True)
    if kind in (4, 5):
        right = width - place
        _band(canvas, box[2] + CLEAR_PX, far, right - weight, right, -turn, True)
