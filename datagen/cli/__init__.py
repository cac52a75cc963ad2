"""The `ocrgen` command line, one module per command."""

from __future__ import annotations

from ocrbase import command_edge

TYPE_CHECKING = False  # see `command_edge`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from datagen.cli.group import main

__all__ = ["MODULES", "main", "run"]

# In the order of work, as `--help` lists them.
MODULES = {
    "corpus": "datagen.cli.corpus",
    "fonts": "datagen.cli.fonts",
    "alphabet": "datagen.cli.alphabet",
    "style": "datagen.cli.style",
    "preview": "datagen.cli.preview",
    "studio": "pipelines.studio.command",
    "render": "datagen.cli.render",
    "import": "datagen.cli.import_data",
    "verify": "datagen.cli.verify",
    "stats": "datagen.cli.stats",
    "pack": "datagen.cli.pack",
    "export": "datagen.cli.export_data",
}


def run() -> None:
    """Entry point of the console script."""
    command_edge.run(_load)


def _load() -> Callable[[], int]:
    from datagen.cli.group import main

    return main


def __getattr__(name: str) -> Any:
    # Loaded on first use: from `run` on, an interruption while click is imported is one line.
    if name == "main":
        return _load()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
