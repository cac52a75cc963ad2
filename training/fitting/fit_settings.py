"""What a user sets of a training run: frozen, light to import, checked at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen.pack.pack_settings import PackSettings
from datagen.render.render_settings import LookSettings
from datagen.text.plan_settings import PlanSettings
from training.errors import FitError
from training.model.model_settings import MODELS

SCHEDULES = ("one-cycle", "cosine")
PRECISIONS = ("auto", "bfloat16", "float32")


@dataclass(frozen=True)
class FitSettings:
    """A training run. What is None is chosen from the machine and the data, and reported.

    Attributes:
        data: data sets, each PATH or PATH:WEIGHT. Without weights an epoch takes every line once.
        run: name of the run's folder under runs/; None takes the date and the model.
        init: model file to start from; classes keep their weights by character.
        model: one of MODELS.
        channels: image channels; 1 is grayscale.
        hidden: units of each LSTM direction.
        width_multiplier: factor on the channels of all convolutions.
        epochs: passes over the data.
        max_steps: steps after which the run ends, whatever `epochs` says.
        batch_size: lines of a step over all processes; None: 64 a process, 256 on a GPU.
        accumulate: pieces in which a process works off its part of a batch, to save memory.
        lr: peak learning rate; None: 1.2e-3 at a batch of 64, more for larger batches and
            narrower networks.
        schedule: one of SCHEDULES.
        warmup: share of all steps in which the learning rate rises.
        weight_decay: of AdamW, on weights of two and more dimensions.
        clip_norm: gradient norm above which gradients are scaled down.
        ema_decay: longest decay of the EMA of the weights, which is what is validated and kept; 0
            keeps the weights themselves.
        alignment_lines: lines trained on known character centres before CTC takes over, where the
            data knows them; 0 is plain CTC.
        augment: strength of shifts, blur, noise and erasing at load time; 0 is none, 1 is strong.
        validate_every: steps between validations; None: 20 times a run, or as often as takes a
            tenth of its time.
        validation_lines: lines of a validation; 0 takes all.
        patience: validations without a better line accuracy after which the run ends; 0 is never.
        checkpoint_every: steps between states that a run can go on from.
        keep: states kept; older ones are removed.
        log_every: steps between two lines of metrics.jsonl.
        seed: of initial weights, order and augmentation.
        gpus: GPUs on this machine; 0 is the CPU, None all there are.
        processes: processes on the CPU.
        threads: of a process on the CPU; None shares out the cores.
        workers: loader processes of a process; None: 0 on the CPU, up to 8 beside a GPU.
        precision: one of PRECISIONS; auto takes bfloat16 where the hardware multiplies it.
        compile: whether torch.compile may be used; it needs a C++ compiler.
        deterministic: on a GPU, take slower algorithms that give the same bits every time, where
            torch has them (it warns where it has not); eager. A CPU always does.
        live: render lines on demand in place of reading data sets.
        live_lines: lines that count as an epoch of live rendering.
        split: share of the lines that train, for live rendering; sentences of the rest validate.
        plan: what live rendering writes; its seed is this run's.
        look: how live lines look.

    Raises:
        FitError: with all problems in one line.
    """

    data: tuple[str, ...] = (PackSettings.out,)
    run: str | None = None
    init: str | None = None
    model: str = "crnn"
    channels: int = 1
    hidden: int = 256
    width_multiplier: float = 1.0
    epochs: int = 10
    max_steps: int | None = None
    batch_size: int | None = None
    accumulate: int = 1
    lr: float | None = None
    schedule: str = "one-cycle"
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip_norm: float = 5.0
    ema_decay: float = 0.999
    alignment_lines: int = 40_000
    augment: float = 0.0
    validate_every: int | None = None
    validation_lines: int = 2_000
    patience: int = 0
    checkpoint_every: int = 500
    keep: int = 3
    log_every: int = 20
    seed: int = 0
    gpus: int | None = None
    processes: int = 1
    threads: int | None = None
    workers: int | None = None
    precision: str = "auto"
    compile: bool = True
    deterministic: bool = False
    live: bool = False
    live_lines: int = 1_000_000
    split: float = 0.99
    plan: PlanSettings = field(default_factory=PlanSettings)
    look: LookSettings = field(default_factory=LookSettings)

    def __post_init__(self) -> None:
        problems = [
            f"{name} {value:g} must be at least {least:g}"
            for name, least in _MINIMA.items()
            if (value := getattr(self, name)) is not None and not value >= least
        ]
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                problems.append(f"{name} {value!r} is unknown; there are {', '.join(choices)}")
        if self.lr is not None and not 0 < self.lr < 1:
            problems.append(f"lr {self.lr:g} is not between 0 and 1")
        if not 0 <= self.warmup < 1:
            problems.append(f"warmup {self.warmup:g} is a share of the run, in [0, 1)")
        if not 0 <= self.ema_decay < 1:
            problems.append(f"ema_decay {self.ema_decay:g} is not in [0, 1)")
        if self.run is not None and (not self.run or "/" in self.run or self.run.startswith(".")):
            problems.append(f"run {self.run!r} is a folder name under runs/, without slashes")
        if not 0 < self.split < 1:
            problems.append(f"split {self.split:g} is a share of the lines, in (0, 1)")
        if not self.data:
            problems.append("no data set; give --data PATH")
        if problems:
            raise FitError("; ".join(problems))


_CHOICES = {"model": MODELS, "schedule": SCHEDULES, "precision": PRECISIONS}
_MINIMA = {
    "epochs": 1, "max_steps": 1, "batch_size": 1, "accumulate": 1, "weight_decay": 0,
    "alignment_lines": 0, "augment": 0, "validate_every": 1, "validation_lines": 0, "patience": 0,
    "checkpoint_every": 1, "keep": 1, "log_every": 1, "gpus": 0, "processes": 1, "threads": 1,
    "workers": 0, "live_lines": 1, "clip_norm": 0,
}  # fmt: skip

_FORMER_NAMES = {"places_lines": "alignment_lines"}


def present_names(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A settings file's content with the keys of earlier releases under their present names."""
    return {_FORMER_NAMES.get(name, name): value for name, value in mapping.items()}


# What a resumed run may change: it moves no weight in exact arithmetic.
FREE_ON_RESUME = frozenset(
    {
        "run", "gpus", "processes", "threads", "workers", "checkpoint_every", "keep", "log_every",
        "data", "compile",
    }
)  # fmt: skip
