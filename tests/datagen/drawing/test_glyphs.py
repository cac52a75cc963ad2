"""Glyphs: what FreeType draws, moved strokes, and characters that stand on whole pixels."""

import numpy as np
import pytest

from datagen.alphabet import builtin
from datagen.drawing.engine import LineEngine
from datagen.drawing.glyphs import LEVELS, RESAMPLED, GlyphCache, GlyphTable
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.raster import Raster
from datagen.drawing.rasteriser import Rasteriser
from datagen.drawing.style import load_style
from datagen.drawing.texels import BORDER
from datagen.errors import RenderError
from fonts import Face, select
from tests.support.drawn_lines import gray, texts_of

FACES = select(("arphic-song-gb", "noto-sans-sc-bold", "zcool-kuaile"))
TEXT = "酬爱郁警鹰骨画述"


def _moved(ink: np.ndarray, radius: float) -> np.ndarray:
    """Coverage of one glyph after its edges moved, as the filter stores it."""
    height, width = (n + BORDER for n in ink.shape)
    arena = np.zeros((height, width), dtype=np.uint8)
    arena[1 : 1 - BORDER, 1 : 1 - BORDER] = ink
    extents = (np.array([n], dtype=np.int32) for n in (width, height, 0, 0))
    table = GlyphTable(arena.ravel(), arena.ravel()[:0], np.zeros(1, dtype=np.int64), *extents)
    slots = np.zeros((1, 1), dtype=np.int32)
    _, own = table.with_strokes(slots, np.full((1, 1), radius, dtype=np.float32))
    assert own.start[0] == -1
    return own.own.reshape(own.height[0], own.width[0]) / 255.0


@pytest.mark.parametrize("radius", [-1.2, -0.4, 0.3, 1.0, 1.7])
def test_straight_edges_move_by_the_radius(radius: float) -> None:
    bar = np.full((40, 9), 255, dtype=np.uint8)
    bar[:, 0] = 100  # an edge between texels
    covered = 8 + 100 / 255
    middle = _moved(bar, radius)[20:25].sum(axis=1)
    np.testing.assert_allclose(middle, covered + 2.0 * radius, atol=0.06)


def test_gaps_stay_open_and_thin_strokes_stay() -> None:
    stripes = np.zeros((30, 20), dtype=np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255  # strokes and gaps of two texels
    wide = _moved(stripes, 1.0)[10:20]
    gaps = wide[:, 5:20].min(axis=1)
    assert gaps.max() < 0.5
    hair = np.zeros((30, 11), dtype=np.uint8)
    hair[:, 5] = 255
    assert _moved(hair, -0.7)[10:20].sum(axis=1).min() > 0.5


@pytest.mark.parametrize("name", ["arphic-song-gb", "noto-sans-sc-bold"])
def test_emboldened_lines_have_more_ink_at_the_same_places(name: str) -> None:
    engine = LineEngine(load_style("plain"), select([name]), builtin(), 1, masks=True)
    ink, centres = [], []
    for em in (-0.03, -0.01, 0.0, 0.02, 0.05, 0.08):
        looks = draw_looks(load_style("plain"), 1, np.arange(1))
        looks[:, Look.EMBOLDEN] = em
        drawn = engine.draw_with(looks, texts_of(TEXT), np.arange(1))
        assert drawn.masks is not None
        mask = gray(drawn.masks[0])
        assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) <= 40
        ink.append(int(mask.sum(dtype=np.int64)))
        centres.append(drawn.centres[0])
    assert ink == sorted(ink)
    assert ink[-1] > 1.4 * ink[0]
    np.testing.assert_allclose(centres, np.broadcast_to(centres[2], np.shape(centres)), atol=1.0)


@pytest.mark.parametrize("raster", list(Raster))
@pytest.mark.parametrize("native", [20, 32])
def test_a_texel_is_a_pixel_where_characters_are_rasterised_for_the_screen(
    raster: Raster, native: int
) -> None:
    face = FACES[0]
    engine = LineEngine(load_style("plain"), [face], builtin(), 1, masks=True)
    looks = draw_looks(load_style("plain"), 1, np.arange(1))
    looks[:, Look.RASTER], looks[:, Look.NATIVE] = 1 + raster, native
    _, (coverage,), *_ = engine._pixels(texts_of(TEXT), np.arange(1), looks, 0)
    size_px = looks[0, Look.SIZE] * native / 32
    assert size_px == round(size_px)
    if raster is Raster.MONO:
        assert set(np.unique(coverage)) == {0, 255}
    font = Rasteriser(face)
    for character in TEXT:
        # Neighbours may share a pixel at the sides, which the filter of subpixels widens.
        mask = font.mask(character, round(size_px), raster)[0][:, 2:-2]
        windows = np.lib.stride_tricks.sliding_window_view(coverage, mask.shape)
        assert (windows == mask).all(axis=(2, 3)).any(), character


def test_black_and_white_needs_pixels_enough() -> None:
    engine = LineEngine(load_style("plain"), FACES[:1], builtin(), 1)
    looks = draw_looks(load_style("plain"), 1, np.arange(1))
    looks[:, Look.RASTER], looks[:, Look.NATIVE] = 1 + Raster.MONO, 16
    engine.draw_with(looks, texts_of(TEXT), np.arange(1))
    assert looks[0, Look.RASTER] == 1 + Raster.HINTED


def test_the_same_masks_as_pillow_draws() -> None:
    """Two libraries with a FreeType each agree on every glyph's ink."""
    from PIL import Image

    from fonts.specimen import open_font

    symbols = "永国g，一"
    ids = np.array([[builtin().symbols.index(c) for c in symbols]])
    for f, face in enumerate(FACES):
        cache = GlyphCache(FACES, builtin())
        for size_px in LEVELS[1:4]:
            font = open_font(face, size_px)
            slots, table = cache.batch(np.full_like(ids, f), np.array([size_px]), ids)
            for symbol, slot in zip(symbols, slots[0], strict=True):
                ink = Image.Image()._new(font.getmask2(symbol, mode="L")[0])
                start, size = table.start[slot], table.width[slot] * table.height[slot]
                stored = table.arena[start : start + size]
                texels = np.asarray(ink, dtype=np.float64)
                np.testing.assert_allclose(stored.sum(), texels.sum(), rtol=0.01)


def test_resampled_and_exact_glyphs_of_one_size_are_kept_apart() -> None:
    cache = GlyphCache(FACES, builtin())
    ids, face, size = np.array([[417]]), np.zeros((1, 1), dtype=np.int64), np.array([20])
    kinds = [np.array([kind]) for kind in (RESAMPLED, *Raster)]
    first = [cache.batch(face, size, ids, kind)[0][0, 0] for kind in kinds]
    again = [cache.batch(face, size, ids, kind)[0][0, 0] for kind in kinds]
    assert first == again
    assert len(set(first)) == len(kinds)


def test_a_face_that_is_gone_is_named() -> None:
    gone = Face("gone", FACES[0].path.parent / "gone.ttf", 0, "song", 400, "", 1.0, (), "0" * 64)
    with pytest.raises(RenderError, match="cannot open the face gone"):
        Rasteriser(gone)
