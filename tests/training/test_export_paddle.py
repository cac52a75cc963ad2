"""Our model as PaddleOCR and PaddleX take it: the folder, its settings, and what they read."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import yaml
from rapidfuzz.distance import Levenshtein

from datagen.alphabet import builtin
from tests.support.bars import ocrtrain
from tests.support.paths import REAL_LINES
from training.export_paddle import settings_text
from training.inference.image_decoding import read_line
from training.inference.line_reader import LineReader


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("paddle") / "crnn_v2"
    arguments = ("export", "--for", "paddle", "--checkpoint", "crnn_v2", "--data", REAL_LINES)
    for _ in range(2):  # the same command may replace what it wrote
        code, told, error = ocrtrain(*arguments, "--limit", 6, "--out", out)
        assert code == 0, error
    assert "probabilities differ from torch's by at most" in told
    return out


def test_the_settings_name_the_characters_in_class_order(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == {"inference.onnx", "inference.yml"}
    settings = yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))
    assert settings["PostProcess"]["name"] == "CTCLabelDecode"
    assert settings["PostProcess"]["character_dict"] == list(builtin().characters)
    assert {"RecResizeImg": {"image_shape": [3, 32, 320]}} in (
        settings["PreProcess"]["transform_ops"]
    )
    odd = ["\t", "\x7f", "\x80", "\x85", "\u2028", "\ufffe", "𠀀", '"', "\\"]
    assert yaml.safe_load(settings_text(odd))["PostProcess"]["character_dict"] == odd
    spaced = yaml.safe_load(settings_text(builtin("general").symbols[1:]))
    assert spaced["PostProcess"]["character_dict"] == list(builtin("general").characters)


def paddle_input(image: np.ndarray) -> np.ndarray:
    """A BGR line as PaddleX 3.7 prepares it (OCRReisizeNormImg), (1, 3, 32, W)."""
    height, width = image.shape[:2]
    padded = int(32 * max(320 / 32, width / height))
    inked = min(padded, int(np.ceil(32 * width / height)))
    prepared = np.zeros((1, 3, 32, padded), np.float32)
    resized = cv2.resize(image, (inked, 32)).astype(np.float32).transpose(2, 0, 1)
    prepared[0, :, :, :inked] = (resized / 255 - 0.5) / 0.5
    return prepared


def test_lines_prepared_as_paddlex_does_read_alike(folder: Path) -> None:
    session = onnxruntime.InferenceSession(
        str(folder / "inference.onnx"), providers=["CPUExecutionProvider"]
    )
    settings = yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))
    characters = ["", *settings["PostProcess"]["character_dict"], " "]  # as it reads them
    images = [read_line(file) for file in sorted(REAL_LINES.rglob("*.png"))[:16]]
    lines = [np.stack([image.pixels] * 3, 2) for image in images if not image.inverted]
    assert len(lines) > 8
    theirs = []
    for line in lines:
        (probabilities,) = session.run(None, {"x": paddle_input(line)})
        assert probabilities.sum(axis=2) == pytest.approx(1, abs=1e-4)
        best = probabilities[0].argmax(axis=1)
        kept = best[np.insert(best[1:] != best[:-1], 0, True)]
        theirs.append("".join(characters[c] for c in kept))
    ours = [reading.text for reading in LineReader.open("crnn_v2").read(lines)]
    assert sum(map(Levenshtein.distance, ours, theirs)) / sum(map(len, ours)) < 0.03


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "inference.yml").write_text("Global: {}\n", encoding="utf-8")
    arguments = ("export", "--for", "paddle", "--checkpoint", "crnn_v2", "--data", REAL_LINES)
    code, _, error = ocrtrain(*arguments, "--limit", 2, "--out", tmp_path)
    assert code == 1 and "inference.yml exists and does not say that this command made it" in error
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, _, error = ocrtrain(*arguments, "--limit", 2, "--out", tmp_path / "file")
    assert code == 1 and "cannot write" in error
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "inference.yml"]
