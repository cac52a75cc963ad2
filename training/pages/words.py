"""The words of a line: what stands between its spaces."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datagen.folding import SPACE
from training.pages.page_reader import PageCharacter, PageLine


@dataclass(frozen=True, slots=True)
class PageWord:
    """One word of a line.

    Attributes:
        text: what it says, without a space.
        quad: corners on the upright page, (4, 2), from the top left clockwise; a word begins and
            ends in the middle of a space, or with the line.
        characters: in order.
    """

    text: str
    quad: NDArray[np.float32]
    characters: tuple[PageCharacter, ...]


def words_of(line: PageLine) -> Iterator[PageWord]:
    """The words of a line in order; the line itself if it has no space."""
    spaces = [i for i, c in enumerate(line.characters) if c.text == SPACE]
    shares = [0.0, *(_share(line, line.characters[i]) for i in spaces), 1.0]
    bounds = [-1, *spaces, len(line.characters)]
    for (before, after), (left, right) in zip(pairwise(bounds), pairwise(shares), strict=True):
        characters = line.characters[before + 1 : after]
        text = "".join(c.text for c in characters)
        yield PageWord(text, _part(line.quad, left, right), characters)


def _share(line: PageLine, character: PageCharacter) -> float:
    """How far along its line a character stands, from 0 to 1."""
    left, right = (line.quad[0] + line.quad[3]) / 2, (line.quad[1] + line.quad[2]) / 2
    along = right - left
    place = np.array([character.x_px, character.y_px]) - left
    return float(np.clip(place @ along / max(float(along @ along), 1e-9), 0, 1))


def _part(quad: NDArray[np.float32], left: float, right: float) -> NDArray[np.float32]:
    """The part of a line's quad between two shares of its length."""
    (a, b, c, d), ends = quad, np.array([[left], [right]], np.float32)
    top, bottom = a + ends * (b - a), d + ends * (c - d)  # (2, 2) each
    return np.stack([top[0], top[1], bottom[1], bottom[0]])
