"""Our networks as text recognition models of PaddleOCR and PaddleX, run by ONNX Runtime.

Both take a folder with `inference.onnx` and `inference.yml`, and with `engine="onnxruntime"` need
no Paddle (PaddleX 3.7). They scale a line to a height, lay it on the left of N x 3 x H x W floats
(BGR, from -1 to 1), fill the right with zeros, and read N x T x C probabilities, the blank first,
as RapidOCR does: the graph is the one for RapidOCR. The characters stand in the YAML; one space is
added behind them. A model must have the name of one of theirs.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.line_images import Gray
from ocrbase.outputs import MARK
from ocrbase.publishing import publish_text
from training.export import Progress
from training.export_rapidocr import RapidOcrCheck, export_rapidocr
from training.model.checkpoint import load_model

GRAPH_FILE = "inference.onnx"
SETTINGS_FILE = "inference.yml"
MODEL_NAME = "PP-OCRv5_mobile_rec"
TYPICAL_WIDTH_PX = 320  # PaddleX pads narrower lines to it


def export_paddle(
    checkpoint: Path,
    out: Path,
    lines: Sequence[Gray],
    progress: Progress = lambda done, total: None,
) -> RapidOcrCheck:
    """Write a folder for `model_dir`, its graph compared with torch before it is named.

    Args:
        checkpoint: a model file.
        out: the folder to write.
        lines: prepared lines (32, w), of several widths.
        progress: called with the lines compared so far and their total.

    Raises:
        CheckpointError: if the checkpoint cannot be read.
        ReadError: if the graph differs from torch; nothing is written then.
    """
    check = export_rapidocr(checkpoint, out / GRAPH_FILE, lines, progress)
    characters = load_model(checkpoint).alphabet.symbols[1:]
    publish_text(out / SETTINGS_FILE, settings_text(characters))
    return check


def settings_text(characters: Sequence[str]) -> str:
    """The settings file of a model with these characters, in class order without the blank."""
    names = "".join(f"  - {_quoted(symbol)}\n" for symbol in characters)
    return (
        f"# {MARK}\n"
        f"Global:\n  model_name: {MODEL_NAME}\n"
        "PreProcess:\n"
        "  transform_ops:\n"
        "  - DecodeImage:\n      channel_first: false\n      img_mode: BGR\n"
        "  - RecResizeImg:\n"
        f"      image_shape: [3, {LINE_HEIGHT_PX}, {TYPICAL_WIDTH_PX}]\n"
        f"PostProcess:\n  name: CTCLabelDecode\n  character_dict:\n{names}"
    )


def _quoted(symbol: str) -> str:
    """A character between double quotes, as YAML reads it back."""
    if symbol.isprintable():
        return json.dumps(symbol, ensure_ascii=False)
    return f'"\\U{ord(symbol):08X}"'  # line ends of any kind, controls, what is no character
