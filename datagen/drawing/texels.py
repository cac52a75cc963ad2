"""The compiled filters that glyphs pass on their way to the lines."""

import math

import numpy as np

from ocrbase.compiled import compiled

BORDER = 3  # rows and columns that a stored glyph has besides its texels
# Of the change of stroke width, what is taken back where it would fill a gap, or cut a stroke.
_KEPT_OPEN = 0.65


@compiled
def box_filter(texels, out):
    """Average 2×2 neighbours, (h, w) uint8, into out, (h + 3) (w + 3) uint8 with a zero border."""
    height, width = texels.shape
    columns = width + BORDER
    out[:] = 0
    for y in range(height + 1):
        for x in range(width + 1):
            total = np.uint32(2)
            if y < height:
                total += np.uint32(texels[y, x]) if x < width else np.uint32(0)
                total += np.uint32(texels[y, x - 1]) if x > 0 else np.uint32(0)
            if y > 0:
                total += np.uint32(texels[y - 1, x]) if x < width else np.uint32(0)
                total += np.uint32(texels[y - 1, x - 1]) if x > 0 else np.uint32(0)
            out[(y + 1) * columns + x + 1] = np.uint8(total >> np.uint32(2))


@compiled
def with_strokes(arena, start, width, height, radius, to, out):
    """Filtered copies of unfiltered glyphs whose strokes are wider, or narrower.

    Args:
        arena: holds the glyphs, each with a border as `box_filter` leaves it.
        start, width, height: of each glyph in it, border included, (K,).
        radius: what each edge moves outward, in texels; negative is inward, (K,).
        to: where each copy begins in `out`, (K,).
        out: receives the copies, flat uint8: as large as the glyphs, and `growth(radius)` more on
            each side.
    """
    for k in range(len(start)):
        h, w = height[k] - BORDER, width[k] - BORDER
        if h <= 0 or w <= 0:
            continue
        grow = growth(radius[k])
        pad = grow + 1
        ink = np.zeros((h + 2 * pad, w + 2 * pad), dtype=np.uint8)
        for y in range(h):
            at = start[k] + (y + 1) * width[k] + 1
            for x in range(w):
                ink[y + pad, x + pad] = arena[at + x]
        if radius[k] < 0.0:  # ink that shrinks is ground that grows
            ink = np.uint8(255) - ink
        moved = _grown(ink, abs(radius[k]), grow)
        if radius[k] < 0.0:
            moved = np.uint8(255) - moved
        size = (height[k] + 2 * grow) * (width[k] + 2 * grow)
        box_filter(moved[1:-1, 1:-1], out[to[k] : to[k] + size])


@compiled
def growth(radius):
    """Texels that a glyph gains on each side when its edges move."""
    return math.ceil(abs(radius))


@compiled
def _grown(ink, radius, passes):
    """Gray dilation by a fraction of texels, weaker in gaps that it would close.

    Whole passes and the next one are mixed: at a straight edge, whose grays are the area that the
    ink covers, that is the area after the move. Gaps are what a closing of `passes` texels fills.
    """
    whole = int(radius)
    part = np.float32(radius - whole)
    dilated = ink
    for _ in range(whole):
        dilated = _octagon(dilated)
    further = _octagon(dilated) if part > 0.0 else dilated
    closed = ink
    for _ in range(passes):
        closed = _square(closed)
    closed = np.uint8(255) - closed
    for _ in range(passes):
        closed = _square(closed)
    out = ink.copy()
    for y in range(1, ink.shape[0] - 1):
        for x in range(1, ink.shape[1] - 1):
            here = np.float32(ink[y, x])
            to = np.float32(dilated[y, x])
            to += part * (np.float32(further[y, x]) - to)
            gap = np.float32(255 - closed[y, x]) - here
            share = np.float32(1.0) - np.float32(_KEPT_OPEN / 255.0) * max(gap, np.float32(0.0))
            out[y, x] = np.uint8(here + (to - here) * share + np.float32(0.5))
    return out


@compiled
def _octagon(ink):
    """Dilation by a cross and by a square, averaged: about as far in all directions."""
    out = ink.copy()
    for y in range(1, ink.shape[0] - 1):
        for x in range(1, ink.shape[1] - 1):
            cross = max(ink[y, x], ink[y, x - 1], ink[y, x + 1], ink[y - 1, x], ink[y + 1, x])
            corners = max(
                ink[y - 1, x - 1], ink[y - 1, x + 1], ink[y + 1, x - 1], ink[y + 1, x + 1]
            )
            square = max(cross, corners)
            out[y, x] = np.uint8((np.uint16(cross) + np.uint16(square) + np.uint16(1)) >> 1)
    return out


@compiled
def _square(ink):
    """Dilation by a square of 3×3."""
    rows = ink.copy()
    for y in range(ink.shape[0]):
        for x in range(1, ink.shape[1] - 1):
            rows[y, x] = max(ink[y, x - 1], ink[y, x], ink[y, x + 1])
    out = rows.copy()
    for y in range(1, ink.shape[0] - 1):
        for x in range(ink.shape[1]):
            out[y, x] = max(rows[y - 1, x], rows[y, x], rows[y + 1, x])
    return out
