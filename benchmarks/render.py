"""Lines per second of the renderer, from plan to closed shard, beside its floor and TRDG.

Rates per core are given by CPU time, which other work on the machine disturbs little, and by the
clock, which wants a quiet machine, as the comparison of two workers does. "Warm" is a worker that
has met its glyphs, as in all but the first minute of a long render; "cold" is one that has not.

    python benchmarks/render.py                       # the built-in news
    python benchmarks/render.py my-news.txt --lines 50000 --skip-peers
"""

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np

from benchmarks.lines import machine
from datagen.drawing import engine as engine_module
from datagen.drawing.engine import BATCH
from datagen.drawing.style import DEFAULT_PRESET, preset_names
from datagen.formats.tar.shard import TarShardWriter
from datagen.render.line_renderer import LineRenderer, open_renderer
from datagen.render.render_settings import LookSettings, RenderSettings
from datagen.render.resolved import resolve
from datagen.render.shard_task import RenderTask
from datagen.shards import run_shards
from datagen.text.plan_settings import RATE_LINES, PlanSettings

Clock = Callable[[], float]


def main() -> None:
    """Print all rates."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("text", nargs="?", default="news", help="corpus name or text path")
    options.add_argument("--lines", type=int, default=20_000)
    options.add_argument("--memory-lines", type=int, default=60_000, help="0 leaves it out")
    options.add_argument("--skip-peers", action="store_true")
    options.add_argument("--synthtiger", metavar="PYTHON", help="a Python that has SynthTIGER 1.2")
    options.add_argument("--only-memory", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    plan = PlanSettings(corpora=(given.text,))
    if given.only_memory:
        print_memory(plan, given.memory_lines)
        return
    print(machine())
    styles = [name for name in preset_names() if name != "plain"]
    rates = {style: one_core(plan, style, given.lines) for style in styles}
    stages(plan, given.lines // 2)
    two_workers(plan, given.lines)
    if given.memory_lines:
        command = [sys.executable, __file__, given.text, "--only-memory"]
        subprocess.run([*command, "--memory-lines", str(given.memory_lines)], check=True)
    cores = len(os.sched_getaffinity(0))
    minutes = RATE_LINES / rates["print"] / 60
    print(
        f"projected: {RATE_LINES:,} lines in {minutes:.0f} min on one core,"
        f" {minutes / cores:.0f} min on {cores}, and about one for new glyphs"
    )
    if not given.skip_peers:
        peers(plan, rates["print"], given.lines // 20, given.synthtiger)


def one_core(plan: PlanSettings, style: str, lines: int) -> float:
    """Draw a shard by a new worker, then the same by a warm one; returns the warm CPU rate."""
    open_renderer(plan, LookSettings(style=style)).samples(np.arange(BATCH))  # compiles
    open_renderer.cache_clear()
    cold, warm = (shard_rates(plan, style, lines) for _ in range(2))
    print(
        f"{style:10} {warm.cpu:6,.0f} lines/s by CPU time, {warm.clock:6,.0f} by the clock, plan to"
        f" closed shard on one core ({cold.cpu:,.0f} and {cold.clock:,.0f} cold)"
    )
    return warm.cpu


class Rates(NamedTuple):
    """Lines per second."""

    cpu: float
    clock: float


def shard_rates(plan: PlanSettings, style: str, lines: int) -> Rates:
    """Lines per second for one shard."""
    with tempfile.TemporaryDirectory() as folder:
        look = LookSettings(style=style)
        task = RenderTask(
            resolve(RenderSettings(plan, look, n=lines, shard_size=lines, out=folder))
        )
        cpu_s, clock_s = time.process_time(), time.monotonic()
        task(0)
        cpu_s, clock_s = time.process_time() - cpu_s, time.monotonic() - clock_s
        return Rates(lines / cpu_s, lines / clock_s)


def timed(work: Callable[[], Any], clock: Clock = time.process_time) -> float:
    """Seconds that a call takes."""
    started = clock()
    work()
    return clock() - started


def stages(plan: PlanSettings, lines: int) -> None:
    """Print where the time of a warm worker goes, and the floor that no renderer goes below."""
    renderer = open_renderer(plan, LookSettings())
    shard_rates(plan, DEFAULT_PRESET, lines)  # meets the glyphs
    spent = dict.fromkeys(("plan", "compiled drawing", "JPEG", "tar and sidecar"), 0.0)

    def meter(owner: Any, name: str, stage: str) -> Callable[[], None]:
        inner = getattr(owner, name)

        def outer(*given: Any) -> Any:
            started = time.process_time()
            try:
                return inner(*given)
            finally:
                spent[stage] += time.process_time() - started

        setattr(owner, name, outer)
        return lambda: setattr(owner, name, inner)

    undo = [
        meter(type(renderer.plan), "texts", "plan"),
        meter(engine_module, "draw_lines", "compiled drawing"),
        meter(engine_module, "encode_jpeg", "JPEG"),
        meter(TarShardWriter, "write", "tar and sidecar"),
        meter(TarShardWriter, "_finish", "tar and sidecar"),
    ]
    total = lines / shard_rates(plan, DEFAULT_PRESET, lines).cpu
    for call in undo:
        call()
    spent["looks, layout, labels, meta"] = total - sum(spent.values())
    print(f"one line takes {total / lines * 1e6:.0f} µs, clocks of the stages included:")
    for stage, seconds in spent.items():
        print(f"  {stage:28} {seconds / lines * 1e6:6.1f} µs")
    floor(renderer)


def floor(renderer: LineRenderer) -> None:
    """Print what encoding and touching the pixels once cost by themselves."""
    encoded = renderer.samples(np.arange(1000)).images
    images = [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) for data in encoded]
    flags = (cv2.IMWRITE_JPEG_QUALITY, 82)
    encoding = timed(lambda: [cv2.imencode(".jpg", image, flags) for image in images])
    copying = timed(lambda: [image.copy() for image in images])
    size = np.mean([len(data) for data in encoded])
    print(
        f"  floor: JPEG alone {encoding * 1e3:.1f} µs, {images[0].nbytes} bytes copied"
        f" {copying * 1e3:.1f} µs; {size:.0f} bytes per image"
    )


def two_workers(plan: PlanSettings, lines: int) -> None:
    """Print the rates of one and two warm worker processes by the clock."""
    with tempfile.TemporaryDirectory() as folder:

        def task(name: str) -> RenderTask:
            out, size = str(Path(folder) / name), max(1, lines // 8)
            settings = RenderSettings(plan, n=8 * size, shard_size=size, out=out)
            return RenderTask(resolve(settings))

        def run(name: str, jobs: int) -> float:
            drawn = run_shards(task(name), range(8), jobs=jobs)
            return lines / timed(lambda: list(drawn), time.monotonic)

        for warming in range(3):  # shards go to any worker: each should have met most glyphs
            run(f"warming {warming}", 2)
        run("warming one", 1)
        one, two = run("one", 1), run("two", 2)
    print(f"by the clock: {one:,.0f} lines/s, two workers {two:,.0f}: {two / one:.2f} times")


def print_memory(plan: PlanSettings, lines: int) -> None:
    """Print the peak memory of one worker after a few lines and after many."""
    peaks_mb = []
    with tempfile.TemporaryDirectory() as folder:
        settings = RenderSettings(plan, n=lines, shard_size=10_000, out=folder)
        task = RenderTask(resolve(settings))
        for shard in range(-(-lines // 10_000)):
            task(shard)
            peaks_mb.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    glyphs = open_renderer(plan, LookSettings()).engine.glyphs  # type: ignore[attr-defined]
    print(
        f"memory of a worker: {peaks_mb[0]:.0f} MB after 10,000 lines, {peaks_mb[-1]:.0f} MB after"
        f" {lines:,}; glyphs are kept up to {glyphs.capacity_bytes >> 20} MB"
    )


def peers(plan: PlanSettings, own_rate: float, lines: int, synthtiger: str | None) -> None:
    """Print the rates of other renderers on one core, with comparable effects, in this run."""
    renderer = open_renderer(plan, LookSettings(engine="lines"))
    if synthtiger is None:
        print("SynthTIGER: not asked for (--synthtiger PYTHON)")
    else:
        parts = synthtiger_rate(renderer, synthtiger, lines)
        print(
            f"SynthTIGER's parts by themselves: {parts:,.0f} lines/s; ocrgen draws"
            f" {own_rate / parts:.0f} times as many"
        )
    if find_spec("trdg") is None:
        print("trdg: not installed here (pip install --no-deps trdg==1.8.0)")
        return
    renderer = open_renderer(plan, LookSettings(engine="trdg"))
    renderer.samples(np.arange(20))
    guarded = lines / timed(lambda: renderer.samples(np.arange(lines)))
    times = own_rate / guarded
    print(f"TRDG as --engine trdg: {guarded:,.0f} lines/s; ocrgen draws {times:.0f} times as many")
    bare = lines / timed(lambda: bare_trdg(renderer, lines))
    times = own_rate / bare
    effects = "skew, blur, warp, noise, JPEG"
    print(f"TRDG by itself, {effects}: {bare:,.0f} lines/s; ocrgen draws {times:.0f} times as many")


def synthtiger_rate(renderer: LineRenderer, python: str, lines: int) -> float:
    """SynthTIGER in its own Python, on the same texts and faces."""
    decode = renderer.plan.alphabet.decode
    texts = [decode(ids) for ids in renderer.plan.texts(np.arange(lines)).class_ids]
    asked = {"texts": texts, "fonts": [str(face.path) for face in renderer.faces]}
    script = Path(__file__).with_name("peer_synthtiger.py")
    done = subprocess.run(
        [python, str(script)], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def bare_trdg(renderer: LineRenderer, lines: int) -> None:
    """Call TRDG as its own command does: one font file per line, its effects, JPEG in memory.

    TRDG has no perspective; its own warp is drawn on as many lines as have perspective in ocrgen.
    """
    from PIL import ImageFont
    from trdg.data_generator import FakeTextDataGenerator

    if not hasattr(ImageFont.FreeTypeFont, "getsize"):  # Pillow 10 took it away
        ImageFont.FreeTypeFont.getsize = lambda font, text: font.getbbox(text)[2:]
    texts = renderer.plan.texts(np.arange(lines))
    warped = 10 * renderer.mix.styles[0].geometry.perspective_share
    for i, ids in enumerate(texts.class_ids):
        text, face = renderer.plan.alphabet.decode(ids), renderer.faces[i % len(renderer.faces)]
        image = FakeTextDataGenerator.generate(
            i, text, str(face.path), None, 32, "jpg", 1, True, 1, True, 0, int(i % 10 < warped),
            0, False, 2, 280, 0,
            "#000000,#6e6e6e", 0, 1.0, 0, (1, 1, 1, 1), False, 0, False, None, image_mode="L",
        )  # fmt: skip
        if image is not None:
            image.save(io.BytesIO(), "JPEG", quality=82)


if __name__ == "__main__":
    main()
