"""The models that can be chosen: the bundled ones, and those of runs, newest first."""

from functools import lru_cache
from pathlib import Path

from training.inference.line_reader import LineReader
from training.model.bundled import bundled
from training.model.checkpoint import BEST


def model_names(runs: Path) -> list[str]:
    """What can be read with, as `--checkpoint` takes it."""
    own = sorted(runs.glob(f"*/{BEST}"), key=lambda path: -path.stat().st_mtime)
    return [*bundled(), *(str(path) for path in own)]


def open_reader(name: str) -> LineReader:
    """A reader by that name, kept for the next image until its file changes.

    Raises:
        CheckpointError: if the model is missing or damaged.
    """
    path = Path(name)
    return _opened(name, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=2)
def _opened(name: str, changed_ns: int) -> LineReader:
    return LineReader.open(name)
