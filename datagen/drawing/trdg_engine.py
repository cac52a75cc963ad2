"""TRDG as an engine: its looks, our guarantees. The one module that imports trdg.

TRDG draws from global generators, opens any font file at index 0, clips what is too wide, writes
boxes for missing glyphs and may return nothing. Here every choice is a counter-based draw, faces
are chosen by their character maps, the line is fitted before it is drawn, and what came out is
checked character by character against TRDG's own mask of the ink.

TRDG's modules get private fonts and generators in place of the shared ones that they reach for
(see `_Trdg`). So neither Pillow nor the state of `random`, NumPy and OpenCV is touched, and
no other code that draws from them can change a line.
"""

import contextlib
import hashlib
import io
import json
import math
import random
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from threading import Lock
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFilter

from datagen.alphabet import Alphabet
from datagen.drawing.engine import (
    choose_faces,
    face_facts,
    labels_of,
)
from datagen.drawing.glyphs import drawable_classes
from datagen.drawing.style import Style
from datagen.drawing.style_mix import StyleMix, mix_of
from datagen.drawing.trdg_font import TrdgFont
from datagen.drawing.trdg_looks import (
    EM_PX,
    NOISE,
    NOISE_DEVIATION,
    NOISE_LEVEL,
    WHITE,
    Setting,
    draw_trdg_looks,
    set_trdg_line,
)
from datagen.draws import bits
from datagen.errors import RenderError
from datagen.images import encode_jpeg, encode_png
from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.sample import EFFECTS, META_DTYPE, Samples, Texts
from fonts import Face

PIXELS_VERSION = 1  # raised whenever the same settings give other pixels
MIN_CONTRAST = 32.0  # gray levels between the ink of every character and the darkest ground

IntArray = NDArray[np.int64]
GrayImage = NDArray[np.uint8]

_PALE_PERCENTILE = 30.0  # of a character's pixels that must be as dark as MIN_CONTRAST asks
_GROUND_PERCENTILE = 5.0  # of the ground's pixels that count as its dark side
_DRAWING = Lock()  # what TRDG's modules borrow belongs to one line at a time


