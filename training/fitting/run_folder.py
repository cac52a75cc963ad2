"""The folder of a run: its name, its settings, and what a resumed run must not change."""

import contextlib
import errno
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datagen.data_sets.line_dataset import parse_data
from datagen.split import SplitRule
from ocrbase.errors import DiskError
from ocrbase.homes import RUNS
from ocrbase.publishing import disk_errors, publish_text
from ocrbase.records import encode, read_json
from ocrbase.settings import from_mapping, to_mapping
from training.errors import CheckpointError, FitError
from training.fitting.fit_settings import FREE_ON_RESUME, LENGTH, FitSettings, present_names
from training.fitting.gpus import gpus_to_use
from training.fitting.run_records import METRICS, SPLIT, read_metrics, to_line
from training.fitting.run_settings import RunSettings, model_to_train
from training.fitting.state_files import states

SETTINGS = "settings.json"


def new_name(settings: FitSettings) -> str:
    """A name for a run that was given none; sorts by time, and names the network.

    Raises:
        FitError: if there are fewer GPUs than asked for.
        CheckpointError: if there is no file to start from.
    """
    model = model_to_train(settings, on_gpus=gpus_to_use(settings.gpus) > 0)
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{model}"


def refuse_existing(folder: Path) -> None:
    """Keep a new run from the folder of another.

    Raises:
        FitError: if a run of that name exists.
    """
    if (folder / SETTINGS).exists():
        raise FitError(
            f"the run {folder} exists; go on with --resume --run {folder.name}, or choose another"
            " name with --run"
        )


def write_settings(folder: Path, settings: FitSettings) -> None:
    """Keep the settings of a run, with all that was chosen for the user filled in."""
    text = json.dumps(to_mapping(settings), indent=2, ensure_ascii=False) + "\n"
    publish_text(folder / SETTINGS, text)


def write_split(folder: Path, rule: SplitRule | None) -> None:
    """Keep how a run divides lines into those to train on and those to validate on."""
    if rule is not None:
        publish_text(folder / SPLIT, encode(rule.stored()))


def resumed(given: Mapping[str, Any], runs: Path = RUNS) -> FitSettings:
    """The stored settings of a run, with what may change taken from `given`.

    Args:
        given: settings that the user named, by field; `run` chooses the run, else the newest
            that has a state.
        runs: where runs are kept.

    Raises:
        CheckpointError: if there is no such run.
        FitError: if `given` contradicts what the run was started with.
    """
    folder = runs / given["run"] if given.get("run") else _newest(runs)
    path = folder / SETTINGS
    if not path.is_file():
        raise CheckpointError(f"there is no run {folder}; see what `ls {runs}` has")
    stored = read_settings(folder)
    free_names = FREE_ON_RESUME | (LENGTH if stored.schedule == "wsd" else frozenset())
    changed = [
        f"{name}: {getattr(stored, name)}, now {value}"
        for name, value in sorted(given.items())
        if name not in free_names and getattr(stored, name) != value
    ]
    if "data" in given and _weights(given["data"]) != _weights(stored.data):
        changed.append(f"weights of data: {', '.join(stored.data)}, now {', '.join(given['data'])}")
    if changed:
        raise FitError(
            f"{folder} was started with other settings ({'; '.join(changed)}); leave these out, or"
            f" start a new run from its weights with --init {folder / 'last.safetensors'}"
        )
    free = {name: value for name, value in given.items() if name in free_names}
    return replace(stored, **{**free, "run": folder.name})


def keep_length(folder: Path, settings: RunSettings, step: int) -> None:
    """Keep the new length of a run that was resumed with another one.

    Args:
        folder: of the run.
        settings: that it goes on with.
        step: steps done.

    Raises:
        FitError: if its learning rate should have begun to fall before that step.
    """
    stored = read_settings(folder)
    length = {name: getattr(settings, name) for name in LENGTH}
    if all(getattr(stored, name) == value for name, value in length.items()):
        return
    rates = settings.rates
    if rates.decay_from < step:
        raise FitError(
            f"{folder} has done {step:,} steps: with {rates.steps:,} in all, a decay of"
            f" {rates.decay:,} would have begun at step {rates.decay_from:,}; give --max-steps"
            f" {step + rates.decay:,} or more, or fewer --decay-steps"
        )
    write_settings(folder, replace(stored, **length))


@contextlib.contextmanager
def disk_error(folder: Path) -> Iterator[None]:
    """Say how a run goes on whose disk is full or may not be written.

    Raises:
        FitError: in place of what publishing or writing raises in the block.
    """
    try:
        with disk_errors(folder):
            yield
    except DiskError as error:
        if str(folder) not in str(error):  # another place, with a way out of its own
            raise
        reason = getattr(error.__cause__, "strerror", None) or os.strerror(errno.ENOSPC)
        raise FitError(
            f"cannot write to {folder}: {reason}; its last state is kept: free space there, then"
            f" go on with --resume --run {folder.name}"
        ) from error


def read_settings(folder: Path) -> FitSettings:
    """The stored settings of a run.

    Raises:
        FitError, SettingsError: naming the file and all fields that are damaged.
    """
    path = folder / SETTINGS
    mapping = present_names(read_json(path, dict[str, Any], error=FitError))
    if mapping.get("live") and "seed" in mapping:
        mapping.setdefault("split_seed", mapping["seed"])  # earlier releases had one seed for both
    return from_mapping(FitSettings, mapping, str(path))


def cut_metrics(folder: Path, step: int) -> float:
    """Drop the lines that a run wrote after the state it goes on from.

    Returns:
        Seconds that the run had taken by the last line that stays.

    Raises:
        FitError: if a line is damaged.
    """
    path = folder / METRICS
    if not path.exists():
        return 0.0
    kept = [record for record in read_metrics(path) if record.step <= step]
    publish_text(path, "".join(map(to_line, kept)))
    return kept[-1].seconds if kept else 0.0


def _weights(data: Sequence[str]) -> list[float | None]:
    """Weights of data sets; their folders may move between two calls, their shares may not."""
    return [weight for _, weight in parse_data(data)]


def _newest(runs: Path) -> Path:
    newest = [path[-1] for folder in runs.glob("*") if (path := states(folder))]
    if not newest:
        raise CheckpointError(f"no run under {runs}/ has a state to resume from; start one first")
    return max(newest, key=lambda path: path.stat().st_mtime).parent
