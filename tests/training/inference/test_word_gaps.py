"""Spaces between Latin words, told by the gaps in an image or read as a class."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datagen.alphabet import Alphabet
from datagen.line_images import Gray
from fonts import select
from fonts.specimen import open_font
from tests.support.bars import BarScorer, bars, ocrtrain, save
from training.inference.line_reader import LineReader, ReadSettings
from training.inference.word_gaps import word_gaps


def line(text: str, face: str = "noto-serif-sc-regular", tracking_px: float = 0.0) -> Gray:
    """A text as a line 32 px high, letter by letter."""
    return drawn(text, face, tracking_px)[0]


def drawn(text: str, face: str, tracking_px: float) -> tuple[Gray, list[str], np.ndarray]:
    font = open_font(select([face])[0], 22)
    image = Image.new("L", (900, 32), 245)
    pen, x = ImageDraw.Draw(image), 10.0
    symbols, centres = [], []
    for character in text:
        advance = font.getlength(character)
        pen.text((x, 24), character, 30, font, anchor="ls")
        if character != " ":
            symbols.append(character)
            centres.append(x + advance / 2)
        x += advance + tracking_px
    return np.asarray(image)[:, : int(x) + 10], symbols, np.array(centres)


@pytest.mark.parametrize("face", ["noto-sans-sc-regular", "noto-serif-sc-bold", "arphic-song-gb"])
@pytest.mark.parametrize("tracking_px", [0.0, 6.0])
@pytest.mark.parametrize("text", ["General Public License", "版本Released by 2026年 Foundation"])
def test_a_wide_gap_between_latin_characters_is_a_space(
    face: str, tracking_px: float, text: str
) -> None:
    pixels, symbols, centres = drawn(text, face, tracking_px)
    read = list("".join(symbols))
    for i in reversed(word_gaps(pixels, symbols, centres)):
        read.insert(i, " ")
    assert "".join(read) == text.replace("年 ", "年")


@pytest.mark.parametrize("text", ["请于下午 三点前", "第3章", "", "A"])
def test_elsewhere_a_gap_is_none(text: str) -> None:
    pixels, symbols, centres = drawn(text, "noto-sans-sc-regular", 0.0)
    assert word_gaps(pixels, symbols, centres) == []


def test_spaces_are_put_only_on_demand_and_stand_among_the_characters() -> None:
    image = line("General Public License")
    (plain,) = LineReader.open("crnn_v2", device="cpu").read([image])
    (spaced,) = LineReader.open("crnn_v2", device="cpu", spaces=True).read([image])
    assert plain.text == "GeneralPublicLicense" and spaced.text == "General Public License"
    assert "".join(c.text for c in spaced.characters) == spaced.text
    assert spaced.confidence == plain.confidence
    places = [c.x_px for c in spaced.characters]
    assert places == sorted(places)


def test_predict_and_evaluate_take_the_option(tmp_path: Path) -> None:
    save(tmp_path / "a.png", line("General Public License"))
    (tmp_path / "labels.tsv").write_text("a.png\tGeneral Public License\n", encoding="utf-8")
    arguments = ("--checkpoint", "crnn_v2", "--device", "cpu")
    code, out, _ = ocrtrain("predict", tmp_path / "a.png", *arguments, "--spaces")
    assert (code, out) == (0, "General Public License\n")
    data = ("evaluate", "--data", tmp_path, *arguments)
    assert "'␣' not read  2×" in ocrtrain(*data)[1]
    assert "␣" not in ocrtrain(*data, "--spaces")[1]


class SpacedScorer(BarScorer):
    """BarScorer with 洪 as the space."""

    alphabet = Alphabet(("", *"天地玄黄宇宙", " ", "荒"))


def test_a_space_that_is_a_class_is_read_once_and_not_at_the_ends() -> None:
    (reading,) = LineReader(SpacedScorer()).read([bars("洪天洪洪地玄洪黄洪")])
    assert reading.text == "天 地玄 黄"
    assert [c.text for c in reading.characters] == list("天 地玄 黄")
    spaced = ReadSettings(spaces=True)  # of no effect here
    assert next(LineReader(SpacedScorer(), settings=spaced).read([bars("天洪地")])).text == "天 地"
