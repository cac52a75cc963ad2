"""The `ocrtrain` command line, one module per command."""

from __future__ import annotations

from ocrbase import command_edge

TYPE_CHECKING = False  # see `command_edge`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from training.cli.group import main

__all__ = ["MODULES", "main", "run"]

# In the order of work, as `--help` lists them.
MODULES = {
    "fit": "training.cli.fit",
    "evaluate": "training.cli.evaluate",
    "predict": "training.cli.predict",
    "lm": "training.cli.lm",
    "export": "training.cli.export",
    "import": "training.cli.import_weights",
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
