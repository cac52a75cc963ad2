"""What a user sets of a training run: frozen, light to import, checked at once."""

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Meta

from datagen.pack.pack_settings import DEFAULT_SEED, PackSettings
from datagen.render.render_settings import LookSettings
from datagen.text.plan_settings import PlanSettings
from training.errors import FitError
from training.model.model_settings import MODELS, ModelSettings

Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
CountOrNone = Annotated[int, Meta(ge=0, le=1_000_000_000)]

SCHEDULES = ("one-cycle", "cosine", "wsd")
PRECISIONS = ("auto", "bfloat16", "float32")


@dataclass(frozen=True)
class FitSettings:
    """A training run. What is None is chosen from the machine and the data, and reported.

    Attributes:
        data: data sets, packed or rendered, each PATH or PATH:WEIGHT, or a URL in place of the
            path. Without weights an epoch takes every line once. Of a live run only the split of
            packed data counts; none where it began without.
        cache: folder for copies of data that a URL names; None: `stores` in the cache folder.
        run: name of the run's folder under runs/; None takes the date and the model.
        init: model file to start from; classes keep their weights by character.
        model: one of MODELS; None: that of `init`, or else crnn on GPUs and crnn_lite on the CPU.
        channels: image channels; 1 is grayscale.
        hidden: units of each LSTM direction; None: those of `init`, or else those that the network
            was made with.
        width_multiplier: factor on the channels of all convolutions.
        epochs: passes over the data.
        max_steps: steps after which the run ends, whatever `epochs` says.
        batch_size: lines per step, over all processes; None: 64 per process, 512
            per GPU or as many as its memory holds.
        select_from: lines read for each that is trained on: once half of the validation lines are
            right, the least surely read are chosen (selective backpropagation).
        accumulate: pieces in which a process works off its part of a batch (gradient accumulation).
        lr: peak learning rate; None: 1.2e-3 at a batch of 64, more for larger batches and
            narrower networks.
        schedule: one of SCHEDULES; a run of wsd can be lengthened when it is resumed.
        warmup: share of all steps in which the learning rate rises.
        warmup_steps: the same in steps; None: that share, for wsd 2,000 at most.
        decay_steps: last steps of wsd, in which the learning rate falls; 0 stays at the peak,
            None: a fifth of the run.
        weight_decay: of AdamW, on weights of two and more dimensions.
        clip_norm: gradient norm above which gradients are scaled down.
        ema_decay: longest decay of the EMA of the weights, which is what is validated and kept; 0
            keeps the weights themselves.
        alignment_lines: lines trained on known character centres before CTC takes over, where the
            data knows them; 0 is CTC from the start, None: 40,000, with `init` 0.
        alignment_weight: of the alignment loss that is added to CTC afterwards.
        curriculum_lines: lines in which the longest line grows from the shortest to the longest
            of the data; 0 takes all lengths from the start.
        joined: share of the pairs of lines that become one sample, side by side.
        augment: strength of augmentation at load time (shift, blur, noise, erasing), 0 to 1.
        validate_every: steps between validations; None: 20 per run, or as many as take a tenth of
            its time.
        validation_lines: lines per validation; 0 takes all.
        patience: validations without a better line accuracy after which the run ends; 0 is never.
        checkpoint_every: steps between states that a run can go on from.
        checkpoint_minutes: minutes after which a state is saved even if the steps are not done; 0
            counts steps alone.
        keep: states kept; older ones are removed.
        log_every: steps between two lines of metrics.jsonl.
        seed: of initial weights, order and augmentation.
        gpus: GPUs on this machine; 0 is the CPU, None all there are.
        processes: processes on the CPU.
        threads: of each process on the CPU; None shares out the cores.
        workers: loader processes of each process; None: 0 on the CPU, up to 8 per GPU.
        precision: one of PRECISIONS; auto takes bfloat16 where the hardware multiplies it.
        compile: whether torch.compile may be used, where it works.
        deterministic: on a GPU, take slower algorithms that give the same bits every time, where
            torch has them (it warns where it has not); eager. A CPU always does.
        live: render lines on demand in place of reading data sets.
        live_lines: lines that count as an epoch of live rendering.
        split: share of the lines that train, of renders and live rendering; sentences of the rest
            validate. Packed data keeps its own split, which they obey where it is by sentence.
        split_seed: of that split, by default that of `ocrgen pack`: runs with other seeds, one
            after the other by `init` too, validate on the same sentences.
        plan: what live rendering writes; its seed is this run's.
        look: how live lines look.

    Raises:
        FitError: with all problems in one line.
    """

    data: tuple[str, ...] = (PackSettings.out,)
    cache: str | None = None
    run: str | None = None
    init: str | None = None
    model: str | None = None
    channels: int = ModelSettings.channels
    hidden: Annotated[int, Meta(ge=1, le=8_192)] | None = None
    width_multiplier: Annotated[float, Meta(gt=0, le=8)] = ModelSettings.width_multiplier
    epochs: Count = 10
    max_steps: Count | None = None
    batch_size: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    select_from: Annotated[int, Meta(ge=1, le=16)] = 1
    accumulate: Annotated[int, Meta(ge=1, le=10_000)] = 1
    lr: Annotated[float, Meta(gt=0, lt=1)] | None = None
    schedule: str = "one-cycle"
    warmup: Annotated[float, Meta(ge=0, lt=1)] = 0.1
    warmup_steps: CountOrNone | None = None
    decay_steps: CountOrNone | None = None
    weight_decay: Annotated[float, Meta(ge=0, le=10)] = 0.01
    clip_norm: Annotated[float, Meta(ge=0, le=1_000_000)] = 5.0
    ema_decay: Annotated[float, Meta(ge=0, lt=1)] = 0.999
    alignment_lines: CountOrNone | None = None
    alignment_weight: Annotated[float, Meta(ge=0, le=100)] = 0.0
    curriculum_lines: CountOrNone = 0
    joined: Annotated[float, Meta(ge=0, le=1)] = 0.0
    augment: Annotated[float, Meta(ge=0, le=1)] = 0.0
    validate_every: Count | None = None
    validation_lines: CountOrNone = 2_000
    patience: CountOrNone = 0
    checkpoint_every: Count = 500
    checkpoint_minutes: Annotated[float, Meta(ge=0, le=10_000)] = 10.0
    keep: Count = 3
    log_every: Count = 20
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] = 0
    gpus: Annotated[int, Meta(ge=0, le=1_024)] | None = None
    processes: Annotated[int, Meta(ge=1, le=1_024)] = 1
    threads: Annotated[int, Meta(ge=1, le=1_024)] | None = None
    workers: Annotated[int, Meta(ge=0, le=1_024)] | None = None
    precision: str = "auto"
    compile: bool = True
    deterministic: bool = False
    live: bool = False
    live_lines: Count = 1_000_000
    split: Annotated[float, Meta(gt=0, lt=1)] = 0.99
    split_seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] = DEFAULT_SEED
    plan: PlanSettings = field(default_factory=PlanSettings)
    look: LookSettings = field(default_factory=LookSettings)

    def __post_init__(self) -> None:
        problems = [
            problem
            for name, limits in _limits().items()
            if (problem := _outside(name, getattr(self, name), limits))
        ]
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                problems.append(f"{name} {value!r} is unknown; there are {', '.join(choices)}")
        if self.channels not in (1, 3):
            problems.append(f"channels {self.channels}: give 1 (gray) or 3")
        if self.run is not None and not is_run_name(self.run):
            problems.append(
                f"run {self.run!r}: give a folder name, without slashes or control codes"
            )
        if not self.data and not self.live:
            problems.append("no data set; give --data PATH")
        if problems:
            raise FitError("; ".join(problems))


