"""What turns images into logits: a checkpoint under torch, or an ONNX file under ONNX Runtime.

Both carry their alphabet and the geometry of their frames, so that decoding needs nothing else.
Each backend is imported when it is used: reading with ONNX works where torch is not installed.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.line_geometry import FRAME_PX
from training.errors import CheckpointError, ReadError
from training.inference.decoding import FloatArray
from training.model.preprocess import PREPROCESSING, network_input

ONNX_FORMAT = "ocrtrain-onnx"
ONNX_VERSION = 1
INPUT_NAME = "images"

Images = NDArray[np.uint8]


class Scorer(Protocol):
    """Scores lines of one width.

    Attributes:
        name: what is read with, for messages and reports.
        alphabet: character of each class.
        frame_px: pixels from one frame to the next.
        frame_offset_px: x of the centre of frame 0.
    """

    name: str
    alphabet: Alphabet
    frame_px: int
    frame_offset_px: float

    def logits(self, images: Images) -> FloatArray:
        """Unnormalised scores (T, N, C) of gray lines (N, 32, W) uint8; all T frames count."""
        ...


def open_scorer(
    checkpoint: Path | None = None, onnx: Path | None = None, device: str | None = None
) -> Scorer:
    """The scorer of an ONNX file if one is named, else of a checkpoint (default: the newest run's).

    Raises:
        CheckpointError: if the file is missing, damaged or another program's.
        ReadError: if torch is needed and not installed, or both files are named.
    """
    if checkpoint is not None and onnx is not None:
        raise ReadError("--checkpoint and --onnx exclude one another; name one of them")
    if onnx is not None:
        return OnnxScorer(onnx)
    return TorchScorer(checkpoint, device)


def open_any(path: Path, device: str | None = None) -> Scorer:
    """The scorer of a model file of either kind, told apart by the suffix .onnx."""
    return OnnxScorer(path) if path.suffix == ".onnx" else TorchScorer(path, device)


class TorchScorer:
    """A model file on the CPU's cores or a GPU.

    Args:
        path: the model file or the name of a bundled one; None takes the newest run's best, and
            without runs the bundled model.
        device: torch's name of a device; None takes a GPU if there is one.
    """

    def __init__(self, path: Path | None = None, device: str | None = None) -> None:
        if find_spec("torch") is None:
            raise ReadError(
                "reading a checkpoint needs torch: pip install 'ocrgen[train]', or read an"
                " exported model with --onnx FILE"
            )
        import torch

        from training.model.checkpoint import default_model, load_model

        path = default_model() if path is None else path
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        loaded = load_model(path, device)
        self.name = str(path)
        self.alphabet = loaded.alphabet
        self.frame_px = FRAME_PX
        self.frame_offset_px = loaded.network.frame_offset_px
        self._network = loaded.network
        self._channels = loaded.settings.channels
        self._device = device

    def logits(self, images: Images) -> FloatArray:
        """See Scorer."""
        import torch

        with torch.inference_mode():
            batch = torch.from_numpy(network_input(images, self._channels)).to(self._device)
            scores: FloatArray = self._network(batch).float().cpu().numpy()
        return scores


class OnnxScorer:
    """A file that `ocrtrain export` wrote, on all cores or on a GPU where ONNX Runtime has one.

    Args:
        path: the ONNX file.
        threads: cores to use; 0 takes all.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        import onnxruntime

        if not path.is_file():
            raise CheckpointError(f"there is no model {path}; write one with `ocrtrain export`")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
        providers = [p for p in wanted if p in onnxruntime.get_available_providers()]
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=providers)
        except Exception as error:  # onnxruntime's own classes derive from Exception alone
            raise CheckpointError(
                f"{path} is damaged or no ONNX model: {str(error).splitlines()[0]}"
            ) from error
        metadata = _checked(path, self._session.get_modelmeta().custom_metadata_map)
        self.name = str(path)
        self.alphabet = Alphabet.from_json(json.loads(metadata["alphabet"]))
        frames = json.loads(metadata["frames"])
        self.frame_px = int(frames["frame_px"])
        self.frame_offset_px = float(frames["frame_offset_px"])

    def logits(self, images: Images) -> FloatArray:
        """See Scorer."""
        scores: FloatArray = self._session.run(None, {INPUT_NAME: images})[0]
        return scores


def _checked(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    """Refuse files that another program wrote, or that expect other images."""
    if metadata.get("format") != ONNX_FORMAT or metadata.get("version") != str(ONNX_VERSION):
        raise CheckpointError(
            f"{path} was not written by `ocrtrain export` (version {ONNX_VERSION}): it says format"
            f" {metadata.get('format')!r}, version {metadata.get('version')!r}"
        )
    if json.loads(metadata["preprocessing"]) != PREPROCESSING:
        raise CheckpointError(
            f"{path} was trained on images prepared otherwise: {metadata['preprocessing']};"
            " export it again with the version that trained it"
        )
    return dict(metadata)
