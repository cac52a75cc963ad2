"""The job behind `ocrgen render`: plan + engine → shards, in parallel, going on after any kill.

Sample i is a pure function of (settings, i, attempt); shard k holds the fixed range
[k S, (k + 1) S). So a run may stop anywhere, and any number of workers gives the same bytes.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from datagen.cluster import connected
from datagen.formats.manifest import (
    VERSION,
    RenderManifest,
    StoredAlphabet,
    TextSource,
    cpu_name,
    library_versions,
)
from datagen.render.line_renderer import LIBRARIES, LineRenderer, current_renderer
from datagen.render.render_settings import RenderSettings
from datagen.render.resolved import ResolvedRender, resolve
from datagen.render.shard_state import ShardState
from datagen.render.shard_task import RenderedShard, RenderTask
from datagen.shards import run_shards
from datagen.text.plan import make_plan
from ocrbase.compiled import cpu_features
from ocrbase.settings import to_mapping


@dataclass(frozen=True)
class RenderSummary:
    """What a call of `render` did.

    Attributes:
        where: path or URL of the render.
        lines: samples that it holds now.
        drawn: samples that this call drew.
        seconds: that it took.
        shards: that this call drew.
        damaged: numbers of those of them that were there, but damaged.
    """

    where: str
    lines: int
    drawn: int
    seconds: float
    shards: tuple[RenderedShard, ...]
    damaged: tuple[int, ...]


def render(
    settings: RenderSettings,
    *,
    overwrite: bool = False,
    command: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> RenderSummary:
    """Draw what is not there yet of n lines, and anew what is damaged.

    Args:
        settings: of the render.
        overwrite: replace the shards of a render of other settings or text.
        command: for the manifest.
        progress: called with (lines done, lines to do) as shards are finished.

    Raises:
        SettingsError: if the folder holds a render of other settings; names them.
        LockError: if another process writes the folder.
        StoreError: if an object store cannot be reached or refuses; finished shards are kept.
        RenderError: if a sample cannot be drawn.
        DiskError: if the disk is full; finished shards are kept.
        WorkerError: if a worker dies.
    """
    job = resolve(settings)
    renderer = current_renderer(job.plan, job.look)  # fails here, not in a worker
    with job.out.only_writer():
        manifest = _manifest(settings, renderer, command)
        lines = job.out.begin(manifest, overwrite=overwrite)
        started, asked = time.monotonic(), job.shards
        job = replace(job, n=lines)
        states = _states(job, asked)
        missing = [k for k, state in states.items() if state is not ShardState.COMPLETE]
        damaged = tuple(k for k, state in states.items() if state is ShardState.DAMAGED)
        if missing:
            renderer.samples(np.arange(1))  # compiles here; workers then find the compiled code
        total = sum(len(job.lines_of(shard)) for shard in missing)
        done, shards = 0, []
        progress(0, total)
        for shard in _run(job, renderer.identity(), job.out.order(missing)):
            shards.append(shard)
            done += shard.lines
            progress(done, total)
        job.out.finish()
        seconds = time.monotonic() - started
    return RenderSummary(settings.where, lines, done, seconds, tuple(shards), damaged)


def _states(job: ResolvedRender, shards: range) -> dict[int, ShardState]:
    """How each shard stands; threads suffice, as most of the time goes into reading."""
    with ThreadPoolExecutor(job.workers) as pool:
        states = pool.map(job.out.state, shards, map(job.lines_of, shards))
        return dict(zip(shards, states, strict=True))


def _run(
    job: ResolvedRender, identity: dict[str, Any], shards: list[int]
) -> Iterator[RenderedShard]:
    if not shards:
        return
    on_dask = job.backend == "dask"
    workers = -1 if on_dask else min(job.workers, len(shards))
    try:
        with connected(job.scheduler) if on_dask else nullcontext():
            task = RenderTask(job, identity)
            yield from run_shards(task, shards, backend=job.backend, jobs=workers)
    except BaseException:
        if job.backend == "loky":  # its workers have been ended in mid-file
            job.out.clear()
        raise


def _manifest(settings: RenderSettings, renderer: LineRenderer, command: str) -> RenderManifest:
    faces, plan = renderer.faces, renderer.plan
    as_named = make_plan(settings.plan)  # so that a card names files as its author did
    return RenderManifest(
        version=VERSION,
        n=settings.n,
        shard_size=settings.shard_size,
        command=command,
        settings={"plan": to_mapping(settings.plan), "look": to_mapping(settings.look)},
        style=renderer.mix.to_json(),
        plan=plan.fingerprint,
        engine=renderer.engine.fingerprint,
        libraries=library_versions(LIBRARIES),
        texts=dict(plan.text_fingerprints),
        alphabet=StoredAlphabet.of(plan.alphabet),
        corpora=list(plan.corpora),
        sources=[TextSource(**asdict(source)) for source in as_named.sources],
        faces=[face.name for face in faces],
        face_licences={face.name: face.licence for face in faces},
        cpu=cpu_name(),
        cpu_features=cpu_features(),
    )
