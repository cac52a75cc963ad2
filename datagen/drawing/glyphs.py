"""Glyph masks, rasterised once per face, size and character and kept for every later line.

FreeType draws each glyph at about twice the size that a line needs. A 2×2 box filter over those
texels is the exact area average of one output pixel, so a single bilinear sample per output pixel
gives antialiased text at any sub-pixel place, scale and turn: one resampling, no blur of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFont

from datagen.alphabet import Alphabet
from datagen.drawing.texels import box_filter
from datagen.errors import RenderError
from fonts import Face, coverage

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

OVERSAMPLING = 1.8  # texels per output pixel, at least
LADDER_STEP = 1.25
MIN_LEVEL_PX = 16.0
LEVELS = tuple(round(MIN_LEVEL_PX * LADDER_STEP**i) for i in range(8))  # up to 76 px
# Room for most glyphs of thirteen faces at the three levels that lines use, about 200,000: one
# costs as much to rasterise as a whole line to draw, so dropping them halves the rate for a while.
CAPACITY_BYTES = 400 << 20
_BATCH_BYTES = 8 << 20  # that one batch may add when the arena is just full
_METRIC_SIZE_PX = 256


@dataclass(frozen=True, slots=True)
class GlyphTable:
    """Rasterised glyphs as flat arrays, indexed by slot, for compiled loops.

    Attributes:
        arena: box-filtered texels of all glyphs, uint8, each with a border of one zero.
        start: first texel of each glyph in the arena.
        width, height: texels, border included; 0 for a glyph without ink.
        left, top: place of the ink's upper left corner from the pen, in texels (y downward).
    """

    arena: NDArray[np.uint8]
    start: NDArray[np.int64]
    width: NDArray[np.int32]
    height: NDArray[np.int32]
    left: NDArray[np.int32]
    top: NDArray[np.int32]


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
        self._fonts: dict[tuple[int, int], ImageFont.FreeTypeFont] = {}
        self._lock = RLock()
        self._advance = np.full((len(faces), len(alphabet)), np.nan, dtype=np.float32)
        self._reset()

    def _reset(self) -> None:
        shape = (len(self.faces), len(LEVELS), len(self.alphabet))
        self._slot = np.full(shape, -1, dtype=np.int32)
        # Zeros take memory only where they are written; growing would copy, and double the peak.
        self._arena = np.zeros(self.capacity_bytes + _BATCH_BYTES, dtype=np.uint8)
        self._used = 0
        self._start = np.zeros(4096, dtype=np.int64)
        self._boxes = np.zeros((4, 4096), dtype=np.int32)  # width, height, left, top
        self._count = 0

    def batch(
        self, face: IntArray, level: IntArray, class_ids: IntArray
    ) -> tuple[NDArray[np.int32], GlyphTable]:
        """`slots` and the `table` that they point into, while other threads draw other lines.

        Args: as of `slots`.

        The table's arrays stay as they are: glyphs are added behind them, or to new arrays.
        """
        with self._lock:
            return self.slots(face, level, class_ids), self.table()

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
                length = self._font(f, _METRIC_SIZE_PX).getlength(symbol) if symbol else 0.0
                self._advance[f, c] = length / _METRIC_SIZE_PX

    def slots(self, face: IntArray, level: IntArray, class_ids: IntArray) -> NDArray[np.int32]:
        """Slot of each character in `table()`, (B, L), rasterising what is not there yet.

        Args:
            face: face of each character, (B, L).
            level: of each line, (B,).
            class_ids: (B, L), the blank beyond a line's end.
        """
        slots = self._slot[face, level[:, None], class_ids]
        if (slots < 0).any():
            if self._used > self.capacity_bytes:
                self._reset()
                slots = np.full(class_ids.shape, -1, dtype=np.int32)
            self._fill(face, level, class_ids, slots < 0)
            slots = self._slot[face, level[:, None], class_ids]
        return slots

    def table(self) -> GlyphTable:
        """The arrays that `slots` points into; valid until the next call of `slots`."""
        width, height, left, top = self._boxes[:, : self._count]
        return GlyphTable(self._arena, self._start[: self._count], width, height, left, top)

    def _fill(
        self, face: IntArray, level: IntArray, class_ids: IntArray, missing: NDArray[np.bool_]
    ) -> None:
        keys = (face[missing], level[np.nonzero(missing)[0]], class_ids[missing])
        wanted = set(zip(*(key.tolist() for key in keys), strict=True))
        for key in sorted(wanted):
            self._slot[key] = self._rasterise(*key)

    def _rasterise(self, face: int, level: int, class_id: int) -> int:
        symbol = self.alphabet.symbols[class_id]
        if symbol:
            font = self._font(face, LEVELS[level])
            mask, (left, top) = font.getmask2(symbol, mode="L", anchor="ls")
            width, height = mask.size
        if not symbol or width == 0 or height == 0:
            return self._add(np.zeros((0, 0), dtype=np.uint8), 0, 0)
        # As an image the mask gives its bytes at once; by itself it gives them pixel by pixel.
        data = Image.Image()._new(mask).tobytes()  # type: ignore[no-untyped-call,unused-ignore]
        texels = np.frombuffer(data, dtype=np.uint8).reshape(height, width)
        return self._add(texels, left, top)

    def _add(self, texels: NDArray[np.uint8], left: int, top: int) -> int:
        """Filter texels into the arena, with a border of one zero; returns the slot."""
        height, width = (n + 3 if n else 0 for n in texels.shape)
        start, end = self._used, self._used + height * width
        if end > len(self._arena):
            grown = np.zeros(max(end, 2 * len(self._arena)), dtype=np.uint8)
            grown[:start] = self._arena[:start]
            self._arena = grown
        if self._count == len(self._start):
            self._start = np.concatenate([self._start, np.zeros_like(self._start)])
            self._boxes = np.concatenate([self._boxes, np.zeros_like(self._boxes)], axis=1)
        if texels.size:
            box_filter(texels, self._arena[start:end])
        self._start[self._count] = start
        self._boxes[:, self._count] = (width, height, left, top)
        self._used, self._count = end, self._count + 1
        return self._count - 1

    def _font(self, face: int, size_px: int) -> ImageFont.FreeTypeFont:
        key = (face, size_px)
        if key not in self._fonts:
            self._fonts[key] = open_font(self.faces[face], size_px)
        return self._fonts[key]


def open_font(face: Face, size_px: int) -> ImageFont.FreeTypeFont:
    """Open a face at an em size, without complex layout: one character, one glyph.

    Raises:
        RenderError: if FreeType cannot read the file.
    """
    basic = ImageFont.Layout.BASIC
    try:
        font = ImageFont.truetype(str(face.path), size_px, face.index, layout_engine=basic)
        if face.axes:
            font.set_variation_by_axes([value for _, value in face.axes])
    except OSError as error:
        raise RenderError(f"cannot open the face {face.name} ({face.path}): {error}") from error
    return font


def level_for(size_px: NDArray[np.floating[Any]]) -> IntArray:
    """The smallest level that oversamples an em size enough, (B,)."""
    wanted = np.asarray(size_px, dtype=np.float64) * OVERSAMPLING
    return np.minimum(np.searchsorted(np.array(LEVELS), wanted), len(LEVELS) - 1)


def drawable_classes(faces: Sequence[Face], alphabet: Alphabet) -> NDArray[np.bool_]:
    """Whether a face has a glyph for a class, by its cmap, (C, F); True for the blank."""
    table = np.zeros((len(alphabet), len(faces)), dtype=np.bool_)
    for f, face in enumerate(faces):
        points = coverage(face)
        table[:, f] = [not symbol or ord(symbol) in points for symbol in alphabet.symbols]
    return table
