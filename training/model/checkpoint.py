"""The model file: weights and all that is needed to read with them, in one safetensors file.

Nothing in it is ever executed. The metadata holds the shape of the network, the ordered alphabet
with its blank, the preprocessing, the versions that wrote it, and where training stood.
"""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from datagen.alphabet import Alphabet
from datagen.errors import AlphabetError
from ocrbase.homes import RUNS
from ocrbase.publishing import publish_file
from training.errors import CheckpointError, ModelError
from training.model.model_settings import ModelSettings
from training.model.networks import build_from
from training.model.preprocess import PREPROCESSING
from training.model.recogniser import Recogniser

FORMAT = "ocrtrain-model"
VERSION = 1
BEST = "best.safetensors"
LAST = "last.safetensors"
BUNDLED = Path(__file__).resolve().parent.parent / "weights"  # models that come with the project
DEFAULT_BUNDLED = "crnn_v2"


@dataclass(frozen=True)
class LoadedModel:
    """A network ready to read.

    Attributes:
        network: in eval mode, float32.
        alphabet: character of each class.
        settings: the network's shape.
        training: where training stood: step, epoch, metrics, run.
    """

    network: Recogniser
    alphabet: Alphabet
    settings: ModelSettings
    training: dict[str, Any]


def save_model(
    path: Path,
    network: Recogniser,
    alphabet: Alphabet,
    *,
    state: Mapping[str, Tensor] | None = None,
    training: Mapping[str, object] | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write a model file, atomically.

    Args:
        path: where it appears when it is complete.
        network: gives the shape, and the weights unless `state` does.
        alphabet: as many classes as the network has.
        state: other weights under the network's names, such as their moving average.
        training: step, metrics and the like; must be JSON.
        dtype: type of the stored weights, e.g. float16 for half the size; default as they are.
    """
    tensors = {
        name: _stored(tensor, dtype) for name, tensor in (state or network.state_dict()).items()
    }
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "model": json.dumps(asdict(network.settings)),
        "alphabet": json.dumps(alphabet.to_json(), ensure_ascii=False),
        "preprocessing": json.dumps(PREPROCESSING),
        "versions": json.dumps(versions()),
        "training": json.dumps(dict(training or {}), ensure_ascii=False),
    }
    with publish_file(path) as attempt:
        save_file(tensors, attempt, metadata)


def load_model(path: Path, device: str = "cpu") -> LoadedModel:
    """Read a model file, or a bundled model by its name.

    Raises:
        CheckpointError: if it is missing, damaged, of another format or version, or if its parts
            contradict one another.
    """
    metadata, tensors = _read(path)
    if metadata.get("format") != FORMAT or metadata.get("version") != str(VERSION):
        raise CheckpointError(
            f"{path} is not a model file of version {VERSION}: it says format"
            f" {metadata.get('format')!r}, version {metadata.get('version')!r}"
        )
    if json.loads(metadata["preprocessing"]) != PREPROCESSING:
        raise CheckpointError(
            f"{path} was trained on images prepared otherwise: {metadata['preprocessing']};"
            " train again, or read it with the version that wrote it"
        )
    try:
        settings = ModelSettings(**json.loads(metadata["model"]))
        alphabet = Alphabet.from_json(json.loads(metadata["alphabet"]))
        network = build_from(settings)
        network.load_named({name: _restored(tensor) for name, tensor in tensors.items()})
    except (ModelError, AlphabetError, RuntimeError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path} contradicts itself: {_first_line(error)}") from error
    if settings.classes != len(alphabet):
        raise CheckpointError(
            f"{path} has {settings.classes} outputs but an alphabet of {len(alphabet)} classes"
        )
    return LoadedModel(
        network.eval().to(device), alphabet, settings, json.loads(metadata["training"])
    )


def default_model(runs: Path = RUNS) -> Path:
    """The best model of the run that wrote one last; without runs, the bundled model."""
    found = sorted(runs.glob(f"*/{BEST}"), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else bundled()[DEFAULT_BUNDLED]


def bundled() -> dict[str, Path]:
    """The models that come with the project, by name."""
    return {path.stem: path for path in sorted(BUNDLED.glob("*.safetensors"))}


def versions() -> dict[str, str]:
    """What wrote a file."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }


def _stored(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    tensor = tensor.detach().cpu()
    if dtype is not None and tensor.is_floating_point():
        tensor = tensor.to(dtype)
    return tensor.contiguous().clone()


def _restored(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    if not path.is_file():
        found = bundled().get(str(path))
        if found is None:
            raise CheckpointError(
                f"there is no checkpoint {path}; see what `ls {RUNS}/*` has, or name a bundled"
                f" one: {', '.join(bundled())}"
            )
        path = found
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} is damaged or no safetensors file: {_first_line(error)}"
        ) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
