"""The models that come with the project, by name: for torch, and for ONNX Runtime.

A name stands for two files: NAME.safetensors, weights in half precision to read and to train on
with, and NAME.onnx, the same network with 8-bit weights to read with where torch is not installed.
"""

from pathlib import Path

BUNDLED = Path(__file__).resolve().parent.parent / "weights"
DEFAULT_BUNDLED = "crnn_lite"
FOR_TORCH, FOR_ONNX = ".safetensors", ".onnx"


def bundled(suffix: str = FOR_TORCH) -> dict[str, Path]:
    """The files of one kind, by the name of the model."""
    return {path.stem: path for path in sorted(BUNDLED.glob(f"*{suffix}"))}


def find_bundled(path: Path, suffix: str = FOR_TORCH) -> Path | None:
    """The file of the bundled model that a path names; None if it names a file, or no such model.

    A folder of that name hides no model.
    """
    if path.exists() and not path.is_dir():
        return None
    return bundled(suffix).get(str(path))
