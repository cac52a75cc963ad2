"""The compiled filter that glyphs pass on their way into the arena."""

import numpy as np

from ocrbase.compiled import compiled


@compiled
def box_filter(texels, out):
    """Average 2×2 neighbours, (h, w) uint8, into out, (h + 3) (w + 3) uint8 with a zero border."""
    height, width = texels.shape
    columns = width + 3
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
