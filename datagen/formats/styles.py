"""In which styles the lines of a dataset were drawn, as its manifest tells."""

from typing import Any

from msgspec import Struct, field

from datagen.errors import ShardError
from datagen.formats.manifest import Manifest, PackedManifest
from ocrbase.records import convert


class _Look(Struct):
    style: str | list[str] = []


class _Settings(Struct):
    """What the settings of a render say of styles; those of other commands say nothing."""

    look: _Look = field(default_factory=_Look)


def styles_of(manifest: Manifest) -> list[str]:
    """What each render was given as `--style`, several styles joined by ` + `; each once.

    Raises:
        ShardError: if the settings in the manifest are none that this program writes.
    """
    settings = [manifest.settings]
    if isinstance(manifest, PackedManifest):
        settings = [item.settings or {} for item in manifest.inputs]
    return list(dict.fromkeys(filter(None, map(_style, settings))))


def _style(settings: dict[str, Any]) -> str:
    where = "settings of a render"
    style = convert(settings, _Settings, where, error=ShardError).look.style
    return style if isinstance(style, str) else " + ".join(style)
