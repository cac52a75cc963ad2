"""Where the characters of a line stand, and in which face, measured in tables and in pixels."""

import numpy as np

from datagen.alphabet import builtin
from datagen.drawing.glyphs import GlyphCache
from fonts import select

SANS, SERIF = 0, 1
FACES = select(("noto-sans-sc-regular", "noto-serif-sc-regular"))


def test_each_character_comes_from_its_own_face() -> None:
    ids = np.array([builtin().encode("AgAg")], dtype=np.int64)
    level = np.zeros(1, dtype=np.int64)
    mixed = np.array([[SANS, SERIF, SERIF, SANS]])
    cache = GlyphCache(FACES, builtin())
    one, other = (np.full((1, 4), face) for face in (SANS, SERIF))
    slots = {name: cache.slots(f, level, ids)[0] for name, f in [("one", one), ("other", other)]}
    expected = np.where(mixed[0] == SANS, slots["one"], slots["other"])
    np.testing.assert_array_equal(cache.slots(mixed, level, ids)[0], expected)
    assert len(set(expected.tolist())) == 4
    wide, narrow = cache.advances(one, ids), cache.advances(other, ids)
    np.testing.assert_array_equal(cache.advances(mixed, ids), np.where(mixed == SANS, wide, narrow))
    assert (wide != narrow).all()
