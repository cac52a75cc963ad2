"""Renders: files of whole lines, folders that are gone on with, sizes, and cached text."""

import os
import shutil
from pathlib import Path
from random import Random

from tests.hostile.mutations import mutated, mutated_copy, mutated_json, mutated_lines
from tests.hostile.surface import Attempt, Surface, call, ocrgen

LINES = "今天天气很好。\nHello OCR 世界\n1,234.5 元\n松花酿酒，春水煎茶\n"


class LinesFiles(Surface):
    """Files of whole lines, rendered."""

    share = 3

    def prepare(self, base: Path) -> None:
        (base / "lines.txt").write_text(LINES, encoding="utf-8")
        _render(base / "lines.txt", base / "warm").run()

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        (folder / "lines.txt").write_bytes(mutated_lines(LINES, rng))
        return _render(folder / "lines.txt", folder / "out")


class RenderFolders(Surface):
    """A render that goes on in a folder whose manifest, sidecar or tar is damaged."""

    share = 6

    def prepare(self, base: Path) -> None:
        (base / "lines.txt").write_text(LINES, encoding="utf-8")
        _render(base / "lines.txt", base / "render").run()

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        out = folder / "out"
        shutil.copytree(base / "render", out)
        name = rng.choice(("manifest.json",) * 4 + ("shard-00000.tar", "shard-00001.npz"))
        data = (out / name).read_bytes()
        json = name.endswith(".json")
        (out / name).write_bytes(mutated_json(data.decode(), rng) if json else mutated(data, rng))
        words = ("--overwrite",) if rng.random() < 0.3 else ()
        return _render(base / "lines.txt", out, *words, whole=base / "render")


class RenderSizes(Surface):
    """Numbers of lines, shards and characters, estimated."""

    share = 2
    NUMBERS = (-1, 0, 1, 2, 255, 256, 10**5, 10**6, 10**9, 10**9 + 1, 10**12, 2**63, 10**30)

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        def number() -> int:
            return rng.choice(self.NUMBERS)

        words = ["--n", number(), "--shard-size", number()]
        for option in rng.sample(("--length", "--width", "--min-per-class", "--seed", "--jobs"), 2):
            words += [
                option,
                f"{number()}-{number()}" if option in ("--length", "--width") else number(),
            ]
        faces = ("--faces", "noto-sans-sc-regular")
        return ocrgen("render", "--dry-run", *words, *faces, "--out", folder / "out")


class TextCaches(Surface):
    """A damaged index over a text: it is built anew."""

    share = 1

    def prepare(self, base: Path) -> None:
        (base / "text.txt").write_text(LINES * 20, encoding="utf-8")
        os.environ["OCRGEN_CACHE"] = str(base / "cache")
        (base / "planned.txt").write_text("\n".join(_planned(base)), encoding="utf-8")

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        shutil.copytree(base / "cache", folder / "cache")
        os.environ["OCRGEN_CACHE"] = str(folder / "cache")
        path = rng.choice(sorted(folder.glob("cache/text/*/*")))
        mutated_copy(path, path.parent, rng)
        planned: list[list[str]] = []

        def check(out: str) -> str | None:
            expected = (base / "planned.txt").read_text(encoding="utf-8").split("\n")
            return None if planned == [expected] else "other lines"

        return call(f"plan with {path.name}", lambda: planned.append(_planned(base)), check)


def _planned(base: Path) -> list[str]:
    """The first lines of a plan, opened anew."""
    import numpy as np

    from datagen.text import plan as plan_module
    from datagen.text.plan_settings import PlanSettings

    plan_module._PLANS.clear()
    text = str(base / "text.txt")
    plan = plan_module.make_plan(PlanSettings((text,), 0, 2, 5, min_per_class=0))
    texts = plan.texts(np.arange(50))
    rows = zip(texts.class_ids, texts.lengths, strict=True)
    return [plan.alphabet.decode(row[:length]) for row, length in rows]


def _render(lines: Path, out: Path, *words: str, whole: Path | None = None) -> Attempt:
    """A render of four lines; with `whole` its shards must come out as those there."""

    def check(said: str) -> str | None:
        from datagen.formats.tar.reader import RenderReader

        reader = RenderReader(out)
        samples = reader.read(range(4))
        if not all(samples.images) or not all(samples.texts):
            return "a line without image or text"
        for path in sorted(whole.glob("shard-*.tar")) if whole else []:
            if (out / path.name).read_bytes() != path.read_bytes():
                return f"{path.name} differs"
        return None

    arguments = ["--lines", lines, "--n", 4, "--shard-size", 2, "--out", out, *words]
    arguments += ["--style", "plain", "--faces", "noto-sans-sc-regular", "--fit-width"]
    return ocrgen("render", *arguments, "--jobs", 1, "--backend", "sequential", check=check)
