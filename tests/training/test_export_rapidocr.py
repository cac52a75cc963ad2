"""Our model inside of RapidOCR: the file it takes, and what it reads with it on a whole page."""

import unicodedata
from pathlib import Path

import numpy as np
import onnx
import pytest
from rapidfuzz.distance import Levenshtein

from datagen.alphabet import Alphabet
from tests.support.bars import ocrtrain
from tests.support.paths import REAL_LINES, ROOT
from training.errors import ReadError
from training.export_rapidocr import export_rapidocr, rapidocr_input
from training.inference.image_decoding import read_line
from training.inference.line_reader import LineReader
from training.model.checkpoint import save_model
from training.model.networks import build

DOCUMENTS = ROOT / "tests" / "training" / "pages" / "documents"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rapidocr") / "crnn_v2.onnx"
    code, told, error = ocrtrain(
        "export", "--for", "rapidocr", "--checkpoint", "crnn_v2", "--data", REAL_LINES,
        "--limit", 12, "--out", out,
    )  # fmt: skip
    assert code == 0, error
    assert "probabilities differ from torch's by at most" in told
    return out


def test_the_file_names_its_characters_and_leaves_sizes_open(exported: Path) -> None:
    model = onnx.load(str(exported))
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert len(metadata["character"].splitlines()) == 5989
    (taken,) = model.graph.input
    sizes = [d.dim_param or d.dim_value for d in taken.type.tensor_type.shape.dim]
    assert sizes == ["lines", 3, 32, "width"]


def test_characters_that_end_a_line_there_are_refused(tmp_path: Path) -> None:
    """RapidOCR cuts its list at them, and all classes behind would be off by one."""
    alphabet = Alphabet(("", "a", "\u2028", "b"))
    save_model(tmp_path / "m.safetensors", build("crnn", 4, width_multiplier=0.125), alphabet)
    with pytest.raises(ReadError, match=r"'\\u2028' for the end of a line"):
        export_rapidocr(tmp_path / "m.safetensors", tmp_path / "m.onnx", [])
    assert not (tmp_path / "m.onnx").exists()


def test_another_programs_file_stays(tmp_path: Path) -> None:
    other = tmp_path / "classifier.onnx"
    other.write_bytes(b"x probabilities y")
    options = ("--for", "rapidocr", "--checkpoint", "crnn_v2")
    code, _, error = ocrtrain("export", *options, "--out", other)
    assert code == 1 and "classifier.onnx" in error and other.read_bytes() == b"x probabilities y"


def test_filling_on_the_right_changes_little(exported: Path) -> None:
    """A batch is as wide as its widest line; zeros must read as white paper, not as gray."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    line = read_line(sorted(REAL_LINES.rglob("*.png"))[3]).pixels[:, :200]
    narrow = rapidocr_input([line])
    wide = rapidocr_input([line, np.full((32, 320), 255, np.uint8)])[:1]
    assert (wide[..., 200:] == 0).all()
    (alone,), (filled,) = (session.run(None, {"x": images}) for images in (narrow, wide))
    t = alone.shape[1] - 6
    assert (alone[0, :t].argmax(1) == filled[0, :t].argmax(1)).all()
    white = wide.copy()
    white[..., 200:] = 1.0
    (padded,) = session.run(None, {"x": white})
    np.testing.assert_allclose(filled, padded, atol=1e-5)


def test_rapidocr_reads_a_page_with_it(exported: Path) -> None:
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Rec.model_path": str(exported),
            "Rec.rec_img_shape": [3, 32, 320],
        }
    )
    found = engine(str(DOCUMENTS / "two_columns.png"))
    read = unicodedata.normalize("NFKC", "".join(found.txts))
    truth = unicodedata.normalize("NFKC", (DOCUMENTS / "text.txt").read_text("utf-8"))
    truth = truth.replace("\n", "")
    # RapidOCR's own order goes across the columns, so characters are compared as a bag.
    common = Levenshtein.distance("".join(sorted(read)), "".join(sorted(truth)))
    assert common / len(truth) < 0.06
    assert sum(found.scores) / len(found.scores) > 0.8


def test_the_same_lines_read_alike_by_both(exported: Path) -> None:
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Rec.model_path": str(exported),
            "Rec.rec_img_shape": [3, 32, 320],
        }
    )
    images = [read_line(file) for file in sorted(REAL_LINES.rglob("*.png"))[:24]]
    # RapidOCR does not invert light on dark.
    lines = [np.stack([image.pixels] * 3, 2) for image in images if not image.inverted]
    assert len(lines) > 10
    ours = [reading.text for reading in LineReader.open("crnn_v2").read(lines)]
    theirs = [engine(line, use_det=False, use_cls=False, use_rec=True).txts[0] for line in lines]
    distance = sum(map(Levenshtein.distance, ours, theirs))
    assert distance / sum(map(len, ours)) < 0.05


def test_int8_is_refused() -> None:
    code, _, error = ocrtrain("export", "--for", "rapidocr", "--int8")
    assert code == 2 and "--int8: not with --for rapidocr" in error
