"""The project's own engine: from class ids and indices to encoded images.

A line is a pure function of (styles, faces, seed, index, attempt). Work is done for a whole batch
at a time: random draws and layout in NumPy, pixels in compiled loops, encoding in OpenCV.
"""

import hashlib
import json
from collections.abc import Sequence
from copy import copy

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.drawing.backgrounds import Backgrounds
from datagen.drawing.capture import captured, finished, native_frames
from datagen.drawing.decorations import keep_room
from datagen.drawing.effects import RECORDED
from datagen.drawing.glyphs import GlyphCache, level_for
from datagen.drawing.line_loop import draw_lines
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import bound_blur, strength_of
from datagen.drawing.raster import Raster
from datagen.drawing.style import Style
from datagen.drawing.style_mix import StyleMix, draw_mixed_looks, mix_of
from datagen.drawing.typesetting import Typesetter, Typesetting, pick
from datagen.draws import bits, uniforms
from datagen.errors import RenderError
from datagen.images import encode_jpeg, encode_png
from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.line_images import to_line_height
from datagen.sample import META_DTYPE, Samples, Texts
from fonts import Face

PIXELS_VERSION = 4  # raised whenever the same settings give other pixels
BATCH = 512  # lines drawn at a time: enough that the few drawn anew are no batch of their own
MIN_MONO_PX = 14.0  # em size from which black and white pixels tell all characters apart
MAX_JUSTIFIED_EM = 0.5  # letter-spacing up to which a justified line fills its frame

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class LineEngine:
    """Draws text lines; see `datagen.sample.Engine`.

    Args:
        style: ranges of all variations, or several styles with their shares.
        faces: faces to choose from, by their sampling weights, among those that have every
            character of a line.
        alphabet: what class ids mean.
        seed: any integer.
        boxes: also return each character's quadrilateral.
        masks: also return each line's coverage as PNG.
        companions: Latin faces for the Latin characters of lines that have a companion.

    Raises:
        RenderError: if there is no face.
    """

    def __init__(
        self,
        style: Style | StyleMix,
        faces: Sequence[Face],
        alphabet: Alphabet,
        seed: int = 0,
        *,
        boxes: bool = False,
        masks: bool = False,
        companions: Sequence[Face] = (),
    ) -> None:
        if not faces:
            raise RenderError("no face chosen; 'ocrgen fonts list' shows what there is")
        self.mix = mix_of(style)
        self.faces, self.alphabet, self.seed = tuple(faces), alphabet, seed
        self.boxes, self.masks = boxes, masks
        self.companions = tuple(companions)
        every = (*self.faces, *self.companions)
        self.glyphs = GlyphCache(every, alphabet)
        self._typesetter = Typesetter(self.glyphs, every, len(self.faces), alphabet)
        self._face_weights = np.array([face.sampling_weight for face in faces], dtype=np.float64)
        self._backgrounds = Backgrounds(*(s.surface.backgrounds for s in self.mix.styles))
        cv2.setNumThreads(1)  # workers are processes; threads inside of them only get in the way

    def restyled(self, style: Style | StyleMix) -> "LineEngine":
        """An engine of the same faces, glyphs and seed that draws in another style."""
        engine = copy(self)
        engine.mix = mix_of(style)
        engine._backgrounds = Backgrounds(*(s.surface.backgrounds for s in engine.mix.styles))
        return engine

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything that pixels depend on, versions of libraries aside."""
        parts = {
            "pixels": PIXELS_VERSION,
            "style": self.mix.facts(),
            "faces": face_facts(self.faces),
            "backgrounds": self._backgrounds.fingerprint,
            "seed": self.seed,
        }
        if self.companions:
            parts["companions"] = face_facts(self.companions)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def draw(self, texts: Texts, indices: IntArray, attempt: int = 0) -> Samples:
        """Draw and encode lines; a line that cannot be drawn has empty image bytes.

        Args:
            texts: what to write, B lines.
            indices: their sample indices, (B,).
            attempt: 0, or the number of the redraw.
        """
        looks = draw_mixed_looks(self.mix, self.seed, indices, attempt)
        return self.draw_with(looks, texts, indices, attempt)

    def widths(self, texts: Texts, indices: IntArray) -> IntArray:
        """Width in px of the image of each line at the first attempt, (B,); draws nothing."""
        looks = draw_mixed_looks(self.mix, self.seed, indices)
        self._fit(texts, indices, looks)
        return looks[:, Look.WIDTH].astype(np.int64)

    def draw_with(
        self, looks: FloatArray, texts: Texts, indices: IntArray, attempt: int = 0
    ) -> Samples:
        """As `draw`, with looks that the caller chose: (B, len(Look)), changed in place."""
        images, masks, (centres, quads), good, face = self._pixels(texts, indices, looks, attempt)
        kept = np.flatnonzero(good)
        qualities = looks[kept, Look.QUALITY].astype(np.int64).tolist()
        encoded = [b""] * len(images)
        for i, image, quality in zip(
            kept, finished([images[i] for i in kept], looks[kept]), qualities, strict=True
        ):
            encoded[i] = encode_jpeg(image, quality)
        return Samples(
            images=encoded,
            texts=labels_of(texts, self.alphabet),
            meta=_meta(texts, indices, attempt, looks, face),
            centres=centres,
            quads=quads if self.boxes else None,
            masks=[
                encode_png(to_line_height(mask, int(width)))
                for mask, width in zip(masks, looks[:, Look.WIDTH], strict=True)
            ]
            if self.masks
            else None,
        )

    def captured(
        self, texts: Texts, indices: IntArray
    ) -> tuple[list[NDArray[np.uint8]], FloatArray]:
        """Lines at the heights that they are captured at, with their looks, (G, len(Look)).

        What a line is before it is resized to 32 px and encoded, at the first attempt; those that
        cannot be drawn are left out.

        Args:
            texts: what to write, B lines.
            indices: their sample indices, (B,).
        """
        looks = draw_mixed_looks(self.mix, self.seed, indices)
        images, _, _, good, _ = self._pixels(texts, indices, looks, attempt=0)
        kept = np.flatnonzero(good)
        return captured([images[i] for i in kept], looks[kept]), looks[kept]

    def _fit(
        self, texts: Texts, indices: IntArray, looks: FloatArray, attempt: int = 0
    ) -> tuple[IntArray, IntArray, NDArray[np.bool_], Typesetting]:
        """Choose each line's face, set its characters, and fit size and frame, in place, to them.

        Returns:
            class ids (B, L), face of each line (B,), whether any face has it (B,), layout.
        """
        ids = texts.class_ids.astype(np.int64)  # (B, L)
        face, good = choose_faces(
            self.glyphs.drawable[:, : len(self.faces)],
            self._face_weights,
            ids,
            self.seed,
            indices,
            attempt,
        )
        setting = self._typesetter.set(looks, ids, texts.lengths, face)
        keep_room(looks)
        _fit_size(looks, setting, texts.lengths)
        return ids, face, good, setting

    def _pixels(
        self, texts: Texts, indices: IntArray, looks: FloatArray, attempt: int
    ) -> tuple[
        list[NDArray[np.uint8]],
        list[NDArray[np.uint8]],
        tuple[NDArray[np.float32], NDArray[np.float32]],
        NDArray[np.bool_],
        IntArray,
    ]:
        """Draw gray images without encoding them.

        Returns:
            images of native sizes, their masks (none unless asked for), (centres (B, L), quads
            (B, L, 4, 2)) in the finished lines, whether each is good (B,), face of each (B,).
        """
        ids, face, good, setting = self._fit(texts, indices, looks, attempt)
        frames = native_frames(looks)
        bound_blur(looks)
        size_px = _glyph_sizes(looks)
        raster = looks[:, Look.RASTER].astype(np.int64) - 1
        embolden = np.broadcast_to(looks[:, Look.EMBOLDEN, None], ids.shape)
        slots, table = self.glyphs.batch(setting.face, size_px, ids, raster, embolden)
        b, length = ids.shape
        images = np.zeros(frames.pixels, dtype=np.uint8)
        masks = np.zeros(frames.pixels if self.masks else 0, dtype=np.uint8)
        centres = np.full((b, length), np.nan, dtype=np.float32)
        quads = np.full((b, length, 4, 2), np.nan, dtype=np.float32)
        stream = f"pixels {attempt}"
        seeds = (bits(self.seed, stream, indices, 1)[:, 0] >> np.uint64(32)).astype(np.uint32)
        grounds = self._backgrounds.cut(looks, frames)
        draw_lines(
            looks, slots, texts.lengths, setting.columns, setting.marks,
            size_px.astype(np.float64), table.columns, seeds,
            (frames.start, frames.height, frames.width), grounds, images, masks, centres, quads,
            good,
        )  # fmt: skip
        looks[:, Look.SIZE] *= looks[:, Look.FIT]
        enlargement = frames.enlargement(looks)  # (B, 2)
        centres *= enlargement[:, :1]
        quads *= enlargement[:, None, None]
        native_masks = frames.lines(masks) if self.masks else []
        return frames.lines(images), native_masks, (centres, quads), good, face


def choose_faces(
    drawable: NDArray[np.bool_],
    face_weights: FloatArray,
    ids: IntArray,
    seed: int,
    indices: IntArray,
    attempt: int = 0,
) -> tuple[IntArray, NDArray[np.bool_]]:
    """A face for each line among those that have all its characters, and whether any has.

    Args:
        drawable: whether a face has a class, (C, F).
        face_weights: how often a face is chosen, (F,).
        ids: class ids of each line, the blank beyond its end, (B, L).
        seed: any integer.
        indices: sample indices, (B,).
        attempt: 0, or the number of the redraw.
    """
    able = drawable[ids].all(axis=1)  # (B, L, F) -> (B, F)
    stream = "face" if attempt == 0 else f"face {attempt}"
    return pick(able * face_weights, uniforms(seed, stream, indices, 1)[:, 0])


def _glyph_sizes(looks: FloatArray) -> IntArray:
    """Em size at which each line's glyphs are rasterised, px, (B,).

    Lines whose texels are pixels get a whole number of native px: SIZE changes, in place, and
    RASTER where that is too few for black and white.
    """
    zoom = looks[:, Look.NATIVE] / LINE_HEIGHT_PX
    native_em = looks[:, Look.SIZE] * zoom
    level = level_for(native_em * np.sqrt(looks[:, Look.STRETCH]))
    whole = looks[:, Look.RASTER] > 0.0
    exact = np.maximum(np.floor(native_em), 1.0)
    looks[:, Look.SIZE] = np.where(whole, exact / zoom, looks[:, Look.SIZE])
    coarse = (looks[:, Look.RASTER] == 1.0 + Raster.MONO) & (exact < MIN_MONO_PX)
    looks[coarse, Look.RASTER] = 1.0 + Raster.HINTED
    return np.where(whole, exact, level).astype(np.int64)


def _fit_size(looks: FloatArray, setting: Typesetting, lengths: IntArray) -> None:
    """Choose spacing and size so that the line fits the frame: first closer, then smaller."""
    gaps = np.maximum(lengths - 1, 0)
    size, stretch, spacing = (looks[:, c] for c in (Look.SIZE, Look.STRETCH, Look.SPACING))
    letters = (setting.advance + setting.gap).sum(axis=1) * stretch  # em
    natural = size * (letters + spacing * gaps) + 2.0 * looks[:, Look.MARGIN]
    wanted = natural + np.maximum(looks[:, Look.LEFT], looks[:, Look.SLACK])
    limits = looks[:, Look.MIN_WIDTH], looks[:, Look.MAX_WIDTH]
    fitted = np.clip(np.ceil(wanted / 4.0) * 4.0, *limits)
    looks[:, Look.SHADOW_X] *= fitted / looks[:, Look.WIDTH]
    looks[:, Look.WIDTH] = fitted
    inner_px = looks[:, Look.WIDTH] - 2.0 * looks[:, Look.MARGIN]
    widest = (inner_px / size - letters) / np.maximum(gaps, 1)
    filled = np.clip(widest, 0.0, MAX_JUSTIFIED_EM)
    spacing = np.where(looks[:, Look.JUSTIFIED] > 0.0, filled, spacing)
    spacing = np.minimum(spacing, np.maximum(widest, np.minimum(spacing, 0.0)))
    looks[:, Look.SPACING] = spacing
    natural_em = np.maximum(letters + spacing * gaps, 1e-3)
    looks[:, Look.SIZE] = np.minimum(size, inner_px / natural_em)


def _meta(
    texts: Texts, indices: IntArray, attempt: int, looks: FloatArray, face: IntArray
) -> NDArray[np.void]:
    meta = np.zeros(len(indices), dtype=META_DTYPE)
    meta["index"], meta["attempt"] = indices, attempt
    meta["sentence"], meta["corpus"] = texts.sentence, texts.corpus
    meta["inserted"], meta["face"] = texts.inserted, face
    meta["height"], meta["width"] = LINE_HEIGHT_PX, looks[:, Look.WIDTH]
    for i, effect in enumerate(RECORDED):
        meta["effects"][:, i] = strength_of(effect, looks)
    return meta


def face_facts(faces: Sequence[Face]) -> list[tuple[object, ...]]:
    """What pixels depend on of each face, for a fingerprint."""
    return [(f.name, f.sha256, f.index, f.axes, f.sampling_weight) for f in faces]


def labels_of(texts: Texts, alphabet: Alphabet) -> list[str]:
    """The label of each line."""
    symbols = alphabet.symbols
    rows = zip(texts.class_ids.tolist(), texts.lengths.tolist(), strict=True)
    return ["".join([symbols[i] for i in row[:length]]) for row, length in rows]
