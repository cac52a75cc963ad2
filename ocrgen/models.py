"""Train and evaluate from Python, with the settings and errors of `ocrtrain`."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from datagen.formats.data_folders import data_folder
from datagen.split import Split
from ocrbase.errors import SettingsError
from ocrbase.homes import RUNS
from ocrbase.settings import from_mapping
from training.evaluation.evaluate import Evaluation
from training.evaluation.evaluate import evaluate as evaluate_lines
from training.evaluation.labelled import DEFAULT_DATA, open_labelled
from training.fitting.fit import Outcome
from training.fitting.fit_settings import FitSettings
from training.fitting.run_records import split_of_run
from training.inference.line_reader import LineReader
from training.require import require


def fit(
    data: str | Path | Iterable[str | Path] | None = None,
    *,
    model: str | None = None,
    run: str | None = None,
    epochs: int | None = None,
    max_steps: int | None = None,
    batch_size: int | None = None,
    resume: bool = False,
    runs: str | Path = RUNS,
    **settings: Any,
) -> Outcome | None:
    """Train a network, as `ocrtrain fit` does; what is None takes the default of FitSettings.

    Args:
        data: data sets, packed or rendered, each PATH or PATH:WEIGHT.
        model: crnn, crnn_v2, crnn_res or crnn_lite; None: crnn on GPUs, crnn_lite on the CPU.
        run: name of the run's folder.
        epochs: passes over the data.
        max_steps: steps after which the run ends, whatever `epochs` says.
        batch_size: lines per step, over all processes.
        resume: continue `run`, or the newest run, from its last state.
        runs: folder of all runs.
        settings: any other field of `training.fitting.fit_settings.FitSettings`.

    Returns:
        The run's folder, its steps and the best line accuracy of its validations; None where
        torchrun started this process and it is not the first.

    Raises:
        UserError: unknown or contradictory settings, missing or damaged data, a run that exists.
        KeyboardInterrupt: after Ctrl-C, with the state of the last whole step saved.

    With several processes or GPUs, call it below `if __name__ == "__main__":`, because each
    process imports the calling module.
    """
    require("torch", "safetensors", extra="train")
    from training.fitting import run_folder
    from training.fitting.launch import launch
    from training.fitting.sources import open_sources

    named = {
        "data": None if data is None else _names(data),
        "model": model,
        "run": run,
        "epochs": epochs,
        "max_steps": max_steps,
        "batch_size": batch_size,
        **settings,
    }
    given = {name: value for name, value in named.items() if value is not None}
    wished = from_mapping(FitSettings, given, "fit")
    if resume:
        wished = run_folder.resumed({name: getattr(wished, name) for name in given}, Path(runs))
    else:
        wished = replace(wished, run=wished.run or run_folder.new_name(wished))
    return launch(wished, open_sources, resume=resume, runs=Path(runs))


def evaluate(
    reader: LineReader | str | Path | None = None,
    data: str | Path = DEFAULT_DATA,
    *,
    split: str | None = None,
    limit: int | None = None,
) -> Evaluation:
    """Read labelled lines with a model and compare, as `ocrtrain evaluate` does.

    Args:
        reader: a reader, or the model file for one; None reads with the newest run's best model,
            or where there is no run with the bundled one.
        data: packed data, a render, or a list of lines `file<TAB>text`.
        split: "train" or "val"; None takes "val" of packed data, and all lines of a render. A
            render is divided as the model's run divided it, or as `ocrgen pack` would.
        limit: read only so many lines, spread evenly over the data.

    Returns:
        Predictions and targets; `.strict.cer`, `.strict.line_accuracy` and, with widths folded
        and spaces dropped, `.normalised`.

    Raises:
        UserError: no such data, lines that cannot be read, or labels of another alphabet.
    """
    if split not in (None, Split.TRAIN, Split.VAL):
        raise SettingsError(f"split {split!r}: give train or val")
    if limit is not None and limit < 1:
        raise SettingsError(f"limit {limit}: read at least 1 line")
    if not isinstance(reader, LineReader):
        reader = LineReader.open(reader)
    rule = split_of_run(Path(reader.scorer.name))
    folder = data_folder(str(data), split=Split(split or "val"))
    source = open_labelled(folder, Split(split) if split else None, rule=rule)
    name = source.name.replace(str(folder), str(data))
    return evaluate_lines(reader, source, name, limit=limit)


def _names(data: str | Path | Iterable[str | Path]) -> list[str]:
    return [str(data)] if isinstance(data, str | Path) else [str(item) for item in data]
