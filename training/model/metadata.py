"""What model files say of themselves, as typed records that are checked when a file is opened.

Files for torch (.safetensors) and for ONNX Runtime (.onnx) both carry pairs of strings, most of
which are JSON. Every model of this project has the CTC blank at class 0; files say so, and one that
says otherwise is refused, because nothing that decodes would honour it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

from datagen.alphabet import Alphabet
from datagen.errors import AlphabetError
from ocrbase.records import decode
from training.errors import CheckpointError, ModelError
from training.model.model_settings import BLANK, ModelSettings
from training.model.preprocess import PREPROCESSING, PREPROCESSING_JSON, Preprocessing

Record = TypeVar("Record")
MAX_TRAINED_PX = 16_384  # a file that claims wider lines is not believed


@dataclass(frozen=True)
class ModelMetadata:
    """What both kinds of files hold beside the weights.

    Attributes:
        settings: shape of the network.
        alphabet: character of each class; the blank is class 0.
        training: where training stood: step, epoch, metrics, run.
    """

    settings: ModelSettings
    alphabet: Alphabet
    training: dict[str, Any]

    @property
    def trained_px(self) -> int:
        """Width of the widest lines that the network was trained on; 0 where that is not known."""
        width = self.training.get("longest_px")
        return width if isinstance(width, int) and 0 < width <= MAX_TRAINED_PX else 0


class FrameGeometry(Struct, frozen=True):
    """Where the network's time steps lie on the line.

    Attributes:
        frame_px: pixels from one time step to the next.
        frame_offset_px: x of the centre of time step 0.
    """

    frame_px: Annotated[int, Meta(ge=1, le=32)]
    frame_offset_px: Annotated[float, Meta(ge=-64, le=64)]


class StoredAlphabet(Struct, frozen=True):
    """An alphabet as files of models keep it.

    Attributes:
        characters: all of them in class order, without the blank.
        blank: class of the CTC blank.
    """

    characters: Annotated[str, Meta(max_length=65_535)]
    blank: int

    def opened(self) -> Alphabet:
        """The alphabet.

        Raises:
            AlphabetError: if it has its blank elsewhere than the models of this project, or is no
                valid alphabet.
        """
        if self.blank != BLANK:
            raise AlphabetError(
                f"the blank is class {self.blank}; models have it at class {BLANK}: bring the"
                " weights in with `ocrtrain import --blank last`"
            )
        return Alphabet(("", *self.characters))


def to_pairs(metadata: ModelMetadata, file_format: str, version: int) -> dict[str, str]:
    """The metadata as pairs of strings."""
    return {
        "format": file_format,
        "version": str(version),
        "model": json.dumps(asdict(metadata.settings)),
        "alphabet": json.dumps(metadata.alphabet.to_json(), ensure_ascii=False),
        "preprocessing": PREPROCESSING_JSON,
        "training": json.dumps(metadata.training, ensure_ascii=False),
    }


def from_pairs(path: Path, pairs: Mapping[str, str]) -> ModelMetadata:
    """Read what `to_pairs` wrote, but for the format and its version.

    Raises:
        CheckpointError: naming the file and the field that is missing, wrong, or contradicts
            another.
    """
    if field(path, pairs, "preprocessing", Preprocessing) != PREPROCESSING:
        raise CheckpointError(
            f"{path} was trained on images prepared otherwise: {pairs['preprocessing']}; train"
            " again, or read it with the version that wrote it"
        )
    try:
        settings = field(path, pairs, "model", ModelSettings)
        alphabet = field(path, pairs, "alphabet", StoredAlphabet).opened()
    except ModelError as error:
        raise CheckpointError(f"{path}: model: {error}") from error
    except AlphabetError as error:
        raise CheckpointError(f"{path}: alphabet: {error}") from error
    if settings.classes != len(alphabet):
        raise CheckpointError(
            f"{path} has {settings.classes} outputs but an alphabet of {len(alphabet)} classes"
        )
    return ModelMetadata(settings, alphabet, field(path, pairs, "training", dict[str, Any]))


def field(path: Path, pairs: Mapping[str, str], name: str, cls: type[Record]) -> Record:
    """One JSON field of a file's metadata.

    Raises:
        CheckpointError: if it is missing or of another type; names file and field.
    """
    if name not in pairs:
        raise CheckpointError(f"{path} lacks the field {name} in its metadata")
    return decode(pairs[name], cls, f"{path}: {name}", error=CheckpointError)
