"""Compiled loops of sharpness: Gaussian, motion, defocus, resampling, bleeding ink, sharpening.

All work in place on coverage with PAD zero pixels around the frame, so none checks bounds.
"""

import math

import numpy as np

from datagen.drawing.placing import PAD
from ocrbase.compiled import compiled

_DISC_STEPS = 4  # samples per pixel and axis of a disc's edge


@compiled
def gauss(canvas, spare, sigma):
    """Separable Gaussian of a standard deviation in px, in place."""
    radius = min(PAD, max(1, math.ceil(2.6 * sigma)))
    kernel = np.empty(radius + 1, dtype=np.float32)
    total = 0.0
    for i in range(radius + 1):
        # The integral over a pixel, so that small deviations keep their size.
        scale = 1.0 / (sigma * math.sqrt(2.0))
        kernel[i] = math.erf((i + 0.5) * scale) - math.erf((i - 0.5) * scale)
        total += kernel[i] if i == 0 else 2.0 * kernel[i]
    for i in range(radius + 1):
        kernel[i] /= total
    rows, columns = canvas.shape
    inner = columns - 2 * PAD
    for y in range(rows):
        out = spare[y, PAD : PAD + inner]
        middle = canvas[y, PAD : PAD + inner]
        for x in range(inner):
            out[x] = kernel[0] * middle[x]
        for i in range(1, radius + 1):
            before = canvas[y, PAD - i : PAD - i + inner]
            after = canvas[y, PAD + i : PAD + i + inner]
            k = kernel[i]
            for x in range(inner):
                out[x] += k * (before[x] + after[x])
    for y in range(PAD, rows - PAD):
        out = canvas[y, PAD : PAD + inner]
        middle = spare[y, PAD : PAD + inner]
        for x in range(inner):
            out[x] = kernel[0] * middle[x]
        for i in range(1, radius + 1):
            above = spare[y - i, PAD : PAD + inner]
            below = spare[y + i, PAD : PAD + inner]
            k = kernel[i]
            for x in range(inner):
                out[x] += k * (above[x] + below[x])


@compiled
def motion(canvas, spare, length, angle):
    """Average along a segment of a length in px, in place; one tap per half pixel."""
    taps = 2 * math.ceil(length) + 1
    rows, columns = canvas.shape
    inner = columns - 2 * PAD
    spare[PAD : rows - PAD, PAD : PAD + inner] = 0.0
    for tap in range(taps):
        t = (tap / (taps - 1) - 0.5) * length
        dx, dy = t * math.cos(angle), t * math.sin(angle)
        ix, iy = math.floor(dx), math.floor(dy)
        fx, fy = np.float32(dx - ix), np.float32(dy - iy)
        one, share = np.float32(1.0), np.float32(1.0 / taps)
        a, b = (one - fy) * (one - fx) * share, (one - fy) * fx * share
        c, d = fy * (one - fx) * share, fy * fx * share
        for y in range(PAD, rows - PAD):
            out = spare[y, PAD : PAD + inner]
            r0 = canvas[y + iy, PAD + ix : PAD + ix + inner + 1]
            r1 = canvas[y + iy + 1, PAD + ix : PAD + ix + inner + 1]
            for x in range(inner):
                out[x] += a * r0[x] + b * r0[x + 1] + c * r1[x] + d * r1[x + 1]
    canvas[PAD : rows - PAD, PAD : PAD + inner] = spare[PAD : rows - PAD, PAD : PAD + inner]


@compiled
def defocus(canvas, spare, radius):
    """Spread each point over a disc of a radius in px, in place."""
    reach = min(PAD - 1, math.ceil(radius + 0.5))
    side = 2 * reach + 1
    kernel = np.zeros((side, side), dtype=np.float32)
    for i in range(side * _DISC_STEPS):
        for j in range(side * _DISC_STEPS):
            y = (i + 0.5) / _DISC_STEPS - 0.5 - reach
            x = (j + 0.5) / _DISC_STEPS - 0.5 - reach
            if x * x + y * y <= radius * radius:
                kernel[i // _DISC_STEPS, j // _DISC_STEPS] += np.float32(1.0)
    kernel /= kernel.sum()
    rows, columns = canvas.shape
    inner = columns - 2 * PAD
    for y in range(PAD, rows - PAD):
        out = spare[y, PAD : PAD + inner]
        out[:] = np.float32(0.0)
        for i in range(side):
            for j in range(side):
                k = kernel[i, j]
                if k > 0.0:
                    at = PAD - reach + j
                    row = canvas[y - reach + i, at : at + inner]
                    for x in range(inner):
                        out[x] += k * row[x]
    canvas[PAD : rows - PAD, PAD : PAD + inner] = spare[PAD : rows - PAD, PAD : PAD + inner]


@compiled
def sharpen(canvas, spare, copy, amount, scale):
    """Add what a blur of a standard deviation in px would take away; edges overshoot, in place."""
    copy[:] = canvas
    gauss(copy, spare, scale)
    gain = np.float32(amount)
    rows, columns = canvas.shape
    for y in range(PAD, rows - PAD):
        row, soft = canvas[y], copy[y]
        for x in range(PAD, columns - PAD):
            row[x] += gain * (row[x] - soft[x])


@compiled
def _sample_axis(count, coarse, index, fraction):
    """Where each of `count` positions falls on `coarse` positions over the same length."""
    for i in range(count):
        at = (i + 0.5) * coarse / count - 0.5
        at = min(max(at, 0.0), coarse - 1.001)
        index[i] = int(at)
        fraction[i] = at - index[i]


@compiled
def _resize(source, inset, from_rows, from_columns, target, outset, rows, columns):
    """Bilinear resize of one area into another; an area begins `inset` from both edges."""
    xi, xf = np.empty(columns, dtype=np.int32), np.empty(columns, dtype=np.float32)
    yi, yf = np.empty(rows, dtype=np.int32), np.empty(rows, dtype=np.float32)
    _sample_axis(columns, from_columns, xi, xf)
    _sample_axis(rows, from_rows, yi, yf)
    line = np.empty(from_columns, dtype=np.float32)
    for y in range(rows):
        upper = source[inset + yi[y], inset : inset + from_columns]
        lower = source[inset + yi[y] + 1, inset : inset + from_columns]
        f = yf[y]
        for x in range(from_columns):
            line[x] = upper[x] + f * (lower[x] - upper[x])
        out = target[outset + y, outset : outset + columns]
        for x in range(columns):
            i = xi[x]
            out[x] = line[i] + xf[x] * (line[i + 1] - line[i])


@compiled
def resample(canvas, spare, factor, width):
    """Shrink by a factor and enlarge again, as a small original would look.

    Bilinear sampling skips pixels from a factor of 2 on: a blur before it keeps thin strokes.
    """
    if factor > 2.0:
        gauss(canvas, spare, 0.3 * math.sqrt(factor * factor - 4.0))
    height = canvas.shape[0] - 2 * PAD
    rows, columns = max(8, round(height / factor)), max(8, round(width / factor))
    small = spare.reshape(spare.size)[: rows * columns].reshape(rows, columns)
    _resize(canvas, PAD, height, width, small, 0, rows, columns)
    _resize(small, 0, rows, columns, canvas, PAD, height, width)


@compiled
def bleed(canvas, spare, spread):
    """Let ink run: blur, then steepen, so that edges move outward."""
    gauss(canvas, spare, spread)
    for y in range(PAD, canvas.shape[0] - PAD):
        row = canvas[y]
        for x in range(row.shape[0]):
            row[x] = min(np.float32(1.0), np.float32(1.6) * row[x])
