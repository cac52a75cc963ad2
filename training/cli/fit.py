"""`ocrtrain fit`: train a network."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from datagen.cli.options import look_options, look_settings, plan_options, plan_settings
from training.errors import FitError
from training.fitting.fit_settings import PRECISIONS, SCHEDULES, FitSettings, present_names
from training.model.model_settings import MODELS

DEFAULTS = FitSettings()
# Fields that an option of `ocrgen render` sets.
PLAN_FIELDS = {
    "corpora": ("corpora",),
    "lines": ("lines",),
    "length": ("length_min", "length_max"),
    "alphabet": ("alphabet",),
    "min_per_class": ("min_per_class",),
    "max_inserted": ("max_inserted",),
    "home": ("home",),
}
LOOK_FIELDS = {
    "style": ("style",),
    "faces": ("faces",),
    "system_fonts": ("system_fonts",),
    "backgrounds": ("backgrounds",),
    "width": ("widths",),
    "fit_width": ("fit_width",),
    "engine": ("engine",),
}
RECIPES = Path(__file__).resolve().parent.parent / "recipes"
TORCH_MISSING = "training needs torch, which is not installed: pip install 'ocrgen[train]'"


def option(name: str, text: str, kind: Any = None) -> Callable[[Callable[..., Any]], Any]:
    """An option whose name, type and default are those of a FitSettings field."""
    field = name.removeprefix("--").replace("-", "_")
    default = getattr(DEFAULTS, field)
    shown = default is not None
    return click.option(name, default=default, show_default=shown, type=kind, help=text)


@click.command()
@click.option(
    "--data",
    multiple=True,
    metavar="PATH[:WEIGHT]",
    default=DEFAULTS.data,
    show_default=True,
    help="Packed data set; repeat to mix several. With weights, an epoch is shared out by weight.",
)
@option("--run", "Name of the run's folder under runs/; default: date and model.")
@option("--model", "Network.", click.Choice(MODELS))
@option("--epochs", "Passes over the data.")
@option("--max-steps", "Steps after which the run ends, whatever --epochs says.", int)
@option("--batch-size", "Lines of a step over all processes; default: 64 each, 256 a GPU.", int)
@option("--lr", "Peak learning rate; default: 1.2e-3 at 64 lines, by batch size and width.", float)
@option("--gpus", "GPUs to train on; 0 is the CPU; default: all there are.", int)
@option("--processes", "Processes on the CPU.")
@click.option("--resume", is_flag=True, help="Go on with --run, or with the newest run.")
@click.option(
    "--config", metavar="FILE", help="TOML file of these settings, or a recipe: gpu, lengths."
)
@option("--init", "Model file or bundled model to start from, of the same shape.", str)
@option("--channels", "Input planes: 1, or 3 that repeat the gray.")
@option("--hidden", "Units of each LSTM direction.")
@option("--width-multiplier", "Factor on the channels of all convolutions.")
@option("--schedule", "Shape of the learning rate.", click.Choice(SCHEDULES))
@option("--warmup", "Share of the steps in which the learning rate rises.")
@option("--weight-decay", "Of AdamW.")
@option("--clip-norm", "Largest gradient norm; 0 does not clip.")
@option("--ema-decay", "Longest decay of the weights' moving average; 0 keeps no average.")
@option("--alignment-lines", "Lines on known character centres before CTC, at most half the run.")
@option("--augment", "Strength of shifts, blur, noise and erasing at load time, 0 to 1.")
@option("--accumulate", "Pieces in which a process works off a batch, to save memory.")
@option("--validate-every", "Steps between validations; default: at most 20 in a run.", int)
@option("--validation-lines", "Lines of a validation; 0 takes all.")
@option("--patience", "Validations without progress after which the run ends; 0 is never.")
@option("--checkpoint-every", "Steps between states to go on from.")
@option("--keep", "States kept.")
@option("--log-every", "Steps between two lines of metrics.jsonl.")
@option("--threads", "Threads of a process on the CPU; default: the cores, shared out.", int)
@option("--workers", "Loader processes of each process; default: 0 on the CPU, up to 8 a GPU.", int)
@option("--precision", "Number format of the network.", click.Choice(PRECISIONS))
@click.option("--compile/--no-compile", default=DEFAULTS.compile, help="Use of torch.compile.")
@click.option("--deterministic", is_flag=True, help="The same bits on a GPU too; slower.")
@click.option("--live", is_flag=True, help="Render lines on demand, as these options say:")
@option("--live-lines", "Lines that count as an epoch of live rendering.")
@option("--split", "Share of live lines that train; the sentences of the rest validate.")
@plan_options
@look_options
@click.pass_context
def command(context: click.Context, /, resume: bool, config: str | None, **options: Any) -> None:
    """Train a network on packed data, on GPUs or on the CPU.

    Everything goes to runs/NAME: settings.json, metrics.jsonl, TensorBoard's events,
    best.safetensors (the model to read with), last.safetensors, and states to --resume from.

    On several machines run on each: torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d
    --rdzv-endpoint HOST:29400 --no-python ocrtrain fit [OPTIONS]
    """
    given = _given(context, config, options)
    try:
        import safetensors  # noqa: F401
        import torch  # noqa: F401
    except ModuleNotFoundError as error:
        raise FitError(TORCH_MISSING) from error
    from training.fitting import run_folder
    from training.fitting.launch import launch
    from training.fitting.sources import open_sources

    if resume:
        settings = run_folder.resumed(given)
    else:
        try:
            settings = FitSettings(**given)
        except FitError as error:
            raise click.UsageError(str(error)) from error
        settings = replace(settings, run=settings.run or run_folder.new_name(settings.model))
    outcome = launch(settings, open_sources, resume=resume)
    if outcome:
        click.echo(f"{outcome.step:,} steps done; the models are in {outcome.folder}")


def _given(context: click.Context, config: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """What the user named, in the file or on the command line; the latter wins."""
    from ocrbase.settings import from_mapping, read_toml

    given: dict[str, Any] = {}
    if config:
        recipe = RECIPES / f"{config}.toml"
        mapping = present_names(read_toml(recipe if recipe.is_file() else Path(config)))
        checked = from_mapping(FitSettings, mapping, config)
        given = {name: getattr(checked, name) for name in mapping}
    named = {
        name
        for name in (*options, "live", "seed")
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    rendering = {name: options[name] for name in (*PLAN_FIELDS, *LOOK_FIELDS)}
    if not (given.get("live") or options["live"] or context.params["resume"]):
        alone = [p.opts[0] for p in context.command.params if p.name in named & rendering.keys()]
        if alone:
            raise click.UsageError(f"{', '.join(alone)}: only with --live")
    for field, settings, names in (
        ("plan", plan_settings({**rendering, "seed": options["seed"]}), PLAN_FIELDS),
        ("look", look_settings({**rendering}), LOOK_FIELDS),
    ):
        wanted = [part for name, parts in names.items() if name in named for part in parts]
        if wanted:
            base = given.get(field, getattr(DEFAULTS, field))
            given[field] = replace(base, **{part: getattr(settings, part) for part in wanted})
    return given | {name: options[name] for name in options if name in named - rendering.keys()}
