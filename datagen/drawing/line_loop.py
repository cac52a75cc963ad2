"""The compiled loop over lines: set, finish, next, all in buffers that stay in the cache."""

import numpy as np

from datagen.drawing.finishing import finish_line
from datagen.drawing.look_columns import Look
from datagen.drawing.placing import PAD, set_line
from ocrbase.compiled import compiled


@compiled
def draw_lines(
    looks,
    slots,
    lengths,
    setting,
    levels_px,
    glyphs,
    seeds,
    grounds,
    images,
    masks,
    centres,
    quads,
    good,
):
    """Draw B lines into gray images.

    Args:
        looks: (B, len(Look)); FIT, INK and GROUND receive what was really drawn.
        slots: slot of each character in `glyphs`, (B, L) int32.
        lengths: characters of each line, (B,).
        setting: (advance, gap, shift, rise, factor) of `Typesetting`, each (B, L).
        levels_px: size at which the glyphs of each line were rasterised, (B,).
        glyphs: (arena, start, width, height, left, top) of `GlyphTable`.
        seeds: a random word of each line, (B,) uint32.
        grounds: background images, (B, H, W) float32 around 0, or (B, 0, 0) for none.
        images: receives gray levels, (B, H, W) uint8; only the line's own width is written.
        masks: receives coverage from 0 to 255, (B, H, W) uint8, or (B, 0, 0) for none.
        centres: receives x of the centres of the characters' boxes, (B, L).
        quads: receives their corners, (B, L, 4, 2).
        good: receives whether the line could be drawn, (B,) bool.
    """
    height = images.shape[1]
    advance, gap, shift, rise, factor = setting
    reaches, box = np.zeros((slots.shape[1], 4), dtype=np.int32), np.empty(4)
    rows = height + 2 * PAD
    buffers = np.zeros((2, rows * (images.shape[2] + 2 * PAD)), dtype=np.float32)
    for b in range(looks.shape[0]):
        if not good[b]:
            continue
        width = int(looks[b, Look.WIDTH])
        # Contiguous arrays of the line's own width: compiled loops vectorise over their rows.
        columns = width + 2 * PAD
        canvas = buffers[0, : rows * columns].reshape(rows, columns)
        spare = buffers[1, : rows * columns].reshape(rows, columns)
        good[b] = set_line(
            looks[b], slots[b], lengths[b],
            (advance[b], gap[b], shift[b], rise[b], factor[b]),
            levels_px[b], glyphs, canvas, centres[b], quads[b], reaches, box,
        ) and finish_line(
            canvas, spare, looks[b], lengths[b], reaches, box, seeds[b], grounds[b], images[b],
        )  # fmt: skip
        if masks.shape[1] and good[b]:
            for y in range(height):
                for x in range(width):
                    masks[b, y, x] = np.uint8(canvas[y + PAD, x + PAD] * 255.0 + 0.5)
