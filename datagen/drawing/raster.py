"""How characters of a whole number of px become pixels."""

from enum import IntEnum


class Raster(IntEnum):
    """How a screen or a printer turns an outline into the pixels of a whole number of px."""

    HINTED = 0  # grays, on the grid that the face's own instructions ask for
    UNHINTED = 1  # grays, the outline as it is
    LIGHT = 2  # grays, horizontal strokes on whole rows
    MONO = 3  # black and white
    SUBPIXEL = 4  # three colours per pixel, as flat screens have them, turned gray
