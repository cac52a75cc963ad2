"""What a render will cost and hold, told before anything is drawn."""

import shutil
import time
from pathlib import Path

import numpy as np

from datagen.drawing.engine import BATCH
from datagen.render.line_renderer import LineRenderer, open_renderer
from datagen.render.render_settings import RenderSettings
from fonts.report import orphan_message

_TRIAL_BATCHES = 8
_TRIAL_S = 2.0  # after which a slow engine has shown enough
_BLOCK = 512  # bytes that a tar member is rounded up to, and of its header
_SIDECAR = 150  # bytes of a sample in the sidecar, about


def report(settings: RenderSettings) -> list[str]:
    """Disk, time and coverage of a render, from a trial of up to a thousand lines in memory."""
    renderer = open_renderer(settings.plan, settings.look)
    rate, sizes = _trial(renderer)
    each = float(np.mean([-(-size // _BLOCK) * _BLOCK for size in sizes])) + 3 * _BLOCK + _SIDECAR
    workers, wanted = settings.workers, settings.n * each
    seconds = settings.n / (rate * workers)
    free = shutil.disk_usage(_existing(settings.folder)).free
    told = [
        f"{settings.n} lines into {settings.folder}",
        f"disk: about {wanted / 1e9:.2f} GB ({np.mean(sizes):.0f} bytes an image),"
        f" {free / 1e9:.1f} GB free",
        f"time: about {_span(seconds)} with {workers} workers ({rate:.0f} lines a second each)",
    ]
    if wanted > free:
        told.append("the disk is too small: lower --n or choose another --out")
    return told + coverage_lines(settings)


def _trial(renderer: LineRenderer) -> tuple[float, list[int]]:
    """Lines a second of CPU time once the glyphs are there, and sizes of the first images."""
    renderer.samples(np.arange(BATCH))  # compiles
    started, sizes = time.monotonic(), []
    for first in range(BATCH, (1 + _TRIAL_BATCHES) * BATCH, BATCH):
        samples = renderer.samples(np.arange(first, first + BATCH))
        sizes += [len(image) for image in samples.images]
        if time.monotonic() - started > _TRIAL_S:
            break
    # A long render meets few new glyphs: only the second time over the same lines counts.
    begun = time.process_time()
    for first in range(BATCH, BATCH + len(sizes), BATCH):
        renderer.samples(np.arange(first, first + BATCH))
    return len(sizes) / max(time.process_time() - begun, 1e-9), sizes


def coverage_lines(settings: RenderSettings) -> list[str]:
    """How often text is reused, which classes stay rare, and which ones no face has, in words."""
    renderer = open_renderer(settings.plan, settings.look)
    orphans = orphan_message(renderer.faces, renderer.plan.alphabet.characters)
    return renderer.plan.coverage_report(settings.n).lines() + ([orphans] if orphans else [])


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.absolute().parent
    return folder


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
