"""The real-world set: what is committed is what the labels say, and it can be read as lines."""

import json
from collections import Counter
from pathlib import Path

import pytest

from datagen.line_images import prepare
from tests.support.paths import REAL_LINES
from training.evaluation.labelled import open_labelled
from training.inference.image_decoding import read_line

FOLDER = REAL_LINES
SET = open_labelled(FOLDER)
ROWS = [line.split("\t") for line in (FOLDER / "labels.tsv").read_text("utf-8").splitlines()[1:]]
# The browser's lines have eight pairs of colours in turn; these two are light on dark.
LIGHT_ON_DARK = (3, 5)


def test_it_is_large_enough_and_not_of_our_faces() -> None:
    import fonts

    manifest = json.loads((Path(fonts.__file__).parent / "manifest.json").read_text("utf-8"))
    ours = json.dumps(manifest, ensure_ascii=False).lower()
    assert len(SET) >= 200
    assert set(SET.info.corpora) == {"browser", "office", "pdf"}
    assert min(Counter(row[2] for row in ROWS).values()) >= 60
    faces = {face.removesuffix(" Bold") for face in SET.info.faces}
    assert len(faces) >= 4
    assert not [face for face in faces if face.lower() in ours]


def test_labels_name_every_image_once_and_come_from_the_text() -> None:
    text = (FOLDER / "text.txt").read_text("utf-8").splitlines()
    assert sorted(row[1] for row in ROWS) == sorted(text) and len(set(text)) == len(text)
    files = sorted(p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*.png"))
    assert sorted(row[0] for row in ROWS) == files


@pytest.mark.parametrize("program", ["browser", "office", "pdf"])
def test_every_image_is_a_line_and_its_polarity_is_known(program: str) -> None:
    for i, (file, text, _, _) in enumerate(row for row in ROWS if row[2] == program):
        line = read_line(FOLDER / file)
        light = program == "browser" and i % 8 in LIGHT_ON_DARK
        assert line.inverted == light, file
        assert prepare(255 - line.pixels).inverted, file
        # As many squares as characters, half as wide where they are Latin.
        assert 0.35 * len(text) * 32 < line.pixels.shape[1] < 1.5 * len(text) * 32, file
