"""The model file: weights and all that is needed to read with them, in one safetensors file.

Nothing in it is ever executed. The metadata holds the shape of the network, the ordered alphabet
with its blank, the preprocessing, the versions that wrote it, and where training stood.
"""

import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from datagen.alphabet import Alphabet
from ocrbase.errors import listed
from ocrbase.homes import RUNS
from ocrbase.inputs import open_regular
from ocrbase.publishing import publish_file
from training.errors import CheckpointError, first_line
from training.model.bundled import DEFAULT_BUNDLED, bundled, find_bundled
from training.model.metadata import ModelMetadata, from_pairs, to_pairs
from training.model.model_settings import ModelSettings
from training.model.networks import build_from
from training.model.recogniser import Recogniser

FORMAT = "ocrtrain-model"
VERSION = 1
MIN_READ = 0.05  # of its validation lines, for a run's model to be read with unasked
BEST = "best.safetensors"
LAST = "last.safetensors"


@dataclass(frozen=True)
class LoadedModel:
    """A network ready to read.

    Attributes:
        network: in eval mode, float32.
        metadata: what its file says of it.
    """

    network: Recogniser
    metadata: ModelMetadata

    @property
    def alphabet(self) -> Alphabet:
        """The character of each class."""
        return self.metadata.alphabet

    @property
    def settings(self) -> ModelSettings:
        """The shape of the network."""
        return self.metadata.settings

    @property
    def training(self) -> dict[str, Any]:
        """Where training stood: step, epoch, metrics, run."""
        return self.metadata.training


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
    metadata = ModelMetadata(network.settings, alphabet, dict(training or {}))
    pairs = {**to_pairs(metadata, FORMAT, VERSION), "versions": json.dumps(versions())}
    with publish_file(path) as attempt:
        save_file(tensors, attempt, pairs)


def load_model(path: Path, device: torch.device | str = "cpu") -> LoadedModel:
    """Read a model file, or a bundled model by its name.

    Raises:
        CheckpointError: if it is missing, damaged, of another format or version, or if its parts
            contradict one another.
    """
    path = find_bundled(path) or path
    with _opened(path) as file:
        metadata = _metadata(path, file)
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    check_finite(path, tensors)
    network = with_weights(path, metadata.settings, tensors)
    return LoadedModel(network.eval().to(device), metadata)


def read_metadata(path: Path) -> ModelMetadata:
    """What a model file, or a bundled model by its name, says of itself, without its weights.

    Raises:
        CheckpointError: if it is missing, damaged, of another format or version.
    """
    path = find_bundled(path) or path
    with _opened(path) as file:
        return _metadata(path, file)


def with_weights(path: Path, settings: ModelSettings, tensors: Mapping[str, Tensor]) -> Recogniser:
    """A network that holds tensors under their published names, as float32.

    No memory is taken for its shape before the tensors are known to have it.

    Raises:
        CheckpointError: if names or shapes are not those of the network.
    """
    with torch.device("meta"):
        network = build_from(settings)
    try:
        network.load_state_dict({name: _restored(t) for name, t in tensors.items()}, assign=True)
    except (RuntimeError, TypeError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise CheckpointError(f"{path} is no {settings.model} of this shape: {reason}") from error
    return network


def check_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights that are no numbers: such a network reads every line as empty.

    Raises:
        CheckpointError: naming the tensors.
    """
    bad = [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if bad:
        raise CheckpointError(
            f"{path} holds weights that are no finite numbers: {listed(bad)}; the training that"
            " wrote it diverged, or the file is damaged"
        )


def default_model(runs: Path = RUNS) -> Path:
    """The best model of the run that wrote one last; without runs, the bundled model."""
    best = [path for path in runs.glob(f"*/{BEST}") if path.is_file()]
    return max(best, key=lambda path: path.stat().st_mtime) if best else bundled()[DEFAULT_BUNDLED]


def model_to_read(runs: Path = RUNS) -> tuple[Path, str]:
    """The default model, or the bundled one where that is a run's which reads nearly nothing.

    Returns:
        The model file, and why it is not the newest run's; empty where it is, or there is no run.

    Raises:
        CheckpointError: if the file is damaged or another program's.
    """
    path = default_model(runs)
    accuracy = read_metadata(path).training.get("line_accuracy")
    if not isinstance(accuracy, int | float) or accuracy >= MIN_READ:
        return path, ""
    return bundled()[DEFAULT_BUNDLED], (
        f"{path} reads {accuracy:.1%} of its validation lines, so the bundled {DEFAULT_BUNDLED}"
        f" reads instead; to read with it all the same: --checkpoint {path}"
    )


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
    """A copy in memory, since tensors of a file may be views of it."""
    kind = torch.float32 if tensor.is_floating_point() else tensor.dtype
    return tensor.to(kind, copy=True)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A safetensors file, to take metadata and tensors from in the block.

    Raises:
        CheckpointError: if it is missing or damaged.
    """
    if not path.exists():
        raise CheckpointError(
            f"there is no checkpoint {path}; see what `ls {RUNS}/*` has, or name a bundled one:"
            f" {', '.join(bundled())}"
        )
    open_regular(path, error=CheckpointError).close()  # the library would wait for a fifo
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"{path} is damaged or no safetensors file: {first_line(error)}"
        ) from error


def _metadata(path: Path, file: Any) -> ModelMetadata:
    """What an open model file says of itself.

    Raises:
        CheckpointError: if it is of another format or version, or contradicts itself.
    """
    pairs = file.metadata() or {}
    if pairs.get("format") != FORMAT or pairs.get("version") != str(VERSION):
        raise CheckpointError(
            f"{path} is not a model file of version {VERSION}: it says format"
            f" {pairs.get('format')!r}, version {pairs.get('version')!r}"
        )
    return from_pairs(path, pairs)
