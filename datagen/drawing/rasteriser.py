"""Glyphs of one face as FreeType rasterises them: resampled later, or exactly as a screen would.

FreeType by its own interface, since Pillow loads each glyph twice, has no unhinted, light or
subpixel rendering, and takes twice the time.
"""

import ctypes
import weakref
from typing import Any

import freetype.raw as ft
import numpy as np
from numpy.typing import NDArray

from datagen.drawing.raster import Raster
from datagen.errors import RenderError
from fonts import Face

Texels = NDArray[np.uint8]

_LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue, ITU-R BT.601
_LCD_FILTER_DEFAULT = 1
_NO_PROGRAM_BYTES = 7  # up to which a control value program does nothing, as FreeType sees it


_LOAD = {
    Raster.HINTED: ft.FT_LOAD_TARGET_NORMAL,
    Raster.UNHINTED: ft.FT_LOAD_NO_HINTING,
    Raster.LIGHT: ft.FT_LOAD_TARGET_LIGHT,
    Raster.MONO: ft.FT_LOAD_TARGET_MONO,
    Raster.SUBPIXEL: ft.FT_LOAD_TARGET_LIGHT,
}
_RENDER = {
    Raster.MONO: ft.FT_RENDER_MODE_MONO,
    Raster.SUBPIXEL: ft.FT_RENDER_MODE_LCD,
}
_library: list[Any] = []  # FreeType's state of this process, once it is opened


class Rasteriser:
    """One open face; not for several threads at once.

    Raises:
        RenderError: if FreeType cannot read the file.
    """

    def __init__(self, face: Face) -> None:
        self._name = f"{face.name} ({face.path})"
        self._face = ft.FT_Face()
        path = str(face.path).encode()
        self._check(ft.FT_New_Face(_opened(), path, face.index, ctypes.byref(self._face)), "open")
        weakref.finalize(self, ft.FT_Done_Face, self._face)
        self._sizes: dict[int, Any] = {}
        self._active_px = 0
        self._hinted = ft.FT_LOAD_NO_BITMAP
        if self._lacks_hints():
            # What newer versions do by themselves.
            self._hinted |= ft.FT_LOAD_FORCE_AUTOHINT
        if face.axes:
            values = (ft.FT_Fixed * len(face.axes))(*(round(v * 65536) for _, v in face.axes))
            done = ft.FT_Set_Var_Design_Coordinates(self._face, len(face.axes), values)
            self._check(done, "set the axes of")

    def mask(self, symbol: str, size_px: int, raster: Raster) -> tuple[Texels, int, int]:
        """Coverage of a character at an em size.

        Returns:
            coverage from 0 to 255 (height, width), and where its upper left corner lies from the
            pen: x, and y downward from the baseline.
        """
        self._activate(size_px)
        flags = self._hinted if raster is Raster.HINTED else ft.FT_LOAD_NO_BITMAP
        slot = self._load(symbol, flags | _LOAD[raster])
        mode = _RENDER.get(raster, ft.FT_RENDER_MODE_NORMAL)
        self._check(ft.FT_Render_Glyph(slot, mode), f"draw {symbol} in")
        bitmap = slot.contents.bitmap
        rows, pitch = bitmap.rows, bitmap.pitch
        data = ctypes.string_at(bitmap.buffer, rows * pitch) if rows else b""
        stored = np.frombuffer(data, dtype=np.uint8).reshape(rows, max(pitch, 0))
        texels = _gray(stored, bitmap.width, raster)
        return texels, slot.contents.bitmap_left, -slot.contents.bitmap_top

    @property
    def drawn_advance_px(self) -> float:
        """Distance from the pen of the glyph that was drawn last to the next pen position."""
        return float(self._face.contents.glyph.contents.metrics.horiAdvance) / 64.0

    def advance_px(self, symbol: str, size_px: int) -> float:
        """Distance to the next pen position at an em size."""
        self._activate(size_px)
        self._load(symbol, self._hinted)
        return self.drawn_advance_px

    def _load(self, symbol: str, flags: int) -> Any:
        self._check(ft.FT_Load_Char(self._face, ord(symbol), flags), f"load {symbol} of")
        return self._face.contents.glyph

    def _activate(self, size_px: int) -> None:
        """Make a size the current one; hinting programs run once per size."""
        if size_px == self._active_px:
            return
        if size_px in self._sizes:
            self._check(ft.FT_Activate_Size(self._sizes[size_px]), "size")
        else:
            size = ft.FT_Size()
            self._check(ft.FT_New_Size(self._face, ctypes.byref(size)), "size")
            self._check(ft.FT_Activate_Size(size), "size")
            self._check(ft.FT_Set_Pixel_Sizes(self._face, 0, size_px), "size")
            self._sizes[size_px] = size
        self._active_px = size_px

    def _lacks_hints(self) -> bool:
        return self._table_bytes(b"glyf") > 0 and not (
            self._table_bytes(b"fpgm") or self._table_bytes(b"prep") > _NO_PROGRAM_BYTES
        )

    def _table_bytes(self, tag: bytes) -> int:
        length = ft.FT_ULong(0)
        number = int.from_bytes(tag, "big")
        missing = ft.FT_Load_Sfnt_Table(self._face, number, 0, None, ctypes.byref(length))
        return 0 if missing else int(length.value)

    def _check(self, error: int, what: str) -> None:
        if error:
            raise RenderError(f"cannot {what} the face {self._name}: FreeType error {error:#04x}")


def _opened() -> Any:
    if not _library:
        handle = ft.FT_Library()
        if error := ft.FT_Init_FreeType(ctypes.byref(handle)):
            raise RenderError(f"FreeType cannot be started: error {error:#04x}")
        # Refused by builds without this filter, whose own one needs no setting.
        ft.FT_Library_SetLcdFilter(handle, _LCD_FILTER_DEFAULT)
        _library.append(handle)
    return _library[0]


def _gray(stored: Texels, width: int, raster: Raster) -> Texels:
    """Coverage of a bitmap as FreeType stores it, (height, pitch), in one byte per pixel."""
    if raster is Raster.MONO:
        return np.unpackbits(stored, axis=1)[:, :width] * np.uint8(255)
    if raster is Raster.SUBPIXEL:
        colours = stored[:, :width].reshape(len(stored), width // 3, 3)
        gray: Texels = np.rint(colours @ _LUMA).astype(np.uint8)
        return gray
    return stored[:, :width]
