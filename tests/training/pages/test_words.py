"""Words of a line: their places, and how hOCR and ALTO write them."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from training.pages.outputs.markup import to_alto, to_hocr
from training.pages.page_images import PageImage
from training.pages.page_reader import PageCharacter, PageLine, PageReading
from training.pages.words import words_of

QUAD = np.array([[10, 10], [110, 30], [106, 50], [6, 30]], np.float32)  # descends to the right


def reading(text: str) -> PageReading:
    """A page with one line whose characters stand evenly along it."""
    left, right = (QUAD[0] + QUAD[3]) / 2, (QUAD[1] + QUAD[2]) / 2
    shares = (np.arange(len(text)) + 0.5) / len(text)
    places = left + shares[:, None] * (right - left)
    characters = tuple(
        PageCharacter(c, 0.9, float(x), float(y)) for c, (x, y) in zip(text, places, strict=True)
    )
    pixels = np.full((60, 120, 3), 255, np.uint8)
    page = PageImage(Path("a.png"), 1, pixels, None)
    return PageReading(page, pixels, 0, (PageLine(text, 0.9, QUAD, characters),))


def test_words_divide_a_line_at_its_spaces() -> None:
    (line,) = reading("ab cde 天").lines
    words = list(words_of(line))
    assert [word.text for word in words] == ["ab", "cde", "天"]
    assert [len(word.characters) for word in words] == [2, 3, 1]
    assert np.array_equal(words[0].quad[[0, 3]], QUAD[[0, 3]])
    assert np.allclose(words[-1].quad[[1, 2]], QUAD[[1, 2]])
    for left, right in pairwise(words):
        assert np.allclose(left.quad[[1, 2]], right.quad[[0, 3]])
    share = (words[0].quad[1] - QUAD[0]) / (QUAD[1] - QUAD[0])
    assert share == pytest.approx([2.5 / 8] * 2)  # the middle of the first space


def test_a_line_without_spaces_is_one_word() -> None:
    (line,) = reading("天地玄黄").lines
    (word,) = words_of(line)
    assert word.text == "天地玄黄" and np.allclose(word.quad, QUAD)


def test_hocr_and_alto_hold_the_words() -> None:
    page = reading("ab cde 天")
    hocr = ElementTree.fromstring(to_hocr([page]).split("\n", 1)[1])
    (line,) = [e for e in hocr.iter() if e.get("class") == "ocr_line"]
    assert [span.text for span in line] == ["ab", "cde", "天"]
    assert "".join(line.itertext()) == "ab cde 天"
    alto = ElementTree.fromstring(to_alto([page]))
    (row,) = [e for e in alto.iter() if e.tag.endswith("}TextLine")]
    tags = [e.tag.partition("}")[2] for e in row]
    assert tags == ["Shape", "String", "SP", "String", "SP", "String"]
    places = [int(e.get("HPOS", "")) for e in row if e.tag.endswith("}String")]
    assert places == sorted(places)
