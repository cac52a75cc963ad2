"""The compiled loop over lines: set, finish, next, all in buffers that stay in the cache."""

import numpy as np

from datagen.drawing.decorating import (
    change_shapes,
    decorate,
    fill_ground,
    has_decoration,
    has_fill,
)
from datagen.drawing.finishing import finish_line
from datagen.drawing.look_columns import Look
from datagen.drawing.neighbours import add_neighbours
from datagen.drawing.placing import PAD, set_line
from ocrbase.compiled import compiled


@compiled
def draw_lines(
    looks,
    slots,
    lengths,
    setting,
    marks,
    levels_px,
    glyphs,
    seeds,
    frames,
    grounds,
    images,
    masks,
    centres,
    quads,
    good,
):
    """Draw B lines into gray images of their native sizes, which lie in flat arrays.

    Args:
        looks: (B, len(Look)); FIT, INK and GROUND receive what was really drawn.
        slots: slot of each character in `glyphs`, (B, L) int32.
        lengths: characters of each line, (B,).
        setting: (advance, gap, shift, factor, rise) of `Typesetting`, each (B, L).
        marks: IN_SPAN and EMPHASISED of each character, (B, L) uint8.
        levels_px: size at which the glyphs of each line were rasterised, (B,).
        glyphs: (arena, own, start, width, height, left, top) of `GlyphTable`.
        seeds: a random word of each line, (B,) uint32.
        frames: (start, height, width) of `NativeFrames`, (B,) each.
        grounds: background images, flat float32 around 0; empty for none.
        images: receives gray levels, flat uint8.
        masks: receives coverage from 0 to 255, flat uint8; empty for none.
        centres: receives x of the centres of the characters' boxes in native px, (B, L).
        quads: receives their corners in native px, (B, L, 4, 2).
        good: receives whether the line could be drawn, (B,) bool.
    """
    start, height, width = frames
    advance, gap, shift, factor, rise = setting
    reaches, box = np.zeros((slots.shape[1], 4), dtype=np.int32), np.empty(4)
    pens, place = np.empty((slots.shape[1], 2)), np.empty(6)
    buffers = np.zeros((5, ((height + 2 * PAD) * (width + 2 * PAD)).max()), dtype=np.float32)
    for b in range(looks.shape[0]):
        if not good[b]:
            continue
        # Contiguous arrays of the line's own size: compiled loops vectorise over their rows.
        rows, columns = height[b] + 2 * PAD, width[b] + 2 * PAD
        canvas = buffers[0, : rows * columns].reshape(rows, columns)
        spare = buffers[1, : rows * columns].reshape(rows, columns)
        copy = buffers[2, : rows * columns].reshape(rows, columns)
        frame = slice(start[b], start[b] + height[b] * width[b])
        image = images[frame].reshape(height[b], width[b])
        ground = grounds[frame] if looks[b, Look.BACKGROUND] >= 0.0 else grounds[:0]
        columns_of = (advance[b], gap[b], shift[b], factor[b], rise[b])
        good[b] = set_line(
            looks[b], slots[b], lengths[b], columns_of, levels_px[b], glyphs, canvas, centres[b],
            quads[b], reaches, box, pens, place,
        )  # fmt: skip
        if not good[b]:
            continue
        change_shapes(canvas, spare, looks[b], place)
        if looks[b, Look.NEIGHBOUR] > 0.0:
            add_neighbours(
                canvas, looks[b], slots[b], lengths[b], columns_of, levels_px[b], glyphs, quads[b],
                box,
            )  # fmt: skip
        layer = buffers[3, :0].reshape(0, columns)
        if has_decoration(looks[b]):
            layer = buffers[3, : rows * columns].reshape(rows, columns)
            layer[:] = 0.0
            decorate(layer, looks[b], pens, marks[b], lengths[b], place)
        if has_fill(looks[b]):
            filled = buffers[4, : image.size]
            filled[:] = 0.0
            filled[: ground.size] = ground
            fill_ground(spare, looks[b], pens, marks[b], lengths[b], place, filled)
            ground = filled
        good[b] = finish_line(
            canvas, spare, copy, layer, looks[b], lengths[b], reaches, box, seeds[b], ground,
            image,
        )  # fmt: skip
        if masks.size and good[b]:
            mask = masks[frame].reshape(height[b], width[b])
            for y in range(height[b]):
                for x in range(width[b]):
                    covered = min(max(canvas[y + PAD, x + PAD], 0.0), 1.0)
                    mask[y, x] = np.uint8(covered * 255.0 + 0.5)
