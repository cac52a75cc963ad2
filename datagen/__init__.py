"""Text to labelled line images, shards and LMDB: the `ocrgen` command."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datagen.render.renderer import Renderer

__all__ = ["Renderer"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: `ocrgen --help` must not wait for compiled code.
    if name == "Renderer":
        from datagen.render.renderer import Renderer

        return Renderer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
