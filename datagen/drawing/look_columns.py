"""The columns of the table of looks: all numbers that say how one line is drawn."""

from enum import IntEnum, auto

# A corner of the frame lies this far off the line: divided by it, px of displacement are a ratio.
CORNER_PX = 14.0


class Look(IntEnum):
    """Columns of the table of looks; units as in `Style`. Compiled loops read it too."""

    def _generate_next_value_(name, start, count, last_values):  # type: ignore[no-untyped-def,override]  # noqa: N805
        return count

    SIZE = auto()  # px
    STRETCH = auto()
    SPACING = auto()  # em
    WEIGHT = auto()
    SLANT = auto()
    WIDTH = auto()  # frame, px
    MARGIN = auto()  # px
    LEFT = auto()  # distance from the left edge in px; negative: place by PLACE_X
    PLACE_X = auto()  # 0 left to 1 right of the free width
    PLACE_Y = auto()  # 0 top to 1 bottom of the free height
    INK = auto()
    GROUND = auto()
    MIN_CONTRAST = auto()
    KEYSTONE = auto()  # height ratio of the line's ends, relative to the middle
    FAN = auto()  # width ratio of top and bottom
    ROTATION = auto()  # radians
    WAVE = auto()  # px
    WAVE_LENGTH = auto()  # px
    WAVE_PHASE = auto()  # radians
    GAUSS = auto()  # px
    MOTION = auto()  # px
    MOTION_ANGLE = auto()  # radians
    RESAMPLE = auto()
    NOISE = auto()
    SLOPE_X = auto()
    SLOPE_Y = auto()
    PAPER = auto()
    PAPER_SCALE = auto()  # px
    SHADOW = auto()
    SHADOW_X = auto()  # where its edge crosses the middle, px
    SHADOW_ANGLE = auto()  # radians
    SHADOW_SOFT = auto()  # px
    RULE = auto()  # 0 none, 1 underline, 2 rule above, 3 cell border
    RULE_WEIGHT = auto()  # coverage
    BLEED = auto()  # px
    FADE = auto()
    SALT = auto()
    MOIRE = auto()
    MOIRE_LENGTH = auto()  # px
    MOIRE_ANGLE = auto()  # radians
    BACKGROUND = auto()  # -1 none, else a fraction that picks an image
    BACKGROUND_X = auto()
    BACKGROUND_Y = auto()
    QUALITY = auto()
    PERSPECTIVE = auto()  # px, for the record: KEYSTONE and FAN are what is drawn
    FIT = auto()  # filled in by drawing: the scale that fitted the line into its frame
    BACKGROUND_RELIEF = auto()  # filled in by drawing: standard deviation of the background image
    NATIVE = auto()  # height in px at which the line is drawn and captured
    MIN_EM = auto()  # px at that height
    COMPANION = auto()  # height of a companion's capitals in em; 0 for none
    COMPANION_FACE = auto()  # fraction that picks it
    COMPANION_QUOTES = auto()  # 0 or 1: it draws quotation marks and dashes too
    SPACE = auto()  # width of a space in em; 0 for the face's own
    AUTOSPACE = auto()  # em
    SQUEEZE = auto()  # 0 none, 1 pairs and ends, 2 all but ends of sentences, 3 all
    JUSTIFIED = auto()  # 0 or 1: letter-spacing fills the frame
    SECOND = auto()  # -1 none, else a fraction that picks a second face
    SPAN_START = auto()  # which characters a second face, a box or the like takes, see `spans`
    SPAN_END = auto()
    STYLE = auto()  # position in the mix of styles
    MIN_WIDTH = auto()  # of a frame that follows the text, px; WIDTH where it does not
    MAX_WIDTH = auto()  # likewise
    MAX_BLUR = auto()  # largest standard deviation of all blur together, em
    SLACK = auto()  # free width beside a fitted line, px
    TIGHT = auto()  # px from the ink to the frame, for the record: SIZE and MARGIN are drawn
    NEIGHBOUR = auto()  # px
    NEIGHBOUR_SIDE = auto()  # 1 line above, 2 line below, 3 both
    EDGE = auto()  # 0 none, 1 rule above, 2 below, 3 left, 4 right, 5 cell
    EDGE_PLACE = auto()  # px from the edge of the frame
    EDGE_WEIGHT = auto()  # px
    DEFOCUS = auto()  # radius, px
    SHARPEN = auto()
    SHARPEN_SCALE = auto()  # standard deviation of the blur that is taken away, px
    BILEVEL = auto()
    LEVELS = auto()
    GAMMA = auto()
    NATIVE_JPEG = auto()  # quality; 0 none
    WEBP = auto()  # quality; 0 none
    BLOCKS = auto()  # where in the codec's grid of blocks the line lies, 0 to 1
    UNDERLINE = auto()  # em from the baseline down to its upper edge; 0 for none
    UNDERLINE_KIND = auto()  # as in `decorations`: solid, double, dashed, dotted, wavy
    THICKNESS = auto()  # of rules, em
    STRIKE = auto()  # 0 or 1
    EMPHASIS = auto()  # em from the baseline down to the dots; 0 for none
    BOX = auto()  # 0 none, 1 around the line, 2 around its span
    PARTIAL = auto()  # 0 or 1: rules, dots and highlights take the span, not the line
    HIGHLIGHT = auto()  # gray levels
    BAR = auto()  # em from the em squares to the edge of the bar; 0 for none
    BAR_ACROSS = auto()  # 0 or 1: it crosses the frame
    BAR_PAGE = auto()  # gray level around it
    OUTLINE = auto()  # em
    DROP = auto()  # distance of a drop shadow in em
    DROP_WEIGHT = auto()  # its coverage
    REACH_ABOVE = auto()  # em that decorations reach above the baseline, below it, beyond the ends
    REACH_BELOW = auto()
    REACH_SIDE = auto()
    EMBOLDEN = auto()  # what strokes gain in width, em
    RASTER = auto()  # 0 resampled, else 1 + `raster.Raster`: texels are pixels
    MARK_GAP = auto()  # em after half-width marks
    SUPERSCRIPT = auto()  # size of raised digits in em; 0 for none
    LONE_ITALIC = auto()  # -1 none, else a fraction that picks the face of lone letters
    LOGO = auto()  # 0 or 1: TEX and LATEX as their logos
    CENTRED = auto()  # 0 or 1: full-width stops and commas stand in the middle of their squares
    ITEM_GAP = auto()  # em after the number of an item
