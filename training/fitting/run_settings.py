"""The settings of a run with nothing left open: what the user wished, and what was chosen."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

from training.errors import FitError
from training.fitting import hardware
from training.fitting.data import Facts
from training.fitting.fit_settings import FitSettings
from training.fitting.hardware import Rank
from training.fitting.memory import line_bytes, lines_per_gpu
from training.fitting.order import StepOrder
from training.fitting.schedule import Schedule, alignment_steps, scaled_rate
from training.fitting.sources import Sources
from training.model.checkpoint import read_metadata
from training.model.model_settings import HIDDEN, ON_CPU, ON_GPUS, ModelSettings

CPU_LINES = 64  # lines per step and process, unless the user says; a GPU takes what it holds
VALIDATIONS = 20  # per run, unless they would take more than a tenth of its time:
VALIDATION_COST = 4  # lines trained on per line validated, which costs a third of one

# What a resumed run takes over and does not choose anew, whatever machine it goes on with.
_KEPT = (
    "run", "model", "hidden", "batch_size", "lr", "warmup_steps", "alignment_lines", "precision",
    "validate_every",
)  # fmt: skip

ALIGNMENT_LINES = 40_000  # of the warm start of a fresh network
MAX_WSD_WARMUP = 2_000  # steps, since a share of a length that may grow is no measure
WSD_DECAY = 0.2  # share of the run


@dataclass(frozen=True, kw_only=True)
class RunSettings(FitSettings):
    """What `FitSettings` may leave open is chosen here.

    Attributes:
        run: name of the run's folder.
        model: one of MODELS.
        hidden: units of each LSTM direction.
        batch_size: lines per step over all processes.
        lr: peak learning rate.
        precision: "bfloat16" or "float32".
        validate_every: steps between validations.
        workers: loader processes of this process.
        warmup_steps: in which the learning rate rises.
        alignment_lines: of the warm start, if the data knows character centres.
        steps: of the whole run.
        longest_px: width of the widest line that was known when training began.
        rates: the learning rate of each step.
        alignment_steps: that train on character centres before CTC takes over.
    """

    run: str
    model: str
    hidden: int
    batch_size: int
    lr: float
    warmup_steps: int
    alignment_lines: int
    precision: str
    validate_every: int
    workers: int
    steps: int
    longest_px: int
    rates: Schedule
    alignment_steps: int


def resolve(
    settings: FitSettings, sources: Sources, facts: Facts, rank: Rank
) -> tuple[RunSettings, StepOrder]:
    """Choose what depends on the machine and the data.

    Args:
        settings: must name the run.
        sources: of lines.
        facts: of the lines to train on.
        rank: this process among all.

    Returns:
        The settings, and which lines each step takes.

    Raises:
        FitError: if there is less than one line per process.
    """
    model = model_to_train(settings, on_gpus=rank.device.type == "cuda")
    size = _batch_size(settings, sources, facts, rank)
    order = sources.order(size * settings.select_from, settings.seed)
    steps = order.steps_before(settings.epochs)
    if settings.max_steps is not None:
        steps = min(steps, settings.max_steps)
    lr = settings.lr or scaled_rate(size, settings.width_multiplier)
    rates = _rates(settings, steps, lr)
    aligned = settings.alignment_lines
    if aligned is None:
        aligned = 0 if settings.init else ALIGNMENT_LINES
    wished = {field.name: getattr(settings, field.name) for field in fields(FitSettings)}
    chosen = {
        "model": model,
        "hidden": settings.hidden or _hidden(settings, model),
        "batch_size": size,
        "lr": lr,
        "warmup_steps": rates.warmup,
        "alignment_lines": aligned,
        "precision": hardware.precision(settings, rank.device),
        "validate_every": settings.validate_every or _interval(sources, settings, size, steps),
        "workers": hardware.loader_workers(settings, rank),
        "steps": steps,
        "longest_px": facts.longest_px,
        "rates": rates,
        "alignment_steps": alignment_steps(aligned if facts.known_centres else 0, size, rates),
    }  # fmt: skip
    return RunSettings(**{**wished, **chosen}), order


def model_to_train(settings: FitSettings, *, on_gpus: bool) -> str:
    """The network that the user names, or that of `init`, or the one that suits the machine.

    Raises:
        CheckpointError: if the file of `init` is missing or damaged.
    """
    if settings.model is None and settings.init:
        return read_metadata(Path(settings.init)).settings.model
    return settings.model or (ON_GPUS if on_gpus else ON_CPU)


def _hidden(settings: FitSettings, model: str) -> int:
    """Units where the user names none: those of `init`, or of the network as it was made."""
    if settings.init:
        return read_metadata(Path(settings.init)).settings.hidden
    return HIDDEN[model]


def to_keep(settings: RunSettings, wished: FitSettings, sources: Sources) -> FitSettings:
    """What a run's folder keeps: the wishes, with what must not change between two machines."""
    data = wished.data if sources.reads_data else ()
    return replace(wished, data=data, **{name: getattr(settings, name) for name in _KEPT})


def _rates(settings: FitSettings, steps: int, peak: float) -> Schedule:
    warmup, decay = settings.warmup_steps, settings.decay_steps
    if warmup is None:
        warmup = round(settings.warmup * steps)
        warmup = min(warmup, MAX_WSD_WARMUP) if settings.schedule == "wsd" else warmup
    if decay is None:
        decay = round(WSD_DECAY * steps)
    return Schedule(settings.schedule, steps, warmup, min(decay, max(0, steps - warmup)), peak)


def _batch_size(settings: FitSettings, sources: Sources, facts: Facts, rank: Rank) -> int:
    size = settings.batch_size or (
        _lines_per_process(settings, sources, facts, rank) * rank.world_size
    )
    if size < rank.world_size:
        raise FitError(f"--batch-size {size} is less than one line for {rank.world_size} processes")
    return size


def _lines_per_process(settings: FitSettings, sources: Sources, facts: Facts, rank: Rank) -> int:
    if rank.device.type == "cpu":
        return CPU_LINES
    model = ModelSettings(
        model_to_train(settings, on_gpus=True),
        len(sources.train.alphabet),
        width_multiplier=settings.width_multiplier,
    )
    precision = hardware.precision(settings, rank.device)
    each = line_bytes(model, precision, facts.longest_px)
    return lines_per_gpu(hardware.smallest_gpu_bytes(rank), each, settings.accumulate)


def _interval(sources: Sources, settings: FitSettings, batch_size: int, steps: int) -> int:
    """Steps between validations, which take a tenth of the time at most."""
    held = len(sources.validation) if sources.validation is not None else 0
    lines = min(held, settings.validation_lines or held)
    affordable = VALIDATION_COST * lines // batch_size
    return max(steps // VALIDATIONS, affordable, 1)
