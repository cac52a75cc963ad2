"""Corrected lines are what import reads."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocrbase.errors import SettingsError
from pipelines.studio.corrections import LIST, Corrections
from pipelines.studio.models import open_reader
from training.model.bundled import bundled


def _image(level: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 32), (level, level, level)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_corrected_line_is_kept_once_with_its_newest_text(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / "corrections")
    first = corrections.add(_image(10), "春天")
    corrections.add(_image(200), "秋天")
    assert corrections.add(_image(10), "春夏") == first
    rows = (tmp_path / "corrections" / LIST).read_text(encoding="utf-8").splitlines()
    assert [row.split("\t")[1] for row in rows] == ["春夏", "秋天"]
    with Image.open(first) as image:
        assert (image.size, image.mode) == ((60, 32), "L")


@pytest.mark.parametrize("text", ["", "  ", "春\t天", "春\n天"])
def test_text_that_is_no_line_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="one line of text"):
        Corrections(tmp_path).add(_image(10), text)


def test_lines_are_kept_as_they_are_read(tmp_path: Path) -> None:
    """Of 16 bits, transparent, turned by EXIF."""
    ink = np.full((32, 60), 60_000, np.uint16)
    ink[10:20, 10:50] = 4_000
    deep, clear, turned = (io.BytesIO() for _ in range(3))
    Image.fromarray(ink).save(deep, "PNG")
    layer = np.zeros((32, 60, 4), np.uint8)
    layer[..., 3] = 255 * (ink < 5_000)
    Image.fromarray(layer).save(clear, "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = Image.fromarray((ink >> 8).astype(np.uint8))
    upright.transpose(Image.Transpose.ROTATE_90).save(turned, "JPEG", exif=exif, quality=95)
    for data in (deep, clear, turned):
        kept = np.asarray(Image.open(Corrections(tmp_path).add(data.getvalue(), "春")))
        assert kept.shape == (32, 60)
        assert kept[12:18, 14:46].max() < 40 < 200 < kept[:6].min()


def test_a_model_that_is_written_anew_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    path.write_bytes(bundled()["crnn_lite"].read_bytes())
    first = open_reader(str(path))
    assert open_reader(str(path)) is first
    os.utime(path, ns=(1, 1))
    assert open_reader(str(path)) is not first
