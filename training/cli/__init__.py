"""The `ocrtrain` command line, one module per command."""

from __future__ import annotations

from ocrbase import command_edge

TYPE_CHECKING = False  # see `command_edge`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from training.cli.group import main

__all__ = ["MODULES", "main", "run"]

MODULES = {
    "evaluate": "training.cli.evaluate",
    "export": "training.cli.export",
    "lm": "training.cli.lm",
    "fit": "training.cli.fit",
    "import": "training.cli.import_weights",
    "predict": "training.cli.predict",
}


def run() -> None:
    """Entry point of the console script."""
    command_edge.run(_load)


def _load() -> Callable[[], int]:
    from training.cli.group import main

    return main


def __getattr__(name: str) -> Any:
    # Loaded on first use: from `run` on, an interruption while click is imported is one line.
    if name == "main":
        return _load()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
