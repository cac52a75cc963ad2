"""Glyph masks, rasterised once per face, size and character and kept for every later line.

FreeType draws each glyph at about twice the size that a line needs. A 2×2 box filter over those
texels is the exact area average of one output pixel, so a single bilinear sample per output pixel
gives antialiased text at any sub-pixel place, scale and turn: one resampling, no blur of its own.

Lines as a screen draws them take glyphs of their own size, unfiltered, a texel for a pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.drawing.raster import Raster
from datagen.drawing.rasteriser import Rasteriser
from datagen.drawing.texels import BORDER, box_filter, with_strokes
from fonts import Face, coverage

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

RESAMPLED = -1  # in place of a `Raster`: filtered, to be resampled
OVERSAMPLING = 1.8  # texels per output pixel, at least
LADDER_STEP = 1.25
MIN_LEVEL_PX = 16.0
LEVELS = tuple(round(MIN_LEVEL_PX * LADDER_STEP**i) for i in range(8))  # up to 76 px
MAX_SIZE_PX = 127
MAX_RADIUS = 3.0  # texels that an edge moves at most
# Room for most glyphs of thirteen faces at the three levels that lines use, about 200,000: one
# costs a quarter of a line to rasterise, so dropping them slows the lines for a while.
CAPACITY_BYTES = 400 << 20
_BATCH_BYTES = 32 << 20  # that one batch may add when the arena is just full
_METRIC_SIZE_PX = 256


@dataclass(frozen=True, slots=True)
class GlyphTable:
    """Rasterised glyphs as flat arrays, indexed by slot, for compiled loops.

    Attributes:
        arena: texels of all glyphs, uint8, each with a border of one zero.
        own: texels of glyphs that were made for these lines alone, likewise.
        start: first texel of each glyph in the arena; -1 - the first one in `own` for one there.
        width, height: texels, border included; 0 for a glyph without ink.
        left, top: place of the ink's upper left corner from the pen, in texels (y downward).
    """

    arena: NDArray[np.uint8]
    own: NDArray[np.uint8]
    start: NDArray[np.int64]
    width: NDArray[np.int32]
    height: NDArray[np.int32]
    left: NDArray[np.int32]
    top: NDArray[np.int32]

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """What compiled loops read, in the order of the fields."""
        return self.arena, self.own, self.start, self.width, self.height, self.left, self.top

    def with_strokes(
        self, slots: NDArray[np.int32], radius: FloatArray
    ) -> tuple[NDArray[np.int32], "GlyphTable"]:
        """Slots of a table in which each character has a glyph of its own, its edges moved.

        Args:
            slots: of unfiltered glyphs where the radius is not 0, (B, L).
            radius: texels outward, negative inward, (B, L).
        """
        at, moves = slots.ravel(), np.clip(radius.ravel(), -MAX_RADIUS, MAX_RADIUS)
        start, left, top = self.start[at], self.left[at], self.top[at]
        width, height = self.width[at], self.height[at]
        k = np.flatnonzero((moves != 0.0) & (width > 0))
        grow = np.ceil(np.abs(moves[k])).astype(np.int32)
        sizes = (width[k] + 2 * grow).astype(np.int64) * (height[k] + 2 * grow)
        to = np.cumsum(sizes) - sizes
        own = np.empty(int(sizes.sum()), dtype=np.uint8)
        with_strokes(self.arena, start[k], width[k], height[k], moves[k], to, own)
        start[k] = -1 - to
        for corner in (left, top):
            corner[k] -= grow
        for extent in (width, height):
            extent[k] += 2 * grow
        every = np.arange(slots.size, dtype=np.int32).reshape(slots.shape)
        return every, GlyphTable(self.arena, own, start, width, height, left, top)


class GlyphCache:
    """Rasterises what a batch needs and remembers it, within a bounded arena.

    When the arena is full everything is dropped and drawn again as needed: bytes of images do not
    depend on what the cache holds. Threads may share it: see `batch`.
    """

    def __init__(
        self, faces: Sequence[Face], alphabet: Alphabet, capacity_bytes: int = CAPACITY_BYTES
    ) -> None:
        self.faces = tuple(faces)
        self.alphabet = alphabet
        self.capacity_bytes = capacity_bytes
        self.drawable = drawable_classes(self.faces, alphabet)  # (C, F) bool
        self._rasterisers: dict[int, Rasteriser] = {}
        self._lock = RLock()
        self._advance = np.full((len(faces), len(alphabet)), np.nan, dtype=np.float32)
        self._reset()

    def _reset(self) -> None:
        # A row of slots, one per class, for each face, size and raster that lines have asked for.
        self._row = np.full((len(self.faces), MAX_SIZE_PX + 1, len(Raster) + 1), -1, np.int32)
        self._slot = np.zeros((0, len(self.alphabet)), dtype=np.int32)
        # Zeros take memory only where they are written; growing would copy, and double the peak.
        self._arena = np.zeros(self.capacity_bytes + _BATCH_BYTES, dtype=np.uint8)
        self._used = 0
        self._start = np.zeros(4096, dtype=np.int64)
        self._boxes = np.zeros((4, 4096), dtype=np.int32)  # width, height, left, top
        self._count = 0

    def batch(
        self,
        face: IntArray,
        size_px: IntArray,
        class_ids: IntArray,
        raster: IntArray | None = None,
        embolden_em: NDArray[np.floating[Any]] | None = None,
    ) -> tuple[NDArray[np.int32], GlyphTable]:
        """`slots` and the `table` that they point into, while other threads draw other lines.

        The table's arrays stay as they are: glyphs are added behind them, or to new arrays.

        Args:
            face, size_px, class_ids, raster: as of `slots`.
            embolden_em: what the strokes of each character gain in width, (B, L); of resampled
                lines alone.
        """
        resampled = np.ones((len(face), 1), np.bool_) if raster is None else raster[:, None] < 0
        if embolden_em is None or not (moved := resampled & (embolden_em != 0.0)).any():
            with self._lock:
                return self.slots(face, size_px, class_ids, raster), self.table()
        rasters = np.broadcast_to(RESAMPLED if raster is None else raster[:, None], face.shape)
        rasters = np.where(moved, int(Raster.HINTED), rasters)
        with self._lock:
            slots, table = self.slots(face, size_px, class_ids, rasters), self.table()
        radius = np.where(moved, 0.5 * embolden_em * size_px[:, None], 0.0)
        return table.with_strokes(slots, radius.astype(np.float32))

    def advances(self, face: IntArray, class_ids: IntArray) -> FloatArray:
        """Pen advance of each character in em, (B, L); 0 for the blank.

        Args:
            face: face of each character, (B, L).
            class_ids: (B, L), the blank beyond a line's end.
        """
        known = self._advance
        missing = np.isnan(known[face, class_ids])
        if missing.any():
            self._measure(face[missing], class_ids[missing])
        result: FloatArray = known[face, class_ids]
        return result

    def _measure(self, face: IntArray, class_ids: IntArray) -> None:
        with self._lock:
            for f, c in sorted(set(zip(face.tolist(), class_ids.tolist(), strict=True))):
                symbol = self.alphabet.symbols[c]
                font = self._rasteriser(f)
                length = font.advance_px(symbol, _METRIC_SIZE_PX) if symbol else 0.0
                self._advance[f, c] = length / _METRIC_SIZE_PX

    def slots(
        self,
        face: IntArray,
        size_px: IntArray,
        class_ids: IntArray,
        raster: IntArray | None = None,
    ) -> NDArray[np.int32]:
        """Slot of each character in `table()`, (B, L), rasterising what is not there yet.

        Args:
            face: face of each character, (B, L).
            size_px: em size of each line's glyphs, (B,), at most MAX_SIZE_PX.
            class_ids: (B, L), the blank beyond a line's end.
            raster: how they are rasterised, a `Raster` or RESAMPLED, (B,) or (B, L); all
                RESAMPLED where None.
        """
        if raster is None:
            kind = np.zeros((1, 1), dtype=np.int64)
        else:
            kind = (raster if raster.ndim == 2 else raster[:, None]) + 1
        keys = tuple(np.broadcast_arrays(face, size_px[:, None], kind))
        rows = self._rows(*keys)
        slots = self._slot[rows, class_ids]
        if (slots < 0).any():
            if self._used > self.capacity_bytes:
                self._reset()
                slots = np.full(class_ids.shape, -1, dtype=np.int32)
                rows = self._rows(*keys)
            self._fill((rows, *keys), class_ids, slots < 0)
            slots = self._slot[rows, class_ids]
        return slots

    def table(self) -> GlyphTable:
        """The arrays that `slots` points into; valid until the next call of `slots`."""
        width, height, left, top = self._boxes[:, : self._count]
        none = self._arena[:0]
        return GlyphTable(self._arena, none, self._start[: self._count], width, height, left, top)

    def _rows(self, face: IntArray, size_px: IntArray, kind: IntArray) -> NDArray[np.int32]:
        """Row of `_slot` of each character, (B, L); adds those that are not there yet."""
        rows = self._row[face, size_px, kind]
        if (rows < 0).any():
            new = np.zeros(self._row.shape, dtype=np.bool_)
            new[face, size_px, kind] = True
            new &= self._row < 0
            self._row[new] = len(self._slot) + np.arange(new.sum(), dtype=np.int32)
            added = np.full((int(new.sum()), len(self.alphabet)), -1, dtype=np.int32)
            self._slot = np.concatenate([self._slot, added])
            rows = self._row[face, size_px, kind]
        return rows

    def _fill(
        self,
        keys: tuple[NDArray[Any], ...],
        class_ids: IntArray,
        missing: NDArray[np.bool_],
    ) -> None:
        """Rasterise characters by (row, face, size_px, kind), each (B, L), that are missing."""
        columns = [key[missing].tolist() for key in (*keys, class_ids)]
        for row, face, size_px, kind, c in sorted(set(zip(*columns, strict=True))):
            self._slot[row, c] = self._rasterise(face, size_px, kind - 1, c)

    def _rasterise(self, face: int, size_px: int, raster: int, class_id: int) -> int:
        symbol = self.alphabet.symbols[class_id]
        if not symbol:
            return self._add(np.zeros((0, 0), dtype=np.uint8), 0, 0, raster)
        font = self._rasteriser(face)
        if raster != RESAMPLED:
            return self._add(*font.mask(symbol, size_px, Raster(raster)), raster)
        ink, left, top = font.mask(symbol, size_px, Raster.HINTED)
        if not ink.size:
            return self._add(ink, left, top, raster)
        # The box holds the pen and the next pen: in its middle a warped line is linearised.
        height, width = ink.shape
        x, y = min(left, 0), min(top, 0)
        right = max(left + width, round(font.drawn_advance_px))
        box = np.zeros((max(top + height, 0) - y, right - x), dtype=np.uint8)
        box[top - y : top - y + height, left - x : left - x + width] = ink
        return self._add(box, x, y, raster)

    def _add(self, texels: NDArray[np.uint8], left: int, top: int, raster: int) -> int:
        """Put texels into the arena, with a border of one zero; returns the slot."""
        height, width = (n + BORDER if texels.size else 0 for n in texels.shape)
        start, end = self._used, self._used + height * width
        if end > len(self._arena):
            grown = np.zeros(max(end, 2 * len(self._arena)), dtype=np.uint8)
            grown[:start] = self._arena[:start]
            self._arena = grown
        if self._count == len(self._start):
            self._start = np.concatenate([self._start, np.zeros_like(self._start)])
            self._boxes = np.concatenate([self._boxes, np.zeros_like(self._boxes)], axis=1)
        if texels.size and raster == RESAMPLED:
            box_filter(texels, self._arena[start:end])
        elif texels.size:
            stored = self._arena[start:end].reshape(height, width)
            stored[1 : 1 - BORDER, 1 : 1 - BORDER] = texels
        self._start[self._count] = start
        self._boxes[:, self._count] = (width, height, left, top)
        self._used, self._count = end, self._count + 1
        return self._count - 1

    def _rasteriser(self, face: int) -> Rasteriser:
        if face not in self._rasterisers:
            self._rasterisers[face] = Rasteriser(self.faces[face])
        return self._rasterisers[face]


def level_for(size_px: NDArray[np.floating[Any]]) -> IntArray:
    """The smallest size of LEVELS that oversamples an em size enough, in px, (B,)."""
    wanted = np.asarray(size_px, dtype=np.float64) * OVERSAMPLING
    levels = np.array(LEVELS)
    return levels[np.minimum(np.searchsorted(levels, wanted), len(levels) - 1)]


def drawable_classes(faces: Sequence[Face], alphabet: Alphabet) -> NDArray[np.bool_]:
    """Whether a face has a glyph for a class, by its cmap, (C, F); True for the blank."""
    table = np.zeros((len(alphabet), len(faces)), dtype=np.bool_)
    for f, face in enumerate(faces):
        points = coverage(face)
        table[:, f] = [not symbol or ord(symbol) in points for symbol in alphabet.symbols]
    return table
