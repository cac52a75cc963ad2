"""What a user sets of a render."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from corpora import names
from datagen.drawing.style import DEFAULT_PRESET, preset_names
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError
from ocrbase.homes import RENDERS, data_home
from ocrbase.weights import split_weight

MAX_LINES = 10**9  # sample indices have nine digits
BACKENDS = ("loky", "threading", "sequential", "dask")


@dataclass(frozen=True)
class LookSettings:
    """How lines are drawn; together with the plan's settings and the seed it fixes every byte.

    Attributes:
        engine: the project's own, or TRDG.
        style: a preset's name or the path of a TOML file.
        faces: names, styles or patterns of faces; none for all that ship with the project.
        system_fonts: also use the faces that the machine has installed.
        backgrounds: folder of images to cut grounds from, for styles that use them.
        widths: smallest and largest frame width in px; None leaves it to the style.
        fit_width: let the frame's width follow from the text.
        boxes: also keep the quadrilateral of each character.
        masks: also keep an image of each line's ink.
    """

    engine: Literal["lines", "trdg"] = "lines"
    style: str = DEFAULT_PRESET
    faces: tuple[str, ...] = ()
    system_fonts: bool = False
    backgrounds: str | None = None
    widths: tuple[int, int] | None = None
    fit_width: bool = False
    boxes: bool = False
    masks: bool = False


@dataclass(frozen=True)
class RenderSettings:
    """A whole render.

    Attributes:
        plan: what to write.
        look: how it looks.
        n: lines; a later call with more goes on where this one stopped.
        shard_size: lines of a shard.
        out: folder of the render; None is named after the corpora, under `data/renders`.
        jobs: worker processes; 0 takes one a core.
        backend: what runs the workers.
        scheduler: address of a dask scheduler, for `backend="dask"`.
    """

    plan: PlanSettings = field(default_factory=PlanSettings)
    look: LookSettings = field(default_factory=LookSettings)
    n: int = 10_000
    shard_size: int = 10_000
    out: str | None = None
    jobs: int = 0
    backend: str = "loky"
    scheduler: str | None = None

    def __post_init__(self) -> None:
        problems = []
        if not 1 <= self.n <= MAX_LINES:
            problems.append(f"n = {self.n}: give 1 to {MAX_LINES} lines")
        if not 1 <= self.shard_size <= 1_000_000:
            problems.append(f"shard size {self.shard_size}: give 1 to 1000000 lines")
        if self.jobs < 0:
            problems.append(f"jobs = {self.jobs}: give 1 or more, or 0 for one a core")
        if self.backend not in BACKENDS:
            problems.append(f"backend {self.backend!r}: give one of {', '.join(BACKENDS)}")
        if problems:
            raise SettingsError("; ".join(problems))

    @property
    def folder(self) -> Path:
        """Where the render goes."""
        if self.out is not None:
            return Path(self.out)
        return RENDERS / render_name(self.plan)

    @property
    def workers(self) -> int:
        """Worker processes."""
        return self.jobs or len(os.sched_getaffinity(0))


def absolute(settings: RenderSettings) -> RenderSettings:
    """The same settings for a process that works in another folder: paths begin at the root."""
    plan, look = settings.plan, settings.look
    home = str(data_home(plan.home).absolute())
    plan = replace(
        plan,
        corpora=tuple(_absolute_spec(spec, home) for spec in plan.corpora),
        alphabet=_absolute_path(plan.alphabet),
        lines=_absolute_path(plan.lines),
        home=home,
    )
    look = replace(
        look,
        style=look.style if look.style in preset_names() else str(_absolute_path(look.style)),
        backgrounds=_absolute_path(look.backgrounds),
    )
    return replace(settings, plan=plan, look=look, out=str(settings.folder.absolute()))


def _absolute_spec(spec: str, home: str) -> str:
    name, weight = split_weight(spec)
    if name in names(Path(home)):
        return spec
    return str(Path(name).absolute()) + ("" if weight is None else spec[len(name) :])


def _absolute_path(path: str | None) -> str | None:
    return None if path is None else str(Path(path).absolute())


def render_name(plan: PlanSettings) -> str:
    """A folder name from the corpora, e.g. `news+classical`, or from the file of given lines."""
    if plan.lines is not None:
        return Path(plan.lines).stem
    names = [split_weight(spec)[0] for spec in plan.corpora]
    return "+".join(Path(name).stem or "text" for name in names)
