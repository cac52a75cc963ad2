"""Text in which characters give way to others that look like them: 未 to 末, 竟 to 竞, 氮 to 氦.

A reader of text alone learns which of two such characters to expect, and takes the frequent one for
the rare one where the picture is poor. Where any may stand anywhere it must look.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from datagen.alphabet import load
from fonts import Face, select
from fonts.specimen import open_font

EXCHANGED = 0.25  # share of the characters that look like others
FACES = ("arphic-song-gb", "arphic-kai-gb", "noto-sans-sc-regular")
SIZE_PX, MARGIN_PX, BLUR_PX = 20, 3, 0.8  # of the characters that are compared
NEIGHBOURS = 5  # of a character at most
LEAST_LIKENESS = 0.8  # correlation of the pictures, the mean over FACES
UNLIKE = 0.7  # likeness from which on a neighbour's weight grows, as the square

Lookalikes = Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]]


def with_lookalikes(paragraphs: Sequence[str], draws: random.Random) -> Iterator[str]:
    """Paragraphs with a quarter of their characters exchanged, where they have lookalikes.

    Those in which nothing is exchanged are left out.
    """
    like = lookalikes()
    for paragraph in paragraphs:
        made = "".join(
            draws.choices(*like[character])[0]
            if character in like and draws.random() < EXCHANGED
            else character
            for character in paragraph
        )
        if made != paragraph:
            yield made


@cache
def lookalikes() -> Lookalikes:
    """For each character of the default alphabet those that look like it, with their weights.

    Takes four seconds and 600 MB.
    """
    characters = [c for c in load(None).characters if "\u4e00" <= c <= "\u9fff"]
    likeness = np.zeros((len(characters), len(characters)), np.float32)
    for face in select(FACES):
        pictures = _pictures(characters, face)
        likeness += pictures @ pictures.T / len(FACES)
    np.fill_diagonal(likeness, 0)
    nearest = np.argsort(-likeness, axis=1)[:, :NEIGHBOURS]
    found = {}
    for character, row, others in zip(characters, likeness, nearest, strict=True):
        others = others[row[others] > LEAST_LIKENESS]
        if len(others):
            weights = (row[others] - UNLIKE) ** 2
            found[character] = (tuple(characters[i] for i in others), tuple(weights.tolist()))
    return found


def _pictures(characters: Sequence[str], face: Face) -> NDArray[np.float32]:
    """Each character drawn and blurred, as a vector of mean 0 and length 1, (C, pixels)."""
    font = open_font(face, SIZE_PX)
    side = SIZE_PX + 2 * MARGIN_PX
    pictures = np.empty((len(characters), side * side), np.float32)
    for row, character in zip(pictures, characters, strict=True):
        image = Image.new("L", (side, side))
        ImageDraw.Draw(image).text((MARGIN_PX, MARGIN_PX // 2), character, fill=255, font=font)
        row[:] = np.asarray(image.filter(ImageFilter.GaussianBlur(BLUR_PX))).reshape(-1)
    pictures -= pictures.mean(axis=1, keepdims=True)
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    return pictures
