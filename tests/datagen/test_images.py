"""Encoded images: what decoding gives back, and what is known without it."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from datagen.errors import ImageError
from datagen.images import (
    decode,
    decode_each,
    encode_jpeg,
    encode_png,
    extension,
    is_whole,
    png_is_intact,
    size_of,
)
from tests.support.samples import make_samples


def test_jpeg_comes_back_nearly_and_png_exactly() -> None:
    ramp = np.tile(np.arange(0, 240, 3, dtype=np.uint8), (32, 1))
    assert np.abs(decode([encode_jpeg(ramp, 95)])[0].astype(int) - ramp).max() < 6
    np.testing.assert_array_equal(decode([encode_png(ramp)])[0], ramp)


def test_quality_decides_on_the_size() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (32, 64), np.uint8)
    assert len(encode_jpeg(noise, 30)) < len(encode_jpeg(noise, 90))


def test_differing_sizes_are_refused_together_and_read_apart() -> None:
    images = make_samples([0], width=280).images + make_samples([1], width=100).images
    with pytest.raises(ImageError, match="different sizes: 100x32, 280x32"):
        decode(images)
    assert [image.shape for image in decode_each(images)] == [(32, 280), (32, 100)]


def test_what_is_no_image_is_named() -> None:
    good = make_samples([0]).images[0]
    with pytest.raises(ImageError, match=r"at position 1, 2 of 3"):
        decode([good, b"", b"no image"])
    with pytest.raises(ImageError, match="no readable image in 8 bytes"):
        size_of(b"no image")


def test_size_and_kind_are_known_without_decoding(tmp_path: object) -> None:
    image = make_samples([0], width=123).images[0]
    assert size_of(image) == (32, 123)
    assert extension(image) == ".jpg"
    assert extension(encode_png(decode([image])[0])) == ".png"
    assert extension(b"what") == ".img"


def test_size_obeys_the_orientation_as_decoding_does() -> None:
    import io

    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (40, 20)).save(buffer, "JPEG", exif=exif)
    assert size_of(buffer.getvalue()) == decode([buffer.getvalue()]).shape[1:] == (40, 20)


def test_the_size_of_a_bomb_is_known_without_decoding_it() -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 8_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    small = encode_png(np.zeros((8, 8), np.uint8))  # whose pixels would not fill such an image
    assert size_of(small[:8] + chunk + small[33:]) == (8_000, 10_000)


def test_a_cut_image_is_told_from_a_whole_one() -> None:
    jpeg = make_samples([0]).images[0]
    png = encode_png(np.zeros((8, 8), np.uint8))
    assert is_whole(jpeg) and is_whole(png)
    assert not is_whole(jpeg[:-200]) and not is_whole(png[:-20])
    assert is_whole(jpeg + bytes(5000)) and is_whole(jpeg + jpeg)  # as telephones append


def test_any_bit_of_a_png_counts() -> None:
    png = encode_png(np.arange(64, dtype=np.uint8).reshape(8, 8))
    assert png_is_intact(png)
    for bit in range(8 * len(png)):
        flipped = bytearray(png)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not png_is_intact(bytes(flipped)), bit
    assert not any(png_is_intact(png[:end]) for end in range(len(png)))
    assert not png_is_intact(png + b"\0")
