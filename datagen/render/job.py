"""The job behind `ocrgen render`: plan + engine → shards, in parallel, going on after any kill.

Sample i is a pure function of (settings, i, attempt); shard k holds the fixed range
[k S, (k + 1) S). So a run may stop anywhere, and any number of workers gives the same bytes.
"""

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.cluster import connected
from datagen.drawing.engine import BATCH
from datagen.errors import RenderError
from datagen.formats.card import write_card
from datagen.formats.manifest import (
    FILE,
    RENDER,
    VERSION,
    cpu_name,
    read_manifest,
    write_manifest,
)
from datagen.formats.tar.reader import shard_length, shard_stem
from datagen.formats.tar.shard import TarShardWriter, shard_files
from datagen.formats.tar.sidecar import read_sidecar
from datagen.render.line_renderer import LineRenderer, open_renderer
from datagen.render.render_settings import RenderSettings, absolute
from datagen.shards import run_shards
from ocrbase.compiled import cpu_features
from ocrbase.errors import SettingsError, listed
from ocrbase.publishing import clear_attempts
from ocrbase.settings import differences, to_mapping

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class RenderedShard:
    """What one worker did.

    Attributes:
        shard: its number.
        lines: samples it holds.
        redrawn: attempts beyond the first.
        altered: lines with altered text.
        size_bytes: of the tar.
        counts: samples of each class, (C,).
    """

    shard: int
    lines: int
    redrawn: int
    altered: int
    size_bytes: int
    counts: IntArray


@dataclass(frozen=True)
class RenderTask:
    """Draws one shard; small enough to send to any worker.

    Attributes:
        settings: of the render.
        expected: `identity` of the renderer that began the render; a worker elsewhere whose text,
            faces or libraries differ would draw other bytes, and refuses. None takes any.
    """

    settings: RenderSettings
    expected: dict[str, Any] | None = None

    def __call__(self, shard: int) -> RenderedShard:
        settings = self.settings
        renderer = open_renderer(settings.plan, settings.look)
        self._check(renderer)
        stem = shard_stem(settings.folder, shard)
        if not _finished(settings, shard):  # a cluster may ask again for a result that it lost
            size = settings.shard_size
            first, end = shard * size, min((shard + 1) * size, settings.n)
            with TarShardWriter(stem) as writer:
                for start in range(first, end, BATCH):
                    writer.write(renderer.samples(np.arange(start, min(start + BATCH, end))))
        return _report(shard, stem, renderer.plan.alphabet)

    def _check(self, renderer: LineRenderer) -> None:
        if self.expected is None:
            return
        changed = differences(self.expected, renderer.identity())
        if changed:
            raise RenderError(
                f"the worker on {platform.node()} would draw other lines ({listed(changed)}):"
                " give all machines the same files and versions"
            )


def _finished(settings: RenderSettings, shard: int) -> bool:
    """Whether a shard stands under its final name and reaches as far as it should."""
    stem = shard_stem(settings.folder, shard)
    if not all(path.exists() for path in shard_files(stem)):
        return False
    return shard_length(stem) >= _lines_of(settings, shard)


def _report(shard: int, stem: Path, alphabet: Alphabet) -> RenderedShard:
    """What a finished shard holds, from its sidecar."""
    sidecar = read_sidecar(shard_files(stem)[1])
    labels = sidecar.labels
    ids = alphabet.class_ids("".join(labels.texts))
    return RenderedShard(
        shard,
        len(labels),
        redrawn=int(labels.meta["attempt"].sum()),
        altered=int((labels.meta["inserted"] > 0).sum()),
        size_bytes=sidecar.tar_size,
        counts=np.bincount(ids, minlength=len(alphabet)),
    )


@dataclass(frozen=True)
class RenderSummary:
    """What a call of `render` did.

    Attributes:
        folder: where the render lies.
        lines: samples that it holds now.
        drawn: samples that this call drew.
        seconds: that it took.
        reports: of the shards that this call drew.
    """

    folder: Path
    lines: int
    drawn: int
    seconds: float
    reports: tuple[RenderedShard, ...]


