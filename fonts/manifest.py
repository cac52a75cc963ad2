"""The manifest of a folder of faces: which there are, from where, under which licence."""

import json
from pathlib import Path
from typing import Any

from fonts.errors import FontError

ROOM = Path(__file__).parent
STYLES = ("song", "sans", "kai", "fangsong", "display", "brush")


def read_manifest(path: Path) -> list[dict[str, Any]]:
    """The faces of a manifest; none where there is no file.

    Raises:
        FontError: if the file is no manifest.
    """
    if not path.exists():
        return []
    try:
        faces = json.loads(path.read_text(encoding="utf-8"))["faces"]
    except (ValueError, KeyError, TypeError) as error:
        raise FontError(f"{path} is no list of faces ({error}); mend or delete it") from error
    assert isinstance(faces, list)
    return faces
