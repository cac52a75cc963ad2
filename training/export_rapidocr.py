"""Our networks as recognisers of RapidOCR: its input, its output, its metadata.

RapidOCR scales a line to a height, lays it on the left of N x 3 x H x W floats (BGR, from -1 to 1),
fills the right with zeros, and reads N x T x C probabilities, the blank first, the characters from
the metadata key `character`, one per row. The graph therefore turns BGR to gray, finds the filling
(no gray level becomes an exact zero) and makes it white, as our own padding is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from datagen.line_geometry import LINE_HEIGHT_PX
from datagen.line_images import Gray
from ocrbase.errors import listed
from ocrbase.publishing import publish_file
from training.errors import ReadError
from training.export import Progress, write_graph, write_properties
from training.inference.decoding import greedy_decode
from training.inference.line_reader import LineReader
from training.inference.scorers import TorchScorer
from training.model.checkpoint import load_model
from training.model.recogniser import Recogniser

FloatArray = NDArray[np.float32]

# ITU-R BT.601, the weights of OpenCV's and Pillow's conversion to gray; blue first, as RapidOCR.
BGR_TO_GRAY = (0.114, 0.587, 0.299)
WHITE = 1.0
OUTPUT_NAME = "probabilities"
FILE_MARK = "ocrtrain-rapidocr"  # among the properties of every such file
MAX_DIFFERENCE = 1e-3  # of a probability; sums of float32 in another order show 1e-5


@dataclass(frozen=True)
class RapidOcrCheck:
    """How the file compares with the checkpoint on real lines.

    Attributes:
        lines: lines compared.
        largest: largest difference of a probability on RapidOCR's input.
        same_text: lines that read as `ocrtrain predict` reads them.
    """

    lines: int
    largest: float
    same_text: int


class RapidOcrModel(nn.Module):
    """A network behind RapidOCR's input: (N, 3, 32, W) floats to probabilities (N, T, C)."""

    weights: Tensor

    def __init__(self, network: Recogniser) -> None:
        super().__init__()
        self.network = network
        self.channels = network.settings.channels
        self.register_buffer("weights", torch.tensor(BGR_TO_GRAY).reshape(1, 3, 1, 1))

    def forward(self, lines: Tensor) -> Tensor:
        inked = (lines != 0).any(dim=1).any(dim=1).float()  # (N, W)
        from_right = torch.flip(torch.cumsum(torch.flip(inked, (1,)), dim=1), (1,))
        filling = (from_right == 0).reshape(lines.shape[0], 1, 1, -1)
        gray = (lines * self.weights).sum(dim=1, keepdim=True)  # (N, 1, 32, W)
        gray = torch.where(filling, torch.full_like(gray, WHITE), gray)
        logits: Tensor = self.network(torch.cat([gray] * self.channels, dim=1))  # (T, N, C)
        return torch.softmax(logits.permute(1, 0, 2), dim=2)


def export_rapidocr(
    checkpoint: Path,
    out: Path,
    lines: Sequence[Gray],
    progress: Progress = lambda done, total: None,
) -> RapidOcrCheck:
    """Write an ONNX file for RapidOCR's `Rec.model_path`, compared with torch before it is named.

    Args:
        checkpoint: a model file.
        out: the file to write.
        lines: prepared lines (32, w), of several widths.
        progress: called with the lines compared so far and their total.

    Raises:
        CheckpointError: if the checkpoint cannot be read.
        ReadError: if the file differs from torch, or RapidOCR would not read its classes; nothing
            is written then.
    """
    loaded = load_model(checkpoint)
    characters = loaded.alphabet.symbols[1:]
    breaking = [symbol for symbol in characters if len(f"a{symbol}a".splitlines()) > 1]
    if breaking:
        raise ReadError(
            f"RapidOCR takes {listed([repr(symbol) for symbol in breaking])} for the end of a line"
            " in its list of classes, and would read other characters for all behind it: train"
            " with an alphabet without it"
        )
    model = RapidOcrModel(loaded.network).eval()
    with publish_file(out) as attempt:
        write_graph(
            model,
            torch.zeros(1, 3, LINE_HEIGHT_PX, 160),
            attempt,
            inputs={"x": {0: "lines", 3: "width"}},
            outputs={OUTPUT_NAME: {0: "lines", 1: "frames"}},
        )
        write_properties(attempt, {FILE_MARK: "1", "character": "\n".join(characters)})
        check = _compare(model, checkpoint, attempt, lines, progress)
        if check.largest > MAX_DIFFERENCE:
            raise ReadError(
                f"{out} is not written: its probabilities differ from torch's by up to"
                f" {check.largest:.2g} (limit {MAX_DIFFERENCE:g}); report this with your versions"
                " of torch and onnxruntime"
            )
    return check


def rapidocr_input(lines: Sequence[Gray]) -> FloatArray:
    """Lines (32, w) as RapidOCR lays them out: (N, 3, 32, W), zeros on the right."""
    width = max(line.shape[1] for line in lines)
    images = np.zeros((len(lines), 3, LINE_HEIGHT_PX, width), np.float32)
    for image, line in zip(images, lines, strict=True):
        image[:, :, : line.shape[1]] = line.astype(np.float32) / 127.5 - 1
    return images


def _compare(
    model: RapidOcrModel,
    checkpoint: Path,
    path: Path,
    lines: Sequence[Gray],
    progress: Progress,
) -> RapidOcrCheck:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    ours = LineReader(TorchScorer(checkpoint, "cpu")).decode(lines)
    largest, same = 0.0, 0
    for done, (line, own) in enumerate(zip(lines, ours, strict=True), 1):
        images = rapidocr_input([line])
        (probabilities,) = session.run(None, {"x": images})  # (1, T, C)
        with torch.inference_mode():
            expected = model(torch.from_numpy(images)).numpy()
        largest = max(largest, float(np.abs(probabilities - expected).max()))
        logits = np.log(np.maximum(probabilities, 1e-30)).transpose(1, 0, 2)
        (read,) = greedy_decode(logits, np.array([len(logits)]))
        same += np.array_equal(read.class_ids, own.class_ids)
        progress(done, len(lines))
    return RapidOcrCheck(len(lines), largest, same)
