"""The manifest of a folder of faces: which there are, from where, under which licence."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from fonts.errors import FontError
from ocrbase.homes import OTHER_HOME
from ocrbase.inputs import is_there, path_below
from ocrbase.publishing import publish_text
from ocrbase.records import encode, read_json
from ocrbase.weights import MAX_WEIGHT

PACKAGE = Path(__file__).parent
FILE = "manifest.json"
Style = Literal[
    "song", "sans", "kai", "fangsong", "display", "brush",
    "latin-serif", "latin-italic", "latin-sans", "latin-mono",
]  # fmt: skip
STYLES: tuple[str, ...] = get_args(Style)
LATIN_STYLES = tuple(s for s in STYLES if s.startswith("latin-"))  # of companions: never alone
MAX_NAME = 200  # characters of a face's name


class FaceRecord(Struct, frozen=True, kw_only=True):
    """A face as a manifest lists it.

    Attributes:
        name: stable id that users type.
        file: path of the font file from the manifest's folder; below it.
        sha256: of that file, hexadecimal.
        index: number of the face within a collection, 0 elsewhere.
        axes: all axis settings of a variable font in the file's order; empty for a static one.
        family: name as the maker gives it.
        licence: SPDX id, "Arphic-1999", or what the user said; empty where unknown.
        style: one of STYLES.
        weight: 100 (thin) to 900 (black).
        sampling_weight: how often the face is chosen, relative to others.
    """

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME, pattern=r"^[^\x00-\x20]+$")]
    file: Annotated[str, Meta(min_length=1)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    index: Annotated[int, Meta(ge=0, lt=1 << 16)] = 0
    axes: Annotated[tuple[tuple[str, float], ...], Meta(max_length=64)] = ()
    family: str = ""
    licence: str = ""
    style: Style
    weight: Annotated[int, Meta(ge=0, le=1 << 16)]
    sampling_weight: Annotated[float, Meta(ge=0, le=MAX_WEIGHT)] = 1.0


class FaceList(Struct, frozen=True):
    """A manifest; that of the bundled faces says more, of which readers need nothing."""

    faces: tuple[FaceRecord, ...]
    version: int = 1


def read_manifest(folder: Path) -> tuple[FaceRecord, ...]:
    """The faces that a folder's manifest lists; none where there is no manifest.

    Raises:
        FontError: if the file is no manifest, or names files outside the folder.
    """
    path = folder / FILE
    if not is_there(path):
        return ()
    try:
        faces = read_json(path, FaceList, error=FontError).faces
        for face in faces:
            path_below(folder, face.file, error=FontError)
    except FontError as error:
        raise FontError(f"{error}; mend or delete {path}") from error
    return faces


def write_manifest(folder: Path, faces: tuple[FaceRecord, ...]) -> None:
    """List faces in a folder.

    Raises:
        DiskError: if it cannot be written.
    """
    publish_text(folder / FILE, encode({"version": 1, "faces": faces}), OTHER_HOME)
