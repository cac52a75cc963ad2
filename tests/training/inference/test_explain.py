"""The picture of a reading: what it shows, where, and how long lines go on."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocrbase.errors import DiskError
from tests.support.bars import ALPHABET, BarScorer, bars, ocrtrain, save
from training.inference.explain import CELL, LEFT, STRIP, draw, explain, explain_line, shown_classes
from training.inference.line_reader import LineReader

READER = LineReader(BarScorer())


def dark(picture: Image.Image, box: tuple[int, int, int, int]) -> bool:
    return bool((np.asarray(picture.convert("L").crop(box)) < 128).any())


def test_each_bar_stands_above_its_character() -> None:
    picture = draw(explain(READER, bars("天地玄")))
    assert picture.width == LEFT + 30 * CELL + 20  # 104 px are padded to 120, 30 frames
    for i in range(3):
        frame = (14 + 28 * i - 2) / 4
        x = round(LEFT + (frame + 0.5) * CELL)
        assert dark(picture, (x - 5, 60, x + 5, 90)), "the bar in the image"
        assert dark(picture, (x - 12, picture.height - 85, x + 12, picture.height - 55)), "the text"
        assert not dark(picture, (x + 40, picture.height - 85, x + 60, picture.height - 55))


def test_rows_are_the_classes_read_in_order_and_never_the_blank() -> None:
    line = explain(READER, bars("玄天玄地"))
    assert [ALPHABET.symbols[c] for c in shown_classes(line)] == ["玄", "天", "地"]


def test_a_long_line_goes_on_below() -> None:
    picture = draw(explain(READER, bars("天地玄黄" * 8)))
    one = draw(explain(READER, bars("天地玄黄")))
    assert picture.width == LEFT + STRIP * CELL + 20
    assert picture.height == 3 * one.height  # 920 px are 230 frames of 84 a strip


def test_characters_that_the_face_lacks_show_their_code_point() -> None:
    from datagen.alphabet import Alphabet
    from training.inference.explain import _drawable

    assert _drawable(Alphabet(("", "天", "\U00020000"))) == ["-", "天", "20000"]


def test_command_draws_the_first_image_and_reads_all(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from training.model.checkpoint import save_model
    from training.model.networks import build

    torch.manual_seed(0)
    network = build("crnn", len(ALPHABET), hidden=8, width_multiplier=0.05)
    save_model(tmp_path / "a.safetensors", network, ALPHABET)
    image = save(tmp_path / "lines" / "a.png", bars("天地"))
    options = ("--checkpoint", tmp_path / "a.safetensors", "--device", "cpu")
    code, out, err = ocrtrain("predict", image, *options, "--explain", tmp_path / "why.png")
    assert code == 0 and out.count("\n") == 1
    assert f"drew {image} into {tmp_path / 'why.png'}" in err
    with Image.open(tmp_path / "why.png") as picture:
        assert picture.width == LEFT + 21 * CELL + 20  # 76 px are padded to 80
    (tmp_path / "bad.png").write_bytes(b"no image")
    bad = tmp_path / "bad.png"
    code, _, err = ocrtrain("predict", bad, *options, "--explain", tmp_path / "no.png")
    assert code == 1 and f"nothing is drawn: {bad}: not an image (AVIF, " in err
    assert not (tmp_path / "no.png").exists()


def test_no_picture_replaces_what_is_no_such_picture(tmp_path: Path) -> None:
    image = save(tmp_path / "a.png", bars("天"))
    before = image.read_bytes()
    with pytest.raises(DiskError, match=r"a.png is an input of this command"):
        explain_line(READER, image, image)
    assert image.read_bytes() == before
    for _ in range(2):  # its own picture may be drawn again
        explain_line(READER, image, tmp_path / "why.png")


def test_the_command_reads_all_files_even_if_it_may_not_draw(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    image = save(tmp_path / "a.png", bars("天"))
    options = ("predict", image, "--checkpoint", "crnn_v2", "--device", "cpu", "--explain")
    code, out, err = ocrtrain(*options, image)
    assert code == 1 and out.count("\n") == 1 and "nothing is drawn: " in err
    code, out, err = ocrtrain(*options, tmp_path / "why.svg")
    assert code == 1 and out.count("\n") == 1
    assert "why.svg: give a name that ends with .png or .jpg or .jpeg" in err


def test_the_name_says_which_kind_of_picture_it_is(tmp_path: Path) -> None:
    explain_line(READER, save(tmp_path / "a.png", bars("天")), tmp_path / "a.jpg")
    assert (tmp_path / "a.jpg").read_bytes().startswith(b"\xff\xd8\xff")


def test_explain_line_makes_folders(tmp_path: Path) -> None:
    explain_line(READER, save(tmp_path / "a.png", bars("天")), tmp_path / "new" / "a.png")
    assert (tmp_path / "new" / "a.png").is_file()
