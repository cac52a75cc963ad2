"""What a render will cost and hold, estimated before anything is drawn."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from corpora.downloads import command_for_more
from datagen.drawing.engine import BATCH
from datagen.render.line_renderer import LineRenderer, open_renderer
from datagen.render.render_settings import RenderSettings
from datagen.render.resolved import resolve
from datagen.text.coverage import CorpusUse
from datagen.text.plan_settings import PlanSettings
from fonts.report import orphan_message
from ocrbase.weights import split_weight

MANY_USES = 20  # of a window on average, from which on more text is worth a command
_TRIAL_LINES, _TRIAL_BATCHES = 128, 8  # a batch that a slow engine draws in seconds
_TRIAL_S = 2.0  # after which a slow engine has shown enough
_BLOCK = 512  # bytes that a tar member is rounded up to, and of its header
_SIDECAR = 150  # bytes of a sample in the sidecar, about


def report(settings: RenderSettings) -> list[str]:
    """Disk, time and coverage of a render, from a trial of up to a thousand lines in memory."""
    job = resolve(settings)
    rate, sizes = _trial(open_renderer(job.plan, job.look))
    per_line = float(np.mean([-(-size // _BLOCK) * _BLOCK for size in sizes]))
    needed = settings.n * (per_line + 3 * _BLOCK + _SIDECAR)
    free = job.out.free_bytes()
    workers = min(job.workers, len(job.shards))
    seconds = settings.n / (rate * workers)
    lines = [
        f"output: {settings.n:,} lines into {settings.where}, {counted(len(job.shards), 'shard')}",
        f"disk: about {size_in_words(needed)} ({np.mean(sizes):,.0f} bytes per image)"
        + (f", {size_in_words(free)} free" if free is not None else ""),
        f"time: about {span_in_words(seconds)} with {counted(workers, 'worker')}"
        f" ({rate:,.0f} lines per second each)",
    ]
    if free is not None and needed > free:
        lines.append("the disk is too small: lower --n, or choose another --out")
    return lines + coverage_lines(settings)


def coverage_lines(settings: RenderSettings) -> list[str]:
    """How often text is reused, which classes stay rare, and which ones no face has, in words."""
    job = resolve(settings)
    renderer = open_renderer(job.plan, job.look)
    orphans = orphan_message(renderer.faces, renderer.plan.alphabet.characters)
    coverage = renderer.plan.coverage_report(settings.n)
    notes = [f"note: {note}" for note in renderer.plan.notes]
    more = _more_text(coverage.corpora, settings.plan)
    return coverage.lines() + more + ([orphans] if orphans else []) + notes


def _more_text(uses: Sequence[CorpusUse], plan: PlanSettings) -> list[str]:
    """Which command brings more of each text that is used too often."""
    if plan.lines is not None:
        return []
    home = None if plan.home is None else Path(plan.home)
    named = [split_weight(spec)[0] for spec in plan.corpora]
    return [
        f"more text, as {use.name} is used more than {MANY_USES} times:"
        f" {command_for_more(name, home=home)}"
        for use, name in zip(uses, named, strict=True)
        if use.uses > MANY_USES
    ]


def counted(number: int, noun: str) -> str:
    """`1 shard`, `2,000 shards`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size_in_words(size: float) -> str:
    """Bytes in the largest unit that leaves a whole number."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1e3:,.0f} kB"


def span_in_words(seconds: float) -> str:
    """A time in seconds, minutes or hours."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def _trial(renderer: LineRenderer) -> tuple[float, list[int]]:
    """Lines per second of CPU time once the glyphs are there, and sizes of the first images."""
    renderer.samples(np.arange(_TRIAL_LINES))  # compiles
    started, sizes = time.monotonic(), []
    for first in range(_TRIAL_LINES, (1 + _TRIAL_BATCHES) * _TRIAL_LINES, _TRIAL_LINES):
        samples = renderer.samples(np.arange(first, first + _TRIAL_LINES))
        sizes += [len(image) for image in samples.images]
        if time.monotonic() - started > _TRIAL_S:
            break
    # A long render meets few new glyphs: only the second time over the same lines counts.
    begun, end = time.process_time(), _TRIAL_LINES + len(sizes)
    for first in range(_TRIAL_LINES, end, BATCH):
        renderer.samples(np.arange(first, min(first + BATCH, end)))
    return len(sizes) / max(time.process_time() - begun, 1e-9), sizes
