"""Lines drawn by the project's own engine, for tests that measure them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet, builtin
from datagen.sample import Texts

GrayImage = NDArray[np.uint8]

LINES = (
    "春眠不觉晓，处处闻啼",
    "2026年GDP增长4.8%",
    "一、二：“三”（四）五",
    "鹦鹉螺鹭鸶，鳜鱼肥。",
)


def texts_of(*lines: str, alphabet: Alphabet | None = None) -> Texts:
    """What an engine is asked to write, in the default alphabet or another."""
    alphabet = alphabet or builtin()
    ids = np.zeros((len(lines), max(map(len, lines))), dtype=np.uint16)
    for row, line in enumerate(lines):
        ids[row, : len(line)] = alphabet.encode(line)
    n = len(lines)
    lengths = np.array([len(line) for line in lines], dtype=np.int64)
    return Texts(
        ids, lengths, np.arange(n, dtype=np.uint64), np.zeros(n, np.uint16), np.zeros(n, np.uint8)
    )


def many_texts(count: int) -> Texts:
    """LINES over and over."""
    return texts_of(*(LINES[i % len(LINES)] for i in range(count)))


def gray(data: bytes) -> GrayImage:
    """An encoded image as gray levels, (H, W)."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(image, dtype=np.uint8)
