"""How much memory a step takes, and how many lines a GPU is given."""

from datagen.line_geometry import LINE_HEIGHT_PX
from training.model.model_settings import ModelSettings
from training.model.networks import output_length

# Bytes per pixel of a line that forward keeps for backward, measured at 280 px with torch's hooks
# on saved tensors. LSTMs and normalisation keep float32 in either precision.
ACTIVATION_BYTES = {
    "float32": {"crnn": 1990, "crnn_v2": 2520, "crnn_res": 4860, "crnn_lite": 680},
    "bfloat16": {"crnn": 1620, "crnn_v2": 1730, "crnn_res": 3240, "crnn_lite": 570},
}
SCORE_BYTES = {"float32": 4, "bfloat16": 2}  # per class and time step, once forward, once back
ON_THE_WAY = 1.35  # gradients on their way back beside all that is kept; measured, crnn_v2
PROCESS_BYTES = 2**29  # code, CUDA's context, libraries' buffers
RENDERING_BYTES = 700 * 2**20  # live, in the process itself: glyphs, 400 MiB of them, faces, texts
# Batches of many widths leave gaps in a heap that is never trimmed (`hardware.set_up`): crnn_lite,
# 100,000 live lines of 32 to 832 px, took 2.9 to 3.1 GB per process, 1.4 forecast without either.
GAPS = 2.0
STATE_COPIES = 5  # weights, gradients, two moments, EMA, in float32

GPU_LINES = (512, 256, 128, 64, 32)  # lines per GPU and step to choose from
GPU_SHARE = 0.75  # of a GPU's memory: blocks of several sizes leave gaps, and others use it too


def line_bytes(model: ModelSettings, precision: str, width_px: int) -> float:
    """What a step takes per line of a width, at its fullest."""
    pixels = width_px * LINE_HEIGHT_PX
    activations = ACTIVATION_BYTES[precision][model.model] * model.width_multiplier * pixels
    scores = 2 * SCORE_BYTES[precision] * output_length(model.model, width_px) * model.classes
    return ON_THE_WAY * activations + scores


def process_bytes(parameters: int, lines: float, bytes_per_line: float) -> float:
    """What a process takes: itself, the weights with their companions, and the lines at a time."""
    return PROCESS_BYTES + STATE_COPIES * 4 * parameters + lines * bytes_per_line


def lines_per_gpu(gpu_bytes: int, bytes_per_line: float, pieces: int = 1) -> int:
    """Lines per step that a GPU takes unless the user says: 512, or fewer where memory is short.

    Args:
        gpu_bytes: memory of the GPU, of the smallest of several.
        bytes_per_line: see `line_bytes`.
        pieces: batches that a step is worked off in.
    """
    held = (GPU_SHARE * gpu_bytes - PROCESS_BYTES) / bytes_per_line * pieces
    return next((lines for lines in GPU_LINES if lines <= held), GPU_LINES[-1])
