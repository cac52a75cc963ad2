"""Corrected lines are what import reads."""

import io
from pathlib import Path

import pytest
from PIL import Image

from ocrbase.errors import SettingsError
from pipelines.studio.corrections import LIST, Corrections


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
