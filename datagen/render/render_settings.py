"""What a user sets of a render."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from datagen.drawing.style import DEFAULT_PRESET
from datagen.limits import MAX_LINES, MAX_SHARDS
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError
from ocrbase.homes import RENDERS
from ocrbase.weights import split_weight

MAX_SHARD_SIZE = 10**6
MAX_JOBS = 1024
BACKENDS = ("loky", "threading", "sequential", "dask")


@dataclass(frozen=True)
class LookSettings:
    """How lines are drawn; together with the plan's settings and the seed it fixes every byte.

    Attributes:
        engine: the project's own, or TRDG.
        style: a preset's name or the path of a TOML file, or several of them, each with an
            optional `:WEIGHT`.
        faces: names, styles or patterns of faces, each with an optional `:WEIGHT`; none for all
            that ship with the project.
        system_fonts: also use the faces that the machine has installed.
        backgrounds: folder of images to cut grounds from, for styles that use them.
        widths: smallest and largest frame width in px; None leaves it to the style.
        fit_width: let the frame's width follow from the text.
        boxes: also keep the quadrilateral of each character.
        masks: also keep an image of each line's ink.
    """

    engine: Literal["lines", "trdg"] = "lines"
    style: str | tuple[str, ...] = DEFAULT_PRESET
    faces: tuple[str, ...] = ()
    system_fonts: bool = False
    backgrounds: str | None = None
    widths: tuple[int, int] | None = None
    fit_width: bool = False
    boxes: bool = False
    masks: bool = False

    @property
    def styles(self) -> tuple[str, ...]:
        """Each style, with its weight where one is given."""
        return (self.style,) if isinstance(self.style, str) else self.style


@dataclass(frozen=True)
class RenderSettings:
    """A whole render as a user asks for it.

    Attributes:
        plan: what to write.
        look: how it looks.
        n: lines; a later call with more goes on where this one stopped.
        shard_size: lines per shard.
        out: folder of the render, a path or a URL; None is named after the corpora, under
            `data/renders`.
        jobs: worker processes; 0 takes one per core.
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
            problems.append(f"n = {self.n}: give 1 to {MAX_LINES:,} lines")
        if not 1 <= self.shard_size <= MAX_SHARD_SIZE:
            problems.append(f"shard size {self.shard_size}: give 1 to {MAX_SHARD_SIZE:,} lines")
        elif self.shard_size * MAX_SHARDS < self.n <= MAX_LINES:
            problems.append(
                f"{self.n:,} lines in shards of {self.shard_size:,}: a render has at most"
                f" {MAX_SHARDS:,} shards, give a larger --shard-size"
            )
        if not 0 <= self.jobs <= MAX_JOBS:
            problems.append(f"jobs = {self.jobs}: give 1 to {MAX_JOBS:,}, or 0 for one per core")
        if self.backend not in BACKENDS:
            problems.append(f"backend {self.backend!r}: give one of {', '.join(BACKENDS)}")
        if problems:
            raise SettingsError("; ".join(problems))

    @property
    def where(self) -> str:
        """Path or URL of the folder that the render goes to."""
        return self.out or str(RENDERS / render_name(self.plan))


def render_name(plan: PlanSettings) -> str:
    """A folder name from the corpora, e.g. `news+classical`, or from the file of given lines."""
    if plan.lines is not None:
        return Path(plan.lines).stem
    names = [split_weight(spec)[0] for spec in plan.corpora]
    return "+".join(Path(name).stem or "text" for name in names)
