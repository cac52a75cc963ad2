"""The `ocrgen` command line, one module per command."""

from __future__ import annotations

from ocrbase import command_edge

TYPE_CHECKING = False  # see `command_edge`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from datagen.cli.group import main

__all__ = ["MODULES", "main", "run"]

MODULES = {
    "render": "datagen.cli.render",
    "preview": "datagen.cli.preview",
    "alphabet": "datagen.cli.alphabet",
    "pack": "datagen.cli.pack",
    "fonts": "datagen.cli.fonts",
    "corpus": "datagen.cli.corpus",
    "verify": "datagen.cli.verify",
    "stats": "datagen.cli.stats",
    "import": "datagen.cli.import_data",
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
