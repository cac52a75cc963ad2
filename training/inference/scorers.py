"""What turns images into logits: a checkpoint under torch, or an ONNX file under ONNX Runtime.

Both carry their alphabet and the geometry of their frames, so that decoding needs nothing else.
Each backend is imported when it is used: reading with ONNX works where torch is not installed.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.line_geometry import FRAME_PX, LINE_HEIGHT_PX
from ocrbase.inputs import open_regular
from training.errors import CheckpointError, ReadError, first_line
from training.inference.decoding import FloatArray
from training.model.bundled import DEFAULT_BUNDLED, FOR_ONNX, find_bundled
from training.model.metadata import FrameGeometry, field, from_pairs

if TYPE_CHECKING:
    import torch

ONNX_FORMAT = "ocrtrain-onnx"
ONNX_VERSION = 1
ONNX_SUFFIX = ".onnx"
INPUT_NAME = "images"
MAX_THREADS = 1024

Images = NDArray[np.uint8]


class Scorer(Protocol):
    """Scores lines of one width.

    Attributes:
        name: what is read with, for messages and reports.
        alphabet: character of each class.
        frame_px: pixels from one frame to the next.
        frame_offset_px: x of the centre of frame 0.
        trained_px: width of the widest lines that the network learnt from; 0 where not known.
    """

    name: str
    alphabet: Alphabet
    frame_px: int
    frame_offset_px: float
    trained_px: int

    def logits(self, images: Images) -> FloatArray:
        """Unnormalised scores (T, N, C) of gray lines (N, 32, W) uint8; all T frames count."""
        ...


def open_scorer(
    checkpoint: Path | None = None, onnx: Path | None = None, device: str | None = None
) -> Scorer:
    """The scorer of a model file of either kind, told apart by the suffix .onnx.

    Args:
        checkpoint: a model file or the name of a bundled model; None takes the newest run's best.
        onnx: an ONNX file whatever its name, instead.
        device: in torch's notation; None takes a GPU if there is one.

    Where torch is not installed, the name of a bundled model, or no name, stands for its ONNX file.

    Raises:
        CheckpointError: if the file is missing, damaged or another program's.
        ReadError: if torch is needed and not installed, the device is not there, or both files are
            named.
    """
    if checkpoint is not None and onnx is not None:
        raise ReadError("--checkpoint and --onnx exclude one another; name one of them")
    if checkpoint is not None and checkpoint.suffix == ONNX_SUFFIX:
        checkpoint, onnx = None, checkpoint
    if onnx is None and find_spec("torch") is None:
        onnx = find_bundled(checkpoint or Path(DEFAULT_BUNDLED), FOR_ONNX)
    if onnx is not None:
        return OnnxScorer(onnx, device=device)
    return TorchScorer(checkpoint, device)


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
                " exported model with --checkpoint FILE.onnx"
            )
        from training.model.checkpoint import default_model, load_model

        path = default_model() if path is None else path
        self._device = torch_device(device)
        loaded = load_model(path, self._device)
        self.name = str(path)
        self.alphabet = loaded.alphabet
        self.frame_px = FRAME_PX
        self.frame_offset_px = loaded.network.frame_offset_px
        self.trained_px = loaded.metadata.trained_px
        self._network = loaded.network
        self._channels = loaded.settings.channels

    def logits(self, images: Images) -> FloatArray:
        """See Scorer.

        Raises:
            ReadError: if the memory of the device is full.
        """
        import torch

        from training.model.network_input import to_input

        try:
            with torch.inference_mode():
                batch = to_input(torch.from_numpy(images).to(self._device), self._channels)
                scores: FloatArray = self._network(batch).float().cpu().numpy()
        except torch.OutOfMemoryError as error:
            raise ReadError(
                f"the memory of {self._device} is full with {len(images)} lines of"
                f" {images.shape[2]} px; read on the CPU with --device cpu"
            ) from error
        return scores


class OnnxScorer:
    """A file that `ocrtrain export` wrote, on all cores or on a GPU where ONNX Runtime has one.

    Args:
        path: the ONNX file.
        threads: cores to use; 0 takes all.
        device: cpu, cuda or cuda:N; None takes a GPU if there is one.

    Raises:
        CheckpointError: if the file is missing, damaged, another program's, or contradicts itself.
        ReadError: if there is no such device.
    """

    def __init__(self, path: Path, threads: int = 0, device: str | None = None) -> None:
        import onnxruntime

        if not 0 <= threads <= MAX_THREADS:
            raise ReadError(f"{threads} threads; ONNX Runtime takes 0 (all cores) to {MAX_THREADS}")
        if not path.exists():
            raise CheckpointError(f"there is no model {path}; write one with `ocrtrain export`")
        open_regular(path, error=CheckpointError).close()  # the library would wait for a fifo
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # it raises what it logs
        providers = _providers(device, onnxruntime.get_available_providers())
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=providers)
            pairs = self._session.get_modelmeta().custom_metadata_map
        except Exception as error:  # onnxruntime's own classes derive from Exception alone
            raise CheckpointError(
                f"{path} is damaged or no ONNX model: {first_line(error)}"
            ) from error
        if pairs.get("format") != ONNX_FORMAT or pairs.get("version") != str(ONNX_VERSION):
            raise CheckpointError(
                f"{path} was not written by `ocrtrain export` (version {ONNX_VERSION}): it says"
                f" format {pairs.get('format')!r}, version {pairs.get('version')!r}"
            )
        frames = field(path, pairs, "frames", FrameGeometry)
        self.name = str(path)
        metadata = from_pairs(path, pairs)
        self.alphabet = metadata.alphabet
        self.trained_px = metadata.trained_px
        self.frame_px = frames.frame_px
        self.frame_offset_px = frames.frame_offset_px
        # 8 bits share out the range of all values of a batch, so neighbours would change a text.
        self._alone = pairs.get("quantised", "none") != "none"
        self._check_graph()

    def logits(self, images: Images) -> FloatArray:
        """See Scorer.

        Raises:
            CheckpointError: if the graph cannot be run.
        """
        pieces = np.split(images, len(images)) if self._alone and len(images) > 1 else [images]
        try:
            scores = [self._session.run(None, {INPUT_NAME: piece})[0] for piece in pieces]
        except Exception as error:
            raise CheckpointError(
                f"{self.name} cannot score lines of {images.shape[2]} px: {first_line(error)}"
            ) from error
        whole: FloatArray = np.concatenate(scores, axis=1) if len(scores) > 1 else scores[0]
        return whole

    def _check_graph(self) -> None:
        """Score an empty line, since a file's metadata may promise anything."""
        scores = self.logits(np.full((1, LINE_HEIGHT_PX, 40), 255, dtype=np.uint8))
        if scores.ndim != 3 or scores.shape[1:] != (1, len(self.alphabet)):
            raise CheckpointError(
                f"{self.name} gives scores of shape {scores.shape}, not (time steps, lines,"
                f" {len(self.alphabet)} classes of its alphabet)"
            )


def torch_device(name: str | None) -> "torch.device":
    """The device of that name, or without one a GPU if there is any.

    Raises:
        ReadError: if torch knows no such device or cannot use it.
    """
    import torch

    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, ValueError) as error:  # it asserts how it was built
        raise ReadError(f"device {name} cannot be used here: {first_line(error)}") from error
    return device


def _providers(device: str | None, available: list[str]) -> list[str | tuple[str, dict[str, int]]]:
    """What ONNX Runtime runs on: first choice first."""
    cpu, cuda = "CPUExecutionProvider", "CUDAExecutionProvider"
    if device is None:
        return [name for name in (cuda, cpu) if name in available]
    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()):
        raise ReadError(f"device {device}: ONNX Runtime is used with cpu, cuda or cuda:N")
    if kind == "cpu":
        return [cpu]
    if cuda not in available:
        raise ReadError(
            f"device {device}: this ONNX Runtime has no CUDA; install onnxruntime-gpu, or read on"
            " the cpu"
        )
    return [(cuda, {"device_id": int(number or 0)}), cpu]
