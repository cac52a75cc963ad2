"""A user's images as grounds: the image is the ground, text stays readable, bad files are named."""

import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.alphabet import builtin
from datagen.drawing.backgrounds import KEPT_PIXELS, Backgrounds
from datagen.drawing.capture import NativeFrames, native_frames
from datagen.drawing.engine import LineEngine
from datagen.drawing.finishing import BACKGROUND_DEPTH
from datagen.drawing.look_columns import Look
from datagen.drawing.looks import draw_looks
from datagen.drawing.style import Style, load_style
from datagen.errors import RenderError
from datagen.images import encode_png
from datagen.sample import EFFECTS
from fonts import select
from tests.support.drawn_lines import gray, many_texts

FACES = select(("noto-sans-sc-regular",))


def _style(folder: Path, preset: str = "plain") -> Style:
    style = load_style(preset)
    surface = replace(style.surface, backgrounds=str(folder), backgrounds_share=1.0)
    return replace(style, surface=surface)


def _images(folder: Path) -> Path:
    """Paper, a gradient, a photograph, stripes: what people have lying about."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:200, 0:500].astype(np.float32)
    blobs = cv2.resize(rng.normal(0, 50, (8, 20)).astype(np.float32), (500, 200))
    pictures = {
        "paper": 225 + rng.normal(0, 4, x.shape),
        "gradient": 60 + 0.35 * x + 0.1 * y,
        "photo": 128 + blobs + rng.normal(0, 4, x.shape),
        "stripes": 150 + 60 * np.sign(np.sin(x / 9)),
    }
    folder.mkdir()
    for name, picture in pictures.items():
        (folder / f"{name}.png").write_bytes(encode_png(np.clip(picture, 0, 255).astype(np.uint8)))
    return folder


def _engine(style: Style, **options: bool) -> LineEngine:
    return LineEngine(style, FACES, builtin(), seed=5, **options)


def test_the_ground_is_the_cut_of_the_image_in_every_row(tmp_path: Path) -> None:
    style = _style(_images(tmp_path / "bg"))
    style = replace(style, gray=replace(style.gray, ground=(150.0, 150.0)))
    engine, indices = _engine(style, masks=True), np.arange(60)
    samples = engine.draw(many_texts(60), indices)
    looks = draw_looks(style, 5, indices)
    frames = native_frames(looks)
    cuts = frames.lines(Backgrounds(str(tmp_path / "bg")).cut(looks, frames))
    assert samples.masks is not None and all(samples.images)
    levels = samples.meta["effects"][:, EFFECTS.index("ground")].astype(float)
    for data, mask, cut, level in zip(samples.images, samples.masks, cuts, levels, strict=True):
        bare = gray(mask) == 0
        apart = gray(data)[bare] - level - cut[bare]
        assert abs(apart.mean()) < 1.5 and apart.std() < 6.0  # JPEG alone
        assert np.abs(cut).max() <= BACKGROUND_DEPTH + 0.01


@pytest.mark.parametrize("preset", ["print", "rich"])
def test_ink_stands_out_from_what_lies_around_it(tmp_path: Path, preset: str) -> None:
    """As far as the image is restless; around each character, where a reader looks."""
    engine = _engine(_style(_images(tmp_path / "bg"), preset), masks=True)
    samples = engine.draw(many_texts(120), np.arange(120))
    assert samples.masks is not None
    clear = []
    for row, (data, mask) in enumerate(zip(samples.images, samples.masks, strict=True)):
        if not data:
            continue
        image, coverage = gray(data).astype(float), gray(mask)
        for x in samples.centres[row, : len(samples.texts[row])].astype(int):
            near = slice(max(x - 10, 0), x + 10)
            inside = coverage[:, near]
            ink, bare = image[:, near][inside >= 0.9 * inside.max()], image[:, near][inside <= 5]
            clear.append(abs(ink.mean() - bare.mean()) > 1.2 * bare.std())
    assert len(clear) > 700 and np.mean(clear) > 0.95


def test_a_cut_depends_on_no_other_line_of_the_batch(tmp_path: Path) -> None:
    style = _style(_images(tmp_path / "bg"))
    style = replace(style, frame=replace(style.frame, width_px=(300, 480)))
    engine = _engine(style)
    whole = engine.draw(many_texts(12), np.arange(12))
    assert len({gray(data).shape[1] for data in whole.images}) > 4
    for i in range(0, 12, 4):
        assert engine.draw(many_texts(1), np.array([i])).images[0] == whole.images[i]


@pytest.mark.parametrize(("height", "width"), [(20, 30), (1, 3000), (32, 280), (3000, 1), (1, 1)])
def test_images_smaller_than_the_frame_are_enlarged(
    tmp_path: Path, height: int, width: int
) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width), np.uint8)
    (tmp_path / "small.png").write_bytes(encode_png(pixels))
    (cut,) = _cut(tmp_path)
    assert cut.shape == (32, 280) and abs(cut.mean()) < 0.01
    assert (cut.std() > 5.0) == (width > 1)  # one column enlarged is one gray


def test_large_images_are_kept_small_in_memory(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (3000, 4000), np.uint8)
    (tmp_path / "large.jpg").write_bytes(bytes(cv2.imencode(".jpg", pixels)[1]))
    ((image,),) = Backgrounds(str(tmp_path))._images
    assert image.size == pytest.approx(KEPT_PIXELS, rel=0.01)
    assert image.shape[1] / image.shape[0] == pytest.approx(4 / 3, rel=0.01)


def _cut(folder: Path) -> list[NDArray[np.float32]]:
    looks = np.zeros((1, len(Look)))
    looks[0, Look.BACKGROUND_X], looks[0, Look.BACKGROUND_Y] = 0.9, 0.9
    frames = NativeFrames(np.array([0]), np.array([32]), np.array([280]))
    return frames.lines(Backgrounds(str(folder)).cut(looks, frames))


def test_what_cannot_be_used_is_named_and_nothing_hangs(tmp_path: Path) -> None:
    good = encode_png(np.zeros((40, 300), np.uint8))
    (tmp_path / "good.png").write_bytes(good)
    (tmp_path / "broken.png").write_bytes(good[:60])
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "empty.bmp").write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "fifo.png")
    with pytest.raises(RenderError) as caught:
        Backgrounds(str(tmp_path))
    message = str(caught.value)
    for name in ("broken.png", "text.jpg", "empty.bmp", "fifo.png"):
        assert name in message
    assert "good.png" not in message and "folder.png" not in message and "\n" not in message


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 8_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    small = encode_png(np.zeros((8, 8), np.uint8))
    (tmp_path / "bomb.png").write_bytes(small[:8] + chunk + small[33:])
    with pytest.raises(RenderError, match=r"bomb.png .*over the limit of 40,000,000 pixels"):
        Backgrounds(str(tmp_path))


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"no image .* under the backgrounds folder"):
        Backgrounds(str(tmp_path))