class TrdgEngine:
    """Draws text lines with TRDG; see `datagen.sample.Engine`.

    Args:
        style: gives the frame and the JPEG quality; the rest of the look is TRDG's own. Or several
            styles with their shares.
        faces: faces to choose from among those that have every character of a line.
        alphabet: what class ids mean.
        seed: any integer.
        boxes: also return each character's quadrilateral.
        masks: also return each line's ink as PNG.

    Raises:
        RenderError: if TRDG is not installed, there is no face, or the style asks for
            photographs as grounds.
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
    ) -> None:
        if not faces:
            raise RenderError("no face chosen; 'ocrgen fonts list' shows what there is")
        self.mix = mix_of(style)
        if any(style.surface.backgrounds for style in self.mix.styles):
            raise RenderError("--backgrounds goes with --engine lines only: leave one of them out")
        self._trdg = _Trdg()
        self.faces, self.alphabet, self.seed = tuple(faces), alphabet, seed
        self.boxes, self.masks = boxes, masks
        self._drawable = drawable_classes(self.faces, alphabet)  # (C, F) bool
        self._weights = np.array([face.sampling_weight for face in faces], dtype=np.float64)
        self._fonts = [TrdgFont(face) for face in self.faces]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything that pixels depend on, versions of other libraries aside."""
        parts = {
            "engine": "trdg",
            "trdg": version("trdg"),
            "pixels": PIXELS_VERSION,
            "style": self.mix.facts(),
            "faces": face_facts(self.faces),
            "seed": self.seed,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def widths(self, texts: Texts, indices: IntArray) -> IntArray:
        """Width in px of the image of each line, (B,); draws nothing.

        TRDG sets a line to know its width, so where frames follow the text this is a guess: as
        many em as there are characters.
        """
        looks = list(draw_trdg_looks(self.mix, self.seed, indices))
        sizes = np.array([look.size_px * (1.0 + look.spacing_em) for look in looks])
        low, high = np.array([look.widths_px for look in looks]).T
        widths: IntArray = np.clip(texts.lengths * sizes, low, high).astype(np.int64)
        return widths

    def draw(self, texts: Texts, indices: IntArray, attempt: int = 0) -> Samples:
        """Draw and encode lines; a line that cannot be drawn has empty image bytes.

        Args:
            texts: what to write, B lines.
            indices: their sample indices, (B,).
            attempt: 0, or the number of the redraw.
        """
        ids = texts.class_ids.astype(np.int64)  # (B, L)
        face, able = choose_faces(self._drawable, self._weights, ids, self.seed, indices, attempt)
        looks = draw_trdg_looks(self.mix, self.seed, indices, attempt)
        seeds = bits(self.seed, f"trdg pixels {attempt}", indices, 1)[:, 0].tolist()
        labels = labels_of(texts, self.alphabet)
        images, masks = [b""] * len(labels), [b""] * len(labels)
        meta = _meta(texts, indices, attempt, face)
        centres = np.full(ids.shape, np.nan, dtype=np.float32)  # (B, L)
        quads = np.full((*ids.shape, 4, 2), np.nan, dtype=np.float32)
        for row, (label, look, seed) in enumerate(zip(labels, looks, seeds, strict=True)):
            meta["width"][row] = look.width_px
            font = self._fonts[face[row]]
            setting = set_trdg_line(look, font.extent(label)) if able[row] else None
            drawn = None if setting is None else self._trdg.draw(label, setting, font, seed)
            if setting is None or drawn is None or not readable(*drawn, len(label)):
                continue
            images[row] = encode_jpeg(drawn[0], look.quality)
            masks[row] = encode_png(np.where(drawn[1] > 0, 255, 0).astype(np.uint8))
            meta["effects"][row], meta["width"][row] = _effects(setting), setting.look.width_px
            squares = setting.place(font.squares(label, setting.pens))  # (L, 5, 2)
            centres[row, : len(label)] = squares[:, 4, 0]
            quads[row, : len(label)] = squares[:, :4]
        return Samples(
            images=images,
            texts=labels,
            meta=meta,
            centres=centres,
            quads=quads if self.boxes else None,
            masks=masks if self.masks else None,
        )


def readable(image: GrayImage, characters: IntArray, length: int) -> bool:
    """Whether every character of a line stands whole in the frame and out from its ground.

    Args:
        image: gray levels, (H, W).
        characters: 1 + position of the character whose ink a pixel holds, 0 for none, (H, W).
        length: characters of the line.
    """
    edges = (characters[0], characters[-1], characters[:, 0], characters[:, -1])
    if any(edge.any() for edge in edges):
        return False
    limit = np.percentile(image[characters == 0], _GROUND_PERCENTILE) - MIN_CONTRAST
    for position in range(1, length + 1):
        ink = image[characters == position]
        if not ink.size or np.percentile(ink, _PALE_PERCENTILE) > limit:
            return False
    return True


class _Trdg:
    """TRDG's generator with private fonts and generators in place of the global ones."""

    def __init__(self) -> None:
        self._generator = _load("data_generator")
        self._text = _load("computer_text_generator")
        self._ground = _load("background_generator")

    def draw(
        self, label: str, setting: Setting, font: TrdgFont, seed: int
    ) -> tuple[GrayImage, IntArray] | None:
        """Gray levels and characters of `readable`, (H, W) each; None if TRDG gives up."""
        look = setting.look
        ink = f"#{look.ink:02x}{look.ink:02x}{look.ink:02x}"
        bottom = LINE_HEIGHT_PX - setting.top - setting.shrunk[1]
        with self._lent(font, seed):
            drawn = self._generator.FakeTextDataGenerator.generate(
                index=0,
                text=["", *label, ""],  # empty ends: a spacing's width for overhangs
                font=font,
                out_dir=None,
                size=LINE_HEIGHT_PX,
                extension="jpg",
                skewing_angle=look.angle_deg,
                random_skew=False,
                blur=0,  # its last step; the mask must stay sharp, so the image gets it below
                random_blur=False,
                background_type=look.ground,
                distorsion_type=look.distortion,
                distorsion_orientation=int(look.horizontal),
                is_handwritten=False,
                name_format=2,
                width=look.width_px,
                alignment=0,
                text_color=ink,
                orientation=0,
                space_width=1.0,
                character_spacing=setting.spacing_px,
                margins=(setting.top, setting.left, bottom, 0),
                fit=False,
                output_mask=1,
                word_split=False,
                image_dir=None,
            )
        if drawn is None:
            return None
        image, mask = drawn
        image = image.convert("L").filter(ImageFilter.GaussianBlur(look.blur_px))
        red, green, blue = np.moveaxis(np.asarray(mask, dtype=np.int64), 2, 0)
        # TRDG numbers the pieces of a line from 1 in this code; the empty one in front is 1.
        pieces = (red * 255 + green) * 255 + blue
        return np.asarray(image, dtype=np.uint8), np.maximum(pieces - 1, 0)

    @contextlib.contextmanager
    def _lent(self, font: TrdgFont, seed: int) -> Iterator[None]:
        """Give TRDG's modules what they may draw from, for one line."""
        noise = np.random.Generator(np.random.PCG64(seed))

        def randn(out: NDArray[np.float64], mean: float, deviation: float) -> None:
            out[:] = noise.normal(mean, deviation, out.shape)

        private = random.Random(seed)
        lent: list[tuple[Any, str, Any]] = [
            (self._generator, "print", lambda *_: None),
            # Draws a skew that is not used, from bounds that need not be whole.
            (self._generator, "rnd", SimpleNamespace(randint=lambda low, high: high)),
            (self._text, "rnd", private),
            (self._text, "ImageFont", SimpleNamespace(truetype=lambda font, size: font)),
            (self._ground, "rnd", private),
            (self._ground, "cv2", SimpleNamespace(randn=randn)),
        ]
        with _DRAWING:
            kept = [module.__dict__.get(name) for module, name, _ in lent]
            for module, name, value in lent:
                setattr(module, name, value)
            try:
                yield
            finally:
                for (module, name, _), value in zip(lent, kept, strict=True):
                    if value is None:
                        delattr(module, name)
                    else:
                        setattr(module, name, value)


@cache
def _load(name: str) -> Any:
    """A module of trdg, without its handwriting, which would load TensorFlow if that is there.

    Raises:
        RenderError: if trdg is not installed.
    """
    handwriting = "trdg.handwritten_text_generator"
    before = sys.modules.get(handwriting)
    sys.modules[handwriting] = None  # type: ignore[assignment]
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it says that handwriting is missing
            return import_module(f"trdg.{name}")
    except ModuleNotFoundError as error:
        raise RenderError(
            f"--engine trdg needs TRDG ({error}): pip install --no-deps trdg==1.8.0"
        ) from error
    finally:
        del sys.modules[handwriting]
        if before is not None:
            sys.modules[handwriting] = before


def _meta(texts: Texts, indices: IntArray, attempt: int, face: IntArray) -> NDArray[np.void]:
    meta = np.zeros(len(indices), dtype=META_DTYPE)
    meta["index"], meta["attempt"] = indices, attempt
    meta["sentence"], meta["corpus"] = texts.sentence, texts.corpus
    meta["inserted"], meta["face"], meta["height"] = texts.inserted, face, LINE_HEIGHT_PX
    meta["effects"] = np.nan
    return meta


def _effects(setting: Setting) -> list[float]:
    """Strengths in the order of EFFECTS; NaN where TRDG does not tell."""
    look = setting.look
    levels = {NOISE: NOISE_LEVEL, WHITE: 255.0}
    known = {
        "size_px": setting.em_px,
        "stretch": 1.0,
        "spacing_em": setting.spacing_px / EM_PX,
        "weight": 0.0,
        "ink": look.ink,
        "ground": levels.get(look.ground, math.nan),
        "blur_px": look.blur_px,
        "motion_px": 0.0,
        "resample": 1.0,
        "perspective_px": 0.0,
        "rotation_deg": -look.angle_deg,
        "wave_px": setting.wave_px,
        "noise": NOISE_DEVIATION if look.ground == NOISE else 0.0,
        "slope": 0.0,
        "jpeg_quality": look.quality,
    }
    return [known.get(name, math.nan) for name in EFFECTS]
