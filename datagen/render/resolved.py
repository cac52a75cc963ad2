"""A render with nothing left to choose: what its workers get."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from corpora import names
from datagen.builtin_characters import BUILTIN_FILES
from datagen.drawing.style import preset_names
from datagen.formats.tar.reader import shard_count
from datagen.render.destination import Destination, destination
from datagen.render.render_settings import LookSettings, RenderSettings
from datagen.text.plan_settings import PlanSettings
from ocrbase.errors import SettingsError
from ocrbase.homes import data_home, expanded
from ocrbase.weights import split_weight


@dataclass(frozen=True)
class ResolvedRender:
    """`RenderSettings` with every choice made and every path absolute.

    A worker may run in another folder than the command did, or on another machine.

    Attributes:
        plan: what to write.
        look: how it looks.
        n: lines that the folder is to hold.
        shard_size: lines per shard.
        out: where shards go.
        workers: processes or threads, at least 1.
        backend: what runs them.
        scheduler: address of a dask scheduler, for `backend="dask"`.
    """

    plan: PlanSettings
    look: LookSettings
    n: int
    shard_size: int
    out: Destination
    workers: int
    backend: str
    scheduler: str | None

    @property
    def shards(self) -> range:
        """Numbers of the shards that n lines fill, the last one perhaps not to its end."""
        return range(shard_count(self.n, self.shard_size))

    def lines_of(self, shard: int) -> range:
        """Sample indices of a shard."""
        first = shard * self.shard_size
        return range(first, min(first + self.shard_size, self.n))


def resolve(settings: RenderSettings) -> ResolvedRender:
    """Make the choices that settings leave open, and their paths absolute.

    Raises:
        SettingsError: if workers would each write into a memory of their own.
        StoreError: if `out` is a URL of a kind that is not known, or whose package is missing.
    """
    plan, look = settings.plan, settings.look
    home = data_home(plan.home).absolute()
    workers = settings.jobs or len(os.sched_getaffinity(0))
    several = settings.backend == "dask" or (settings.backend == "loky" and workers > 1)
    if several and settings.where.startswith("memory://"):
        raise SettingsError(
            f"{settings.where} lies in the memory of one process: draw in it alone, with --jobs 1"
            " or --backend threading"
        )
    return ResolvedRender(
        replace(
            plan,
            corpora=tuple(_absolute_spec(spec, home) for spec in plan.corpora),
            alphabet=(
                plan.alphabet if plan.alphabet in BUILTIN_FILES else _absolute(plan.alphabet)
            ),
            lines=_absolute(plan.lines),
            home=str(home),
        ),
        replace(
            look,
            style=tuple(map(_absolute_style, look.styles)),
            backgrounds=_absolute(look.backgrounds),
        ),
        settings.n,
        settings.shard_size,
        destination(settings.where),
        workers,
        settings.backend,
        settings.scheduler,
    )


def _absolute_spec(spec: str, home: Path) -> str:
    """A corpus' name as it is, a path from the root; what is neither is left to be refused."""
    name, weight = split_weight(spec)
    path = expanded(name)
    file = expanded(name.rpartition("#")[0])  # a path may end in the name of a field
    if name in names(home) or not (path.exists() or ("#" in name and file.exists())):
        return spec
    return str(path.absolute()) + ("" if weight is None else spec[len(name) :])


def _absolute_style(spec: str) -> str:
    """A preset's name as it is, a path from the root; each with its weight."""
    name, weight = split_weight(spec)
    if name in preset_names():
        return spec
    return f"{_absolute(name)}" + ("" if weight is None else spec[len(name) :])


def _absolute(path: str | None) -> str | None:
    return None if path is None else str(Path(path).absolute())
