"""The work of one render worker: draw a shard, unless it is there."""

import platform
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.alphabet import Alphabet
from datagen.drawing.engine import BATCH
from datagen.errors import RenderError
from datagen.formats.tar.sidecar import Sidecar
from datagen.render.line_renderer import LineRenderer, current_renderer, open_renderer
from datagen.render.resolved import ResolvedRender
from datagen.render.shard_state import ShardState
from ocrbase.errors import listed
from ocrbase.settings import differences

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
        job: the render.
        expected: `identity` of the renderer that began it; a worker whose text, faces or libraries
            differ would draw other bytes, and refuses. None takes any.
    """

    job: ResolvedRender
    expected: dict[str, Any] | None = None

    def __call__(self, shard: int) -> RenderedShard:
        renderer = self._renderer()
        out, lines = self.job.out, self.job.lines_of(shard)
        # A cluster may ask again for a result that it lost; another machine may have drawn it.
        if out.state(shard, lines) is not ShardState.COMPLETE:
            with out.writer(shard) as writer:
                for start in range(lines.start, lines.stop, BATCH):
                    batch = np.arange(start, min(start + BATCH, lines.stop))
                    writer.write(renderer.samples(batch))
        return _rendered(shard, out.sidecar(shard), renderer.plan.alphabet)

    def _renderer(self) -> LineRenderer:
        renderer = open_renderer(self.job.plan, self.job.look)
        if self.expected is None or renderer.identity() == self.expected:
            return renderer
        renderer = current_renderer(self.job.plan, self.job.look)  # of an earlier job, perhaps
        changed = differences(self.expected, renderer.identity())
        if changed:
            raise RenderError(
                f"a worker on {platform.node()} would draw other lines ({listed(changed)}): give"
                " all machines the same files and versions, and leave them while a render runs"
            )
        return renderer


def _rendered(shard: int, sidecar: Sidecar, alphabet: Alphabet) -> RenderedShard:
    """What a finished shard holds, from its sidecar."""
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