def render(
    settings: RenderSettings,
    *,
    command: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> RenderSummary:
    """Draw what is not there yet of n lines.

    Args:
        settings: of the render.
        command: for the manifest.
        progress: called with (lines done, lines to do) as shards are finished.

    Raises:
        SettingsError: if the folder holds a render of other settings; names them.
        RenderError: if a sample cannot be drawn.
        ShardError: if the disk is full; finished shards are kept.
        WorkerError: if a worker dies.
    """
    renderer = open_renderer(settings.plan, settings.look)  # fails here, not in a worker
    shards = _open_folder(settings, renderer, command)
    if shards:
        renderer.samples(np.arange(1))  # compiles once here; workers then find the compiled code
    total = sum(_lines_of(settings, shard) for shard in shards)
    started, done, reports = time.monotonic(), 0, []
    progress(0, total)
    for report in _run(settings, shards):
        reports.append(report)
        done += report.lines
        progress(done, total)
    write_card(settings.folder, read_manifest(settings.folder, RENDER))
    seconds = time.monotonic() - started
    lines = int(read_manifest(settings.folder, RENDER)["n"])
    return RenderSummary(settings.folder, lines, done, seconds, tuple(reports))


def _run(settings: RenderSettings, shards: list[int]) -> Iterator[RenderedShard]:
    if not shards:
        return
    if settings.backend != "dask":
        jobs = min(settings.workers, len(shards))
        try:
            yield from run_shards(RenderTask(settings), shards, backend=settings.backend, jobs=jobs)
        except BaseException:
            if settings.backend == "loky":  # its workers have been ended in mid-file
                clear_attempts(settings.folder)
            raise
        return
    settings = absolute(settings)
    expected = open_renderer(settings.plan, settings.look).identity()
    with connected(settings.scheduler):
        yield from run_shards(RenderTask(settings, expected), shards, backend="dask", jobs=-1)


def _open_folder(settings: RenderSettings, renderer: LineRenderer, command: str) -> list[int]:
    """Check an existing render or begin a new one; returns the shards that are to be drawn."""
    folder = settings.folder
    manifest = _manifest(settings, renderer, command)
    folder.mkdir(parents=True, exist_ok=True)
    before = 0
    if (folder / FILE).exists():
        old = read_manifest(folder, RENDER)
        _refuse_other(folder, old, manifest)
        before = int(old["n"])
        manifest["n"] = max(before, settings.n)
    elif any(folder.iterdir()):
        raise SettingsError(f"{folder} holds files but no render: choose another --out")
    write_manifest(folder, manifest)
    wanted = range(-(-settings.n // settings.shard_size))
    return [k for k in wanted if not _finished(settings, k)]


def _lines_of(settings: RenderSettings, shard: int) -> int:
    return min((shard + 1) * settings.shard_size, settings.n) - shard * settings.shard_size


def _manifest(settings: RenderSettings, renderer: LineRenderer, command: str) -> dict[str, Any]:
    faces, plan = renderer.faces, renderer.plan
    return {
        "format": RENDER,
        "version": VERSION,
        "n": settings.n,
        "shard_size": settings.shard_size,
        "command": command,
        "settings": {"plan": to_mapping(settings.plan), "look": to_mapping(settings.look)},
        "style": to_mapping(renderer.style),
        **renderer.identity(),
        "alphabet": plan.alphabet.to_json(),
        "corpora": list(plan.corpora),
        "sources": [asdict(source) for source in plan.sources],
        "faces": [face.name for face in faces],
        "face_licences": {face.name: face.licence for face in faces},
        "cpu": cpu_name(),
        "cpu_features": cpu_features(),
    }


def _refuse_other(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Raise if the folder's render would come out differently now."""
    names = ("settings", "style", "shard_size", "faces", "alphabet", "plan", "engine")
    changed = differences({k: old.get(k) for k in names}, {k: new.get(k) for k in names})
    # Fingerprints differ whenever a setting does: name them only when nothing else explains it.
    plain = [line for line in changed if not line.startswith(("plan:", "engine:", "alphabet."))]
    if changed:
        raise SettingsError(
            f"{folder} holds a render of other settings ({listed(plain or changed)}):"
            " choose another --out, or delete the folder"
        )
