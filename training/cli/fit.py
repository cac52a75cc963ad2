"""`ocrtrain fit`: train a network."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from datagen.cli.config import (
    LOOK_FIELDS,
    PLAN_FIELDS,
    named_options,
    settings_in_file,
    with_plan_and_look,
)
from datagen.cli.fetching import fetcher
from datagen.cli.options import look_options, plan_options
from datagen.cli.urls import TextOrUrl
from ocrbase.errors import UserError
from training.cli.groups import GroupedCommand
from training.errors import FitError
from training.fitting.fit_settings import PRECISIONS, SCHEDULES, FitSettings, present_names
from training.model.model_settings import HIDDEN, MODELS, ON_CPU, ON_GPUS

DEFAULTS = FitSettings()
GROUPS = {
    "Run": ("run", "resume", "config", "seed"),
    "Data": ("data", "cache", "split", "split_seed", "joined", "augment"),
    "Network": ("model", "channels", "hidden", "width_multiplier", "init"),
    "Optimisation": (
        "epochs", "max_steps", "batch_size", "select_from", "accumulate", "lr", "schedule",
        "warmup", "warmup_steps", "decay_steps", "weight_decay", "clip_norm", "ema_decay",
        "alignment_lines", "alignment_weight", "curriculum_lines",
    ),
    "Validation and logging": (
        "validate_every", "validation_lines", "patience", "checkpoint_every",
        "checkpoint_minutes", "keep", "log_every",
    ),
    "Machine": (
        "gpus", "processes", "threads", "workers", "precision", "compile", "deterministic",
    ),
    "Live rendering": ("live", "live_lines", *PLAN_FIELDS, *LOOK_FIELDS),
}  # fmt: skip
RECIPES = Path(__file__).resolve().parent.parent / "recipes"
FEW_RIGHT = 0.01  # of the validation lines
NEEDED_LINES = 60_000  # before a first line is read right, as measured with 5,990 classes
TORCH_MISSING = "training needs torch, which is not installed: pip install 'ocrgen[train]'"


def option(
    name: str, text: str, kind: Any = None, default: str = "", metavar: str | None = None
) -> Callable[[Any], Any]:
    """An option whose name, type and default are those of a FitSettings field.

    Args:
        name: with its two dashes.
        text: one sentence.
        kind: click's type, where the default is None or one of a few words.
        default: what None means.
        metavar: in place of the type's.
    """
    value = getattr(DEFAULTS, name.removeprefix("--").replace("-", "_"))
    return click.option(
        name, default=value, show_default=default or True, type=kind, help=text, metavar=metavar
    )


@click.command(cls=GroupedCommand, groups=GROUPS)
@option("--run", "Name of the run's folder under runs/.", str, "date, time and model", "NAME")
@click.option("--resume", is_flag=True, help="Continue --run, or the newest run.")
@click.option(
    "--config",
    metavar="FILE|NAME|-",
    help="TOML file of settings, - for standard input, or a recipe that comes with the project:"
    " gpu, lengths, reading, tune.",
)
@click.option(
    "--data",
    multiple=True,
    type=TextOrUrl(),
    metavar="PATH|URL[:WEIGHT]",
    default=DEFAULTS.data,
    help="What `ocrgen pack` wrote, or a folder of `ocrgen render` or `ocrgen import` as it is."
    " Repeat to mix several; weights share out an epoch among them.",
)
@option(
    "--split",
    "Share of the sentences to train on, of renders and with --live; the others validate. Packed"
    " data keeps the split it has, and lines beside it obey that.",
)
@option(
    "--split-seed",
    "Random seed of --split, of its own so that runs with another --seed, and those that go on with"
    " --init, validate on the same sentences.",
)
@option(
    "--cache",
    "Folder for copies of data that a URL names.",
    str,
    "stores, in OCRGEN_CACHE or the platform's own cache folder",
    "DIRECTORY",
)
@option("--joined", "Share of the pairs of lines that become one sample, side by side.")
@option("--augment", "Strength of augmentation (shift, blur, noise, erasing), from 0 to 1.")
@option(
    "--model",
    "Network architecture.",
    click.Choice(MODELS),
    f"that of --init; else {ON_GPUS} on GPUs, {ON_CPU} on the CPU",
)
@option("--channels", "Image channels: 1, or 3 copies of the gray channel.")
@option(
    "--hidden",
    "LSTM units per direction.",
    int,
    f"those of --init; else 256, {HIDDEN['crnn_lite']} of crnn_lite",
)
@option("--width-multiplier", "Factor on the channels of all convolutions.")
@click.option(
    "--init",
    metavar="FILE|NAME",
    help="Model file, or name of a bundled model, to start from, whatever its alphabet.",
)
@option("--epochs", "Passes over the data.")
@option("--max-steps", "Steps after which the run ends, if --epochs takes more.", int, "no limit")
@option(
    "--batch-size",
    "Lines per step, over all processes.",
    int,
    "64 per process, 512 per GPU or fewer",
)
@option("--select-from", "Lines read for each trained on; the least surely read are chosen.")
@option("--accumulate", "Batches per step and process (gradient accumulation), to save memory.")
@option("--lr", "Peak learning rate.", float, "1.2e-3 at 64 lines, scaled by batch size and width")
@option(
    "--schedule",
    "Learning rate schedule; wsd (warm-up, stable, decay) can be resumed with another length.",
    click.Choice(SCHEDULES),
)
@option("--warmup", "Share of the steps in which the learning rate rises.")
@option("--warmup-steps", "The same in steps.", int, "by --warmup; wsd: 2,000 at most")
@option("--decay-steps", "Last steps of wsd, whose learning rate falls.", int, "a fifth of all")
@option("--weight-decay", "Weight decay of AdamW.")
@option("--clip-norm", "Gradient norm to clip at; 0 does not clip.")
@option("--ema-decay", "Decay of the EMA of the weights, which is validated and saved; 0: no EMA.")
@option(
    "--alignment-lines",
    "Lines of the warm start, which trains on known character centres before CTC.",
    int,
    "40,000; with --init 0",
)
@option("--alignment-weight", "Weight of the alignment loss beside CTC, after the warm start.")
@option("--curriculum-lines", "Lines in which line length grows from shortest to longest; 0: none.")
@option("--validate-every", "Steps between validations.", int, "20 validations per run at most")
@option("--validation-lines", "Lines per validation; 0 takes all.")
@option("--patience", "Validations without progress after which the run ends early; 0 never does.")
@option("--checkpoint-every", "Steps between states to resume from.")
@option("--checkpoint-minutes", "Minutes until a state is saved in any case; 0 counts steps alone.")
@option("--keep", "States to keep.")
@option("--log-every", "Steps between two lines of metrics.jsonl.")
@option("--gpus", "GPUs to train on; 0 trains on the CPU.", int, "all")
@option("--processes", "Processes on the CPU.")
@option("--threads", "Threads per process on the CPU.", int, "cores / processes")
@option("--workers", "Loader processes per process.", int, "0 on the CPU, up to 8 per GPU")
@option("--precision", "Number format of the network.", click.Choice(PRECISIONS))
@click.option("--compile/--no-compile", default=DEFAULTS.compile, help="Use torch.compile.")
@click.option("--deterministic", is_flag=True, help="Same bits on a GPU every time; slower.")
@click.option("--live", is_flag=True, help="Render lines during training, instead of --data.")
@option("--live-lines", "Lines per epoch.")
@plan_options
@look_options
@click.pass_context
def command(context: click.Context, /, resume: bool, config: str | None, **options: Any) -> None:
    """Train a network on packed data, on renders, or on lines rendered during training.

    Everything goes to runs/NAME: settings.json, metrics.jsonl, TensorBoard events,
    best.safetensors (the model to use), last.safetensors, and states to --resume from.

    On several machines, run on each: torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d
    --rdzv-endpoint HOST:29400 --no-python ocrtrain fit [OPTIONS]
    """
    given = settings_given(context, config, options)
    try:
        import safetensors  # noqa: F401
        import torch  # noqa: F401
    except ModuleNotFoundError as error:
        raise FitError(TORCH_MISSING) from error
    from training.fitting import run_folder
    from training.fitting.launch import launch
    from training.fitting.sources import open_sources, with_local_data

    settings = _checked(FitSettings, **given)
    if resume:
        settings = run_folder.resumed(given)
    else:
        settings = replace(settings, run=settings.run or run_folder.new_name(settings))
    # Here it is shown, and done before processes start and wait for each other.
    with_local_data(settings, fetcher(None if settings.cache is None else Path(settings.cache)))
    outcome = launch(settings, open_sources, resume=resume)
    if outcome:
        if outcome.ended_early:
            click.echo(f"Ended early: {outcome.ended_early}.")
        click.echo(f"{outcome.step:,} steps done; the models are in {outcome.folder}")
        if 0 <= outcome.line_accuracy < FEW_RIGHT:
            click.echo(
                f"Hardly a line is read right yet: {outcome.classes:,} classes need about"
                f" {NEEDED_LINES:,} lines before a line is right; this run saw {outcome.lines:,}."
                " See pipelines/quickstart.sh, a small job that gets there in minutes, and"
                " docs/troubles.md."
            )


def _checked(make: Callable[..., Any], *args: Any, **values: Any) -> Any:
    """Settings made of options; values out of range are a bad option."""
    try:
        return make(*args, **values)
    except UserError as error:
        raise click.UsageError(str(error)) from error


def settings_given(
    context: click.Context, config: str | None, options: dict[str, Any]
) -> dict[str, Any]:
    """What the user named, in the file or on the command line; the latter wins."""
    given: dict[str, Any] = {}
    if config:
        recipes = {path.stem: str(path) for path in RECIPES.glob("*.toml")}
        given = settings_in_file(FitSettings, recipes.get(config, config), present_names)
    named = named_options(context) - {"resume", "config"}
    rendering = named & {*PLAN_FIELDS, *LOOK_FIELDS}
    if not (given.get("live") or options["live"] or context.params["resume"]):
        alone = [p.opts[0] for p in context.command.params if p.name in rendering]
        if alone:
            raise click.UsageError(f"{', '.join(alone)}: only with --live")
    given = _checked(with_plan_and_look, given, DEFAULTS, options, rendering)
    return given | {name: options[name] for name in options if name in named - rendering}