_CHOICES = {"model": MODELS, "schedule": SCHEDULES, "precision": PRECISIONS}
_NAME = re.compile(r"[^./\x00-\x1f\x7f\ud800-\udfff][^/\x00-\x1f\x7f\ud800-\udfff]*")
MAX_NAME_BYTES = 200  # of a run: file systems take 255, and files beside its folder add to it


def is_run_name(name: str) -> bool:
    """Whether a folder under runs/ can have this name."""
    return bool(_NAME.fullmatch(name)) and len(name.encode()) <= MAX_NAME_BYTES


@cache
def _limits() -> dict[str, Meta]:
    """The limits of each numeric field, as they stand in its type."""
    limits = {}
    for name, hint in get_type_hints(FitSettings, include_extras=True).items():
        for part in (hint, *get_args(hint)):  # a part of `Annotated[int, ...] | None`
            if get_origin(part) is Annotated:
                limits[name] = part.__metadata__[0]
    return limits


def _outside(name: str, value: float | None, limits: Meta) -> str:
    """What is wrong with a number; NaN is outside of everything."""
    if value is None:
        return ""
    bounds = [
        (limits.ge, "at least", operator.ge), (limits.gt, "more than", operator.gt),
        (limits.le, "at most", operator.le), (limits.lt, "less than", operator.lt),
    ]  # fmt: skip
    stated = [(bound, words, holds) for bound, words, holds in bounds if bound is not None]
    if all(holds(value, bound) for bound, _, holds in stated):
        return ""
    allowed = " and ".join(f"{words} {bound:,}" for bound, words, _ in stated)
    return f"{name} {value}: give {allowed}"


_FORMER_NAMES = {"places_lines": "alignment_lines"}


def present_names(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A settings file's content with the keys of earlier releases under their present names."""
    return {_FORMER_NAMES.get(name, name): value for name, value in mapping.items()}


# What a resumed run may change: for one process it moves no weight; another number of processes
# changes which lines are normalised, joined and selected together.
FREE_ON_RESUME = frozenset(
    {
        "run", "gpus", "processes", "threads", "workers", "checkpoint_every", "checkpoint_minutes",
        "keep", "log_every", "data", "cache", "compile",
    }
)  # fmt: skip
# What may change as well where the rate does not depend on it until the decay begins: wsd.
LENGTH = frozenset({"epochs", "max_steps", "decay_steps"})
