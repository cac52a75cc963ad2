"""How the characters of a line are set: the face, place and size of each of them.

Lengths are in em of the line, before its stretch; y goes up from the baseline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.drawing.character_kinds import character_kinds
from datagen.drawing.decorations import BOX_PAD_EM, EMPHASISED, IN_SPAN
from datagen.drawing.face_metrics import FaceMetrics
from datagen.drawing.glyphs import GlyphCache
from datagen.drawing.look_columns import Look
from datagen.line_geometry import LINE_HEIGHT_PX
from fonts import Face

Lengths = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Looks = NDArray[np.float64]

FULL_WIDTH_EM = 0.9  # advance from which a mark counts as full width
MAX_SQUEEZE_EM = 0.5
SUPERSCRIPT_TOP_EM = 0.8  # where raised digits reach; they are 0.72 of their size high
_DIGIT_HEIGHT = 0.72
MIN_RAISED_PX = 6.0  # native size under which raised digits and letters could not be read
# Kerns and shifts of the logos of TeX and LaTeX, in em (The TeXbook; LaTeX2e, ltlogos.dtx).
_TEX_KERNS, _TEX_SUNK = (-0.1667, -0.125), -0.215  # after T, after E; E
_LATEX_KERNS, _LATEX_A, _LATEX_RAISED = (-0.36, -0.15), 0.7, 0.205  # after L, after A; A
_CLEAR_EM = 0.03  # of its blank that a squeezed mark keeps on each side
_COMPANION_FACTORS = (0.8, 1.25)  # of its size that a companion's capitals may ask for
# Where the alphabet has the space, a gap between Chinese and Latin that is none must be seen to be
# narrower: this share of the line's own spaces at most.
_MAX_AUTOSPACE = 0.6
_LEVEL_STROKES = [Look.UNDERLINE, Look.NEIGHBOUR, Look.EDGE, Look.RULE]
_DECORATED = [Look.UNDERLINE, Look.STRIKE, Look.EMPHASIS, Look.BOX, Look.HIGHLIGHT]


@dataclass(frozen=True, slots=True)
class Typesetting:
    """The layout of B lines of at most L characters; every array is (B, L).

    Attributes:
        face: index of the face that draws each character.
        advance: width of a character's box; 0 beyond a line's end.
        gap: distance from that box to the next one, besides the line's own letter-spacing.
        shift: from the left of the box to the origin of the glyph.
        factor: size of the glyph relative to the line's em.
        rise: how far its baseline lies above the line's.
        marks: IN_SPAN and EMPHASISED of `decorations`.
    """

    face: IntArray
    advance: Lengths
    gap: Lengths
    shift: Lengths
    factor: Lengths
    rise: Lengths
    marks: NDArray[np.uint8]

    @property
    def columns(self) -> tuple[Lengths, Lengths, Lengths, Lengths, Lengths]:
        """What compiled loops read: advance, gap, shift, factor, rise."""
        return self.advance, self.gap, self.shift, self.factor, self.rise


def plain(face: IntArray, advance: Lengths) -> Typesetting:
    """Characters of one size, side by side as their faces have them.

    Args:
        face: face of each character, (B, L).
        advance: pen advance of each character, (B, L).
    """
    zero = np.zeros_like(advance)
    marks = np.zeros(advance.shape, dtype=np.uint8)
    return Typesetting(face, advance, zero, zero, np.ones_like(advance), zero, marks)


class Typesetter:
    """Sets lines as their looks ask for.

    Args:
        glyphs: advances of all faces, and which of them can draw what.
        faces: those of `glyphs`: first the faces that lines are chosen from, then companions.
        own: how many lines are chosen from.
        alphabet: what class ids mean.
    """

    def __init__(
        self, glyphs: GlyphCache, faces: Sequence[Face], own: int, alphabet: Alphabet
    ) -> None:
        self._glyphs, self._own = glyphs, own
        self._metrics = FaceMetrics(faces, alphabet)
        self._kinds = character_kinds(alphabet)
        self._weights = np.array([face.sampling_weight for face in faces], dtype=np.float64)
        italic = [face.style == "latin-italic" for face in faces]
        self._italic_weights = self._weights * italic
        self._letter = {c: np.array([s == c for s in alphabet.symbols]) for c in "LATEX"}

    def set(self, looks: Looks, ids: IntArray, lengths: IntArray, face: IntArray) -> Typesetting:
        """The layout of lines.

        Args:
            looks: (B, len(Look)); what would hide characters, or make others of them, is taken
                out, in place.
            ids: class ids of each line, the blank beyond its end, (B, L).
            lengths: characters of each line, (B,).
            face: face of each line, (B,).
        """
        self._take_out(looks, ids, lengths)
        faces = np.broadcast_to(face[:, None], ids.shape)
        if (looks[:, Look.COMPANION] > 0.0).any():
            faces = self._with_companions(faces, looks, ids)
        if (looks[:, Look.SECOND] >= 0.0).any():
            faces = self._with_second_face(faces, looks, ids, lengths)
        setting = plain(faces, self._glyphs.advances(faces, ids))
        if (faces >= self._own).any():
            setting = self._sized(setting, looks)
        if (looks[:, Look.LOGO] > 0.0).any():
            setting = self._with_logos(setting, looks, ids)
        if (looks[:, Look.SPACE] > 0.0).any():
            setting = self._spaced(setting, looks, ids)
        if (looks[:, Look.AUTOSPACE] > 0.0).any():
            setting = self._autospaced(setting, looks, ids)
        if (looks[:, Look.CENTRED] > 0.0).any():
            setting = self._centred(setting, looks, ids)
        if (looks[:, Look.SQUEEZE] > 0.0).any():
            setting = self._squeezed(setting, looks, ids, lengths)
        if (looks[:, Look.MARK_GAP] > 0.0).any():
            setting = self._with_mark_gaps(setting, looks, ids)
        if (looks[:, Look.ITEM_GAP] > 0.0).any():
            setting = self._with_item_gaps(setting, looks, ids)
        if (looks[:, Look.SUPERSCRIPT] > 0.0).any():
            setting = self._superscripted(setting, looks, ids)
        if (looks[:, _DECORATED] > 0.0).any():
            setting = self._marked(setting, looks, ids, lengths)
        return setting

    def _take_out(self, looks: Looks, ids: IntArray, lengths: IntArray) -> None:
        """Remove, in place, strokes that would hide characters or make others of them."""
        kinds = self._kinds
        looks[kinds.dash[ids].any(axis=1), Look.STRIKE] = 0.0
        looks[kinds.low_line[ids].any(axis=1), Look.UNDERLINE] = 0.0
        # Beside level strokes alone any other is one more of them: 一 would be read as 二.
        beyond = np.arange(ids.shape[1]) >= lengths[:, None]
        level = np.flatnonzero((kinds.level[ids] | beyond).all(axis=1))
        looks[level[:, None], _LEVEL_STROKES] = 0.0

    def spans(self, looks: Looks, ids: IntArray, lengths: IntArray) -> BoolArray:
        """Some of each line's characters, side by side, Latin words whole: (B, L).

        Half of the spans begin their lines. Args: as of `set`.
        """
        n = lengths[:, None]
        first = np.floor(np.maximum(2.0 * looks[:, Look.SPAN_START, None] - 1.0, 0.0) * n)
        room = np.maximum(np.minimum(n - first, n - 1), 1)
        end = first + 1 + np.floor(looks[:, Look.SPAN_END, None] * room)
        k = np.arange(ids.shape[1])
        inside = (k >= first) & (k < end)
        word = self._kinds.word[ids]
        # A word belongs to a span that holds its first character, and no other does.
        starts = np.maximum.accumulate(np.where(word[:, 1:] & word[:, :-1], 0, k[1:]), axis=1)
        starts = np.concatenate([np.zeros((len(ids), 1), dtype=np.int64), starts], axis=1)
        return np.take_along_axis(inside, starts, axis=1) & (k < n)

    def _with_companions(self, faces: IntArray, looks: Looks, ids: IntArray) -> IntArray:
        """Latin characters from a face that has all of the line's, where there is such a one."""
        rows = np.flatnonzero(looks[:, Look.COMPANION] > 0.0)
        mine = ids[rows]
        quotes = looks[rows, Look.COMPANION_QUOTES] > 0.0
        latin = self._kinds.latin[mine] | self._kinds.ambiguous[mine] & quotes[:, None]
        has = self._glyphs.drawable[mine, self._own :]  # (R, L, K)
        able = (has | ~latin[:, :, None]).all(axis=1)  # (R, K)
        chosen, found = pick(able * self._weights[self._own :], looks[rows, Look.COMPANION_FACE])
        faces = faces.copy()
        faces[rows] = np.where(latin & found[:, None], self._own + chosen[:, None], faces[rows])
        return self._with_lone_italics(faces, looks, ids)

    def _with_lone_italics(self, faces: IntArray, looks: Looks, ids: IntArray) -> IntArray:
        """Single Latin letters from an italic companion, in lines that have a companion."""
        word = self._kinds.word[ids]
        lone = word & ~self._kinds.digit[ids] & ~beside(word, -1) & ~beside(word, 1)
        lone &= ((looks[:, Look.LONE_ITALIC] >= 0.0) & (looks[:, Look.COMPANION] > 0.0))[:, None]
        rows = np.flatnonzero(lone.any(axis=1))
        has = self._glyphs.drawable[ids[rows], self._own :]  # (R, L, K)
        able = (has | ~lone[rows, :, None]).all(axis=1)  # (R, K)
        weights = able * self._italic_weights[self._own :]
        chosen, found = pick(weights, looks[rows, Look.LONE_ITALIC])
        italic = lone[rows] & found[:, None]
        faces[rows] = np.where(italic, self._own + chosen[:, None], faces[rows])
        return faces

    def _with_second_face(
        self, faces: IntArray, looks: Looks, ids: IntArray, lengths: IntArray
    ) -> IntArray:
        """A span, often the beginning, in another face that can draw the whole line."""
        rows = np.flatnonzero((looks[:, Look.SECOND] >= 0.0) & (lengths > 1))
        able = self._glyphs.drawable[ids[rows], : self._own].all(axis=1)  # (R, F)
        able &= np.arange(self._own) != faces[rows, :1]
        chosen, found = pick(able * self._weights[: self._own], looks[rows, Look.SECOND])
        inside = self.spans(looks[rows], ids[rows], lengths[rows]) & found[:, None]
        faces = faces.copy()
        faces[rows] = np.where(inside, chosen[:, None], faces[rows])
        return faces

    def _sized(self, setting: Typesetting, looks: Looks) -> Typesetting:
        """Companions whose capitals are as high as the look says; on whole pixels as they are."""
        wanted = looks[:, Look.COMPANION, None] / self._metrics.cap_heights(setting.face)
        sized = (setting.face >= self._own) & (looks[:, Look.RASTER, None] == 0.0)
        factor = np.where(sized, np.clip(wanted, *_COMPANION_FACTORS), 1.0)
        factor = factor.astype(np.float32)
        return replace(setting, factor=factor, advance=setting.advance * factor)

    def _spaced(self, setting: Typesetting, looks: Looks, ids: IntArray) -> Typesetting:
        """Spaces as wide as the look says."""
        wanted = looks[:, Look.SPACE, None].astype(np.float32)
        wide = self._kinds.space[ids] & (wanted > 0.0)
        return replace(setting, advance=np.where(wide, wanted, setting.advance))

    def _autospaced(self, setting: Typesetting, looks: Looks, ids: IntArray) -> Typesetting:
        """A narrow gap between Chinese and Latin, as TeX and word processors put it there."""
        hanzi, word = self._kinds.hanzi[ids], self._kinds.word[ids]
        border = hanzi & beside(word, 1) | word & beside(hanzi, 1)
        wanted = looks[:, Look.AUTOSPACE].astype(np.float32)
        spaces = np.flatnonzero(self._kinds.space)
        if len(spaces):
            space = self._glyphs.advances(
                setting.face[:, :1], np.full((len(ids), 1), spaces[0], dtype=np.int64)
            )[:, 0]
            space = np.where(looks[:, Look.SPACE] > 0.0, looks[:, Look.SPACE], space)
            wanted = np.minimum(wanted, _MAX_AUTOSPACE * space).astype(np.float32)
        return _with_gaps(setting, border, wanted)

    def _squeezed(
        self, setting: Typesetting, looks: Looks, ids: IntArray, lengths: IntArray
    ) -> Typesetting:
        """Full-width marks without their blank half, their ink whole.

        Of two neighbouring marks one loses a half (Requirements for Chinese Text Layout, W3C,
        section 3.1.6): the blank after a closing mark, or before an opening one that follows
        another; so does a mark at an end of the line.
        """
        kinds, shape = self._kinds, ids.shape
        wide = (setting.advance >= FULL_WIDTH_EM) & (looks[:, Look.CENTRED, None] == 0.0)
        opening, closing = kinds.opening[ids] & wide, kinds.closing[ids] & wide
        before, after = beside(opening, -1), beside(opening | closing, 1)
        last = np.arange(shape[1]) == lengths[:, None] - 1
        first = np.arange(shape[1]) == 0
        kind = looks[:, Look.SQUEEZE, None]
        every = (kind == 3) | (kind == 2) & ~kinds.sentence_end[ids]
        left_end, right_end = self._metrics.ink(setting.face, ids)
        cut_left = np.clip(left_end - _CLEAR_EM, 0.0, MAX_SQUEEZE_EM)
        cut_left = cut_left * ((kind > 0) & opening & (before | first | every))
        cut_right = np.clip(setting.advance - right_end - _CLEAR_EM, 0.0, MAX_SQUEEZE_EM)
        cut_right = cut_right * ((kind > 0) & closing & (after | last | every))
        advance = (setting.advance - cut_left - cut_right).astype(np.float32)
        shift = (setting.shift - cut_left).astype(np.float32)
        return replace(setting, advance=advance, shift=shift)

    def _centred(self, setting: Typesetting, looks: Looks, ids: IntArray) -> Typesetting:
        """Full-width commas, stops and colons in the middle of their squares."""
        wide = setting.advance >= FULL_WIDTH_EM
        moved = self._kinds.stop[ids] & wide & (looks[:, Look.CENTRED, None] > 0.0)
        left_end, right_end = self._metrics.ink(setting.face, ids)
        middle = 0.5 * (setting.advance - left_end - right_end)
        shift = np.where(moved, middle, setting.shift).astype(np.float32)
        return replace(setting, shift=shift)

    def _with_mark_gaps(self, setting: Typesetting, looks: Looks, ids: IntArray) -> Typesetting:
        """White after half-width marks before Chinese, as pages set them whose text has none."""
        border = self._kinds.half_mark[ids] & beside(self._kinds.hanzi[ids], 1)
        return _with_gaps(setting, border, looks[:, Look.MARK_GAP])

    def _with_item_gaps(self, setting: Typesetting, looks: Looks, ids: IntArray) -> Typesetting:
        """White after the number of an item at the beginning of a line.

        Where the alphabet has the space, white without one would be a space that is not labelled.
        """
        kinds = self._kinds
        number = np.logical_and.accumulate(kinds.item[ids], axis=1)
        after = kinds.space if kinds.space.any() else kinds.hanzi
        border = number & kinds.item_end[ids] & beside(after[ids], 1)
        border[:, 0] = False
        return _with_gaps(setting, border, looks[:, Look.ITEM_GAP])

    def _superscripted(self, setting: Typesetting, looks: Looks, ids: IntArray) -> Typesetting:
        """The first number of one or two digits between Chinese characters, small and raised."""
        digit, hanzi = self._kinds.digit[ids], self._kinds.hanzi[ids]
        begins = digit & beside(hanzi, -1)
        two = begins & beside(digit, 1) & beside(hanzi, 2)
        found = begins & beside(hanzi, 1) | two
        first = found & (np.cumsum(found, axis=1) == 1)
        size = looks[:, Look.SUPERSCRIPT]
        able = (size > 0.0) & _can_raise(looks, size)
        raised = (first | beside(first & two, -1)) & able[:, None]
        factor = np.where(raised, size[:, None], 1.0).astype(np.float32)
        rise = np.where(raised, SUPERSCRIPT_TOP_EM - _DIGIT_HEIGHT * size[:, None], 0.0)
        return replace(
            setting, factor=setting.factor * factor, advance=setting.advance * factor,
            rise=(setting.rise + rise).astype(np.float32),
        )  # fmt: skip

    def _with_logos(self, setting: Typesetting, looks: Looks, ids: IntArray) -> Typesetting:
        """TEX with its E sunk, LATEX with a small raised A besides; never within other words."""
        at = {letter: which[ids] for letter, which in self._letter.items()}
        capital = self._kinds.capital[ids]
        able = (looks[:, Look.LOGO] > 0.0) & _can_raise(looks, _LATEX_A)
        # The T of each TEX that is not the beginning of TEXT or TEXAS.
        t = at["T"] & beside(at["E"], 1) & beside(at["X"], 2) & able[:, None]
        t &= ~beside(at["T"] | at["A"], 3)
        first = t & beside(at["A"], -1) & beside(at["L"], -2) & ~beside(capital, -3)
        t &= ~beside(capital, -1) | first
        e, a, l_ = beside(t, -1), beside(first, 1), beside(first, 2)
        gap, rise = (np.zeros(ids.shape, dtype=np.float32) for _ in range(2))
        for where, kern in zip((t, e, l_, a), _TEX_KERNS + _LATEX_KERNS, strict=True):
            gap[where] = kern
        rise[e], rise[a] = _TEX_SUNK, _LATEX_RAISED
        factor = np.where(a, np.float32(_LATEX_A), np.float32(1.0))
        return replace(
            setting, gap=setting.gap + gap * setting.factor, factor=setting.factor * factor,
            rise=setting.rise + rise * setting.factor, advance=setting.advance * factor,
        )  # fmt: skip

    def _marked(
        self, setting: Typesetting, looks: Looks, ids: IntArray, lengths: IntArray
    ) -> Typesetting:
        """Which characters decorations take, and room for boxes around some of them."""
        kinds = self._kinds
        span = self.spans(looks, ids, lengths)
        letter = (kinds.hanzi | kinds.word)[ids]
        # A box begins with a letter: one around a bracket alone is no longer told from it.
        begins = np.take_along_axis(letter, span.argmax(axis=1)[:, None], axis=1)[:, 0]
        looks[(looks[:, Look.BOX] == 2) & ~begins, Look.BOX] = 0.0
        # Nor does it hold one Chinese character alone: 木 in a box is read as 困.
        line = np.arange(ids.shape[1]) < lengths[:, None]
        boxed = np.where((looks[:, Look.BOX] == 1)[:, None], line, span)
        alone = (boxed.sum(axis=1) == 1) & (boxed & kinds.hanzi[ids]).any(axis=1)
        looks[alone, Look.BOX] = 0.0
        marks = IN_SPAN * span | EMPHASISED * letter
        border = (span[:, 1:] != span[:, :-1]) & (np.arange(1, ids.shape[1]) < lengths[:, None])
        room = (looks[:, Look.BOX] == 2) * (2.0 * BOX_PAD_EM + looks[:, Look.THICKNESS])
        gap = setting.gap.copy()
        gap[:, :-1] += border * room[:, None].astype(np.float32)
        return replace(setting, gap=gap, marks=marks.astype(np.uint8))


