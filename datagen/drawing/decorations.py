"""Decorations as numbers: what is drawn with a line and is no character, and how far it reaches."""

import numpy as np
from numpy.typing import NDArray

from datagen.drawing.look_columns import Look
from datagen.drawing.placing import ASCENT

# Bits of a character's marks.
IN_SPAN = 1  # it is one of those that partial decorations take
EMPHASISED = 2  # it carries an emphasis dot where there are any

SOLID, DOUBLE, DASHED, DOTTED, WAVY = range(5)  # kinds of rules

BOX_PAD_EM = 0.06  # from the em squares to a box around them
DOT_EM = 0.075  # radius of an emphasis dot
WAVE_EM = 0.05  # amplitude of a wavy underline

_REACHING = [Look.UNDERLINE, Look.EMPHASIS, Look.BOX, Look.OUTLINE, Look.DROP]


def keep_room(looks: NDArray[np.float64]) -> None:
    """Note, in place, how far decorations reach beyond the characters of each line.

    Args:
        looks: with final decorations and first sizes, (B, len(Look)); REACH_ABOVE, REACH_BELOW and
            REACH_SIDE receive em, and MARGIN the px of outlines and drop shadows.
    """
    if not (looks[:, _REACHING] > 0.0).any():
        return
    thickness, box = looks[:, Look.THICKNESS], looks[:, Look.BOX] > 0.0
    around = np.where(box, BOX_PAD_EM + thickness, 0.0)
    kind, underline = looks[:, Look.UNDERLINE_KIND], looks[:, Look.UNDERLINE]
    depth = np.select(
        [kind == DOUBLE, kind == WAVY], [3.0 * thickness, 2.0 * WAVE_EM + thickness], thickness
    )
    below = np.where(underline > 0.0, underline + depth, 0.0)
    emphasis = looks[:, Look.EMPHASIS]
    dots = np.where(emphasis > 0.0, emphasis + 2.0 * DOT_EM, 0.0)
    looks[:, Look.REACH_ABOVE] = np.where(box, ASCENT + around, 0.0)
    looks[:, Look.REACH_BELOW] = np.max([below, dots, box * (1.0 - ASCENT + around)], axis=0)
    looks[:, Look.REACH_SIDE] = around
    spread = np.maximum(looks[:, Look.OUTLINE], looks[:, Look.DROP])
    looks[:, Look.MARGIN] += spread * looks[:, Look.SIZE]
