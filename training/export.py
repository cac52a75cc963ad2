"""Write a network as ONNX, checked against torch when it is made, or quantised to 8 bits.

The graph takes gray lines as bytes, (N, 32, W) of any N and W, and holds the scaling itself, so
that nothing about the preprocessing is left to remember. The file carries the alphabet, the
geometry of the frames and where the weights came from.
"""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from datagen.line_geometry import FRAME_PX
from datagen.line_images import Gray
from ocrbase.publishing import publish_file
from training.errors import ReadError
from training.inference.line_reader import LineReader
from training.inference.scorers import (
    INPUT_NAME,
    ONNX_FORMAT,
    ONNX_VERSION,
    OnnxScorer,
    TorchScorer,
)
from training.model.checkpoint import LoadedModel, load_model, versions
from training.model.metadata import FrameGeometry, to_pairs
from training.model.network_input import to_input
from training.model.recogniser import Recogniser

OPSET = 17
# Widest gap that float32 sums in another order have shown, times ten; logits are about 1 to 30.
MAX_DIFFERENCE = 2e-3

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class ExportCheck:
    """How an exported file compares with its checkpoint on real lines.

    Attributes:
        lines: lines compared.
        largest: largest difference of a logit.
        same_text: lines that read the same.
    """

    lines: int
    largest: float
    same_text: int


class BytesIn(nn.Module):
    """A network behind its preprocessing: gray bytes (N, 32, W) to logits (T, N, C)."""

    def __init__(self, network: Recogniser) -> None:
        super().__init__()
        self.network = network
        self.channels = network.settings.channels

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(to_input(images, self.channels))
        return logits


def export(
    checkpoint: Path,
    out: Path,
    lines: Sequence[Gray],
    *,
    int8: bool = False,
    progress: Progress = lambda done, total: None,
) -> ExportCheck:
    """Write an ONNX file and compare it with torch on lines before it gets its name.

    Args:
        checkpoint: a model file.
        out: the ONNX file to write.
        lines: prepared lines (32, w), of several widths.
        int8: quantise the weights of matrix products; then texts may differ, and are counted.
        progress: called with the lines compared so far and their total.

    Raises:
        CheckpointError: if the checkpoint cannot be read.
        ReadError: if an unquantised file differs from torch; nothing is written then.
    """
    loaded = load_model(checkpoint)
    with publish_file(out) as attempt:
        write_graph(
            BytesIn(loaded.network), torch.zeros(1, 32, 160, dtype=torch.uint8), attempt,
            inputs={INPUT_NAME: {0: "lines", 2: "width"}},
            outputs={"logits": {0: "frames", 1: "lines"}},
        )  # fmt: skip
        if int8:
            _quantise(attempt)
        _write_metadata(attempt, loaded, checkpoint, "int8 weights" if int8 else "none")
        check = _compare(checkpoint, attempt, lines, progress)
        if not int8 and (check.largest > MAX_DIFFERENCE or check.same_text < check.lines):
            raise ReadError(
                f"{out} is not written: its logits differ from torch's by up to"
                f" {check.largest:.2g} (limit {MAX_DIFFERENCE:g}) and {check.same_text} of"
                f" {check.lines} lines read the same; report this with your versions of torch and"
                " onnxruntime"
            )
    return check


def write_graph(
    model: nn.Module,
    example: Tensor,
    path: Path,
    inputs: Mapping[str, Mapping[int, str]],
    outputs: Mapping[str, Mapping[int, str]],
) -> None:
    """Write a module's graph; each name comes with its axes of any size."""
    with warnings.catch_warnings():
        # The exporter built on torch.export freezes the width of a bidirectional LSTM's input
        # (torch 2.13), so the older one is used; it warns of its age, of batches and of
        # shapes that it takes for constant; the comparison afterwards is what counts.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        torch.onnx.export(
            model.eval(),
            (example,),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in (*inputs.items(), *outputs.items())},
            opset_version=OPSET,
            dynamo=False,
        )


def write_properties(path: Path, properties: Mapping[str, str]) -> None:
    """Put metadata into an ONNX file."""
    import onnx

    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, dict(properties))
    onnx.save(model, str(path))


def _quantise(path: Path) -> None:
    """Weights of LSTMs and linear layers to int8, inputs on the fly; convolutions stay float."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            prepared, path, op_types_to_quantize=["MatMul", "LSTM"], weight_type=QuantType.QInt8
        )


def _write_metadata(path: Path, loaded: LoadedModel, checkpoint: Path, quantised: str) -> None:
    frames = FrameGeometry(FRAME_PX, loaded.network.frame_offset_px)
    pairs = {
        **to_pairs(loaded.metadata, ONNX_FORMAT, ONNX_VERSION),
        "frames": msgspec.json.encode(frames).decode(),
        "quantised": quantised,
        "checkpoint": checkpoint.name,
        "versions": json.dumps(versions()),
    }
    write_properties(path, pairs)


def _compare(
    checkpoint: Path, onnx: Path, lines: Sequence[Gray], progress: Progress
) -> ExportCheck:
    torch_reader, onnx_reader = (
        LineReader(TorchScorer(checkpoint, "cpu")),
        LineReader(OnnxScorer(onnx)),
    )
    largest = 0.0
    for done, line in enumerate(lines, 1):
        difference = np.abs(torch_reader.score([line]) - onnx_reader.score([line]))
        largest = max(largest, float(difference.max()))
        progress(done, len(lines))
    pairs = zip(torch_reader.decode(lines), onnx_reader.decode(lines), strict=True)
    same = sum(np.array_equal(a.class_ids, b.class_ids) for a, b in pairs)
    return ExportCheck(len(lines), largest, same)