def _with_gaps(setting: Typesetting, after: BoolArray, em: NDArray[np.floating]) -> Typesetting:
    """White of some em (B,) after some of the characters, (B, L)."""
    return replace(setting, gap=setting.gap + after * em[:, None].astype(np.float32))


def _can_raise(looks: Looks, size_em: NDArray[np.float64] | float) -> BoolArray:
    """Whether characters of a size may leave the baseline, (B,): large enough, and resampled."""
    native_px = size_em * looks[:, Look.SIZE] * looks[:, Look.NATIVE] / LINE_HEIGHT_PX
    able: BoolArray = (native_px >= MIN_RAISED_PX) & (looks[:, Look.RASTER] == 0.0)
    return able


def beside(which: BoolArray, step: int) -> BoolArray:
    """Whether the character `step` places on, back where negative, is one of these, (B, L)."""
    there = np.zeros_like(which)
    if step < 0:
        there[:, -step:] = which[:, :step]
    else:
        there[:, : max(which.shape[1] - step, 0)] = which[:, step:]
    return there


def pick(weights: NDArray[np.float64], draw: NDArray[np.float64]) -> tuple[IntArray, BoolArray]:
    """A column of each row by its weights (B, K) and a draw from 0 to 1 (B,).

    Returns:
        the column (B,), and whether any has a weight (B,).
    """
    if not weights.shape[1]:
        return np.zeros(len(weights), dtype=np.int64), np.zeros(len(weights), dtype=np.bool_)
    summed = np.cumsum(weights, axis=1)
    chosen = (summed <= (draw * summed[:, -1])[:, None]).sum(axis=1)
    return np.minimum(chosen, weights.shape[1] - 1), summed[:, -1] > 0.0
