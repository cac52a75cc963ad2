"""What a render will cost and hold, told before anything is drawn."""

import shutil
import time
from pathlib import Path

import numpy as np

from datagen.drawing.engine import BATCH
from datagen.jobs.render import open_source
from datagen.jobs.settings import RenderSettings
from fonts.report import orphan_message

_TRIAL_BATCHES = 8
_BLOCK = 512  # bytes that a tar member is rounded up to, and of its header
_SIDECAR = 150  # bytes of a sample in the sidecar, about


def report(settings: RenderSettings) -> list[str]:
    """Disk, time and coverage of a render, from a trial of about a thousand lines in memory."""
    source = open_source(settings.plan, settings.look)
    source.samples(np.arange(BATCH))  # compiles, and fills the caches with the common glyphs
    started, sizes = time.process_time(), []
    for batch in range(1, 1 + _TRIAL_BATCHES):
        samples = source.samples(np.arange(batch * BATCH, (batch + 1) * BATCH))
        sizes += [len(image) for image in samples.images]
    rate = len(sizes) / max(time.process_time() - started, 1e-9)
    each = float(np.mean([-(-size // _BLOCK) * _BLOCK for size in sizes])) + 3 * _BLOCK + _SIDECAR
    workers, wanted = settings.workers, settings.n * each
    seconds = settings.n / (rate * workers)
    free = shutil.disk_usage(_existing(settings.folder)).free
    told = [
        f"{settings.n} lines into {settings.folder}",
        f"disk: about {wanted / 1e9:.2f} GB ({np.mean(sizes):.0f} bytes an image),"
        f" {free / 1e9:.1f} GB free",
        f"time: about {_span(seconds)} with {workers} workers ({rate:.0f} lines a second each,"
        " slower while caches fill)",
    ]
    if wanted > free:
        told.append("the disk is too small: lower --n or choose another --out")
    return told + coverage_lines(settings)


def coverage_lines(settings: RenderSettings) -> list[str]:
    """How often text is reused, which classes stay rare, and which ones no face has, in words."""
    source = open_source(settings.plan, settings.look)
    orphans = orphan_message(source.faces, source.plan.alphabet.characters)
    return source.plan.coverage_report(settings.n).lines() + ([orphans] if orphans else [])


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.absolute().parent
    return folder


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
