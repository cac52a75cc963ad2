"""Sizes that every line image and every network agree on; light enough for any module to import."""

LINE_HEIGHT_PX = 32  # all networks end in the rows that their LSTMs expect at this height only
# Of an image file that others made: decoded as gray it takes 40 MB, with transparency 200 MB.
MAX_PIXELS = 40_000_000
FRAME_PX = 4  # all networks give one time step for four pixels of width


def scaled_width(height: int, width: int) -> int:
    """Width in px of an image scaled in proportion to LINE_HEIGHT_PX, at least 1."""
    return max(1, round(width * LINE_HEIGHT_PX / max(1, height)))
