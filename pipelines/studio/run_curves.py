"""The metrics of a run as curves over lines seen."""

from dataclasses import dataclass
from pathlib import Path

from training.fitting.run_folder import SETTINGS, read_settings
from training.fitting.run_records import METRICS, TrainRecord, ValidationRecord, read_metrics


@dataclass(frozen=True)
class Curves:
    """What one run has written.

    Attributes:
        name: of the run.
        batch_size: lines per step; steps where the settings leave it open.
        train: means of some steps each.
        validations: in order.
    """

    name: str
    batch_size: int
    train: tuple[TrainRecord, ...]
    validations: tuple[ValidationRecord, ...]

    def points(self, column: str) -> list[tuple[int, float]]:
        """(Lines seen, value) of "loss", and in percent of "cer" or "accuracy"."""
        if column == "loss":
            return [(self._lines(r.step), round(r.loss, 5)) for r in self.train]
        if column == "cer":
            return [(self._lines(r.step), round(100.0 * r.cer, 3)) for r in self.validations]
        return [(self._lines(r.step), round(100.0 * r.line_accuracy, 3)) for r in self.validations]

    def _lines(self, step: int) -> int:
        return step * self.batch_size


def run_names(runs: Path) -> list[str]:
    """Names of the runs with settings, newest first."""
    folders = sorted(runs.glob(f"*/{SETTINGS}"), key=lambda path: -path.stat().st_mtime)
    return [path.parent.name for path in folders]


def read_curves(folder: Path) -> Curves:
    """The metrics of a run.

    Raises:
        UserError: if its settings or metrics are damaged.
    """
    path = folder / METRICS
    records = read_metrics(path) if path.exists() else []
    train = tuple(r for r in records if isinstance(r, TrainRecord))
    validations = tuple(r for r in records if isinstance(r, ValidationRecord))
    return Curves(folder.name, read_settings(folder).batch_size or 1, train, validations)
