"""Image files: any kind to gray, upright, dark on light, 32 px high; bad files in one line."""

import os
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datagen.errors import ImageError
from datagen.gray_levels import to_gray
from datagen.line_images import prepare
from training.inference.image_decoding import (
    prepare_array,
    prepare_image,
    read_line,
)


def drawing(width: int = 200, height: int = 64, ink: int = 20, ground: int = 230) -> Image.Image:
    """Strokes of several widths on an even ground; the left end differs from the right."""
    image = Image.new("L", (width, height), ground)
    draw = ImageDraw.Draw(image)
    for x in range(10, width // 2, 15):
        draw.rectangle((x, 8, x + x // 20, height - 9), fill=ink)
    draw.ellipse((width - 40, 8, width - 14, height - 9), outline=ink, width=3)
    return image


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def far_apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


PLAIN = read_line(encoded(drawing())).pixels


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I;16"])
def test_every_mode_reads_the_same(mode: str) -> None:
    image = drawing(ink=0, ground=255)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    elif mode != "L":
        image = image.convert(mode)
    form = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    line = read_line(encoded(image, form))
    assert line.pixels.shape == (32, 100) and line.pixels.dtype == np.uint8
    assert far_apart(line.pixels, prepare(np.asarray(drawing(ink=0, ground=255))).pixels) < 2


@pytest.mark.parametrize("values", [np.uint16(256), np.float32(1 / 255), np.int32(1)])
def test_deep_levels_use_the_whole_range(values: np.generic) -> None:
    gray = np.asarray(drawing())
    image = Image.fromarray(gray.astype(values.dtype) * values)
    assert far_apart(to_gray(image), gray) < 1.1


@pytest.mark.parametrize("ink", [0, 255])
def test_transparent_ground_becomes_what_the_ink_stands_out_from(ink: int) -> None:
    alpha = 255 - np.asarray(drawing(ink=0, ground=255))
    rgba = np.dstack([np.full_like(alpha, ink)] * 3 + [alpha])
    line = read_line(encoded(Image.fromarray(rgba)))
    assert line.inverted == (ink == 255)
    assert far_apart(line.pixels, prepare(np.asarray(drawing(ink=0, ground=255))).pixels) < 1


def test_exif_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    turned = drawing().transpose(Image.Transpose.ROTATE_90)
    line = read_line(encoded(turned, exif=exif))
    assert far_apart(line.pixels, PLAIN) < 1


def test_light_ink_on_dark_is_inverted_and_keeps_its_scale() -> None:
    line = read_line(encoded(drawing(ink=235, ground=25)))
    assert line.inverted and line.scale == 2.0
    assert far_apart(line.pixels, PLAIN) < 1


def huge_png(width: int, height: int) -> bytes:
    """A valid header of a PNG of that size, and next to no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(99)))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no image at all", "not an image"),
        (b"", "not an image"),
        (encoded(drawing())[:200], "damaged"),
        (encoded(Image.new("L", (9, 7))), "7 px high; a line needs at least 8 px"),
        (encoded(Image.new("L", (9000, 8))), "36000 px wide.*over the limit of 32768"),
        (huge_png(9_000, 9_000), "9000 x 9000 px is over the limit of 40,000,000 pixels"),
        (huge_png(12_000, 12_000), "12000 x 12000 px is over the limit"),
        (huge_png(100_000, 100_000), "decompression bomb, over the limit of 40,000,000"),
        (encoded(Image.new("1", (1, 9_999_999))), "9,999,999 px high, over the limit of 8,192 px"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n", "not an image"),
    ],
)
def test_bad_input_is_one_clear_line(data: bytes, says: str) -> None:
    with pytest.raises(ImageError, match=says) as caught:
        read_line(data)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        read_line(tmp_path / "none.png")
    with pytest.raises(ImageError, match=r"^it is a folder, not a regular file"):
        read_line(tmp_path)


def test_fifos_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.png")
    for path, kind in ((tmp_path / "fifo.png", "fifo"), (Path("/dev/zero"), "device")):
        with pytest.raises(ImageError, match=f"it is a {kind}, not a regular file"):
            read_line(path)


def test_what_a_parser_raises_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(image: Image.Image) -> None:
        raise NotImplementedError("an encoding that nobody wrote")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", overflow)
    with pytest.raises(ImageError, match="damaged: an encoding that nobody wrote"):
        read_line(encoded(drawing()))


def test_a_large_image_takes_little_more_memory_than_its_pixels() -> None:
    code = (
        "import io, tracemalloc\n"
        "from PIL import Image\n"
        "from training.inference.image_decoding import read_line\n"
        "file = io.BytesIO()\n"
        "Image.new('RGBA', (9_000, 4_000), (0, 0, 0, 90)).save(file, 'PNG', compress_level=1)\n"
        "data = file.getvalue()\n"
        "tracemalloc.start()\n"
        "read_line(data)\n"
        "print(tracemalloc.get_traced_memory()[1] >> 20)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8"
    )
    assert int(done.stdout) < 150  # MB beside the image: three planes of 36, some rows as floats


@pytest.mark.parametrize(
    "pixels",
    [
        np.asarray(drawing()),
        np.asarray(drawing().convert("RGB")),
        np.asarray(drawing().convert("RGBA")),
    ],
)
def test_arrays_and_pil_images_read_like_files(pixels: np.ndarray) -> None:
    assert far_apart(prepare_array(pixels).pixels, PLAIN) < 0.5
    image = Image.fromarray(pixels)
    assert far_apart(prepare_image(image).pixels, PLAIN) < 0.5
    assert image.size == (200, 64)


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (np.zeros((32, 80)), "shape .32, 80. and type float64"),
        (np.zeros((32, 80, 2), np.uint8), "shape .32, 80, 2."),
        (np.zeros((4, 80), np.uint8), "4 px high"),
        (np.zeros((32, 0), np.uint8), "px wide"),
        (np.zeros(80, np.uint8), "shape .80,."),
    ],
)
def test_other_arrays_are_refused(pixels: np.ndarray, says: str) -> None:
    with pytest.raises(ImageError, match=says):
        prepare_array(pixels)
