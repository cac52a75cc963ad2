"""Settings in TOML: styles of rendering and recipes of training, damaged or of odd values."""

import dataclasses
import json
from pathlib import Path
from random import Random
from typing import Any

from datagen.drawing.style import preset_names
from tests.hostile.mutations import NUMBERS, VALUES, mutated, mutated_lines
from tests.hostile.surface import Attempt, Surface, call, ocrgen, ocrtrain

STYLE = """preset = "rich"
[letters]
size_px = [18, 26]
weight = [-0.3, 0.7]
[gray]
inverted = 0.3
ink = [0, 130]
[jpeg]
quality = [60, 95]
[blur]
gauss_px = [0.3, 1.2]
"""
RECIPE = """model = "crnn"
batch_size = 512
epochs = 10
ema_decay = 0.9995
data = ["data/lmdb:3", "other"]
lr = 1e-3
"""


def damaged(text: str, rng: Random) -> bytes:
    """TOML with lines or bytes changed, or nested until a parser gives up."""
    chance = rng.random()
    if chance < 0.03:
        return text.encode() + b"x = " + b"[" * rng.choice((100, 5_000, 200_000))
    if chance < 0.06:
        return text.encode() + b"x" + b".x" * rng.choice((100, 5_000, 200_000)) + b" = 1"
    return mutated_lines(text, rng) if chance < 0.75 else mutated(text.encode(), rng)


class StyleFiles(Surface):
    """What `--style` is given."""

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        from datagen.drawing.style import Style, check, load_style

        path = folder / "style.toml"
        path.write_bytes(damaged(STYLE, rng))
        loaded: list[Style] = []

        def load() -> None:
            loaded.append(load_style(str(path)))

        def is_within_limits(out: str) -> str | None:
            check(loaded[0], "style.toml")
            return None

        return call(f"load_style({path})", load, check=is_within_limits)


class StyledLines(Surface):
    """Styles with some keys at the edges of what is allowed, or beyond, and lines drawn so.

    The keys are those of the settings themselves: a new one is thrown at as soon as it is there.
    """

    share = 4

    def prepare(self, base: Path) -> None:
        (base / "lines.txt").write_text("今天天气很好。\nHello OCR\n“1,234.5”元\n松花", "utf-8")
        (base / "style.toml").write_text('preset = "rich"', encoding="utf-8")
        _drawn(base / "lines.txt", base / "style.toml", base / "warm").run()

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        from datagen.drawing.style import Style

        rows = [f"preset = {json.dumps(rng.choice(preset_names()))}"]
        for section in rng.choices(dataclasses.fields(Style), k=rng.choice((1, 2, 3))):
            defaults = getattr(Style(), section.name)
            key = rng.choice(dataclasses.fields(defaults)).name
            name = f"{section.name}.{key}"
            rows.append(f"{name} = {_odd(name, getattr(defaults, key), rng)}")
        (folder / "style.toml").write_text("\n".join(rows), encoding="utf-8")
        return _drawn(base / "lines.txt", folder / "style.toml", folder / "out")


def _drawn(lines: Path, style: Path, out: Path) -> Attempt:
    def check(said: str) -> str | None:
        from datagen.formats.tar.reader import RenderReader

        samples = RenderReader(out).read(range(8))
        return None if all(samples.images) and all(samples.texts) else "a line without image"

    words = ("--lines", lines, "--style", style, "-n", 8, "-j", 1, "--backend", "sequential")
    faces = ("--faces", "noto-sans-sc-regular", "--faces", "*wenkai*", "--fit-width")
    return ocrgen("render", *words, *faces, "-o", out, check=check)


def _odd(name: str, default: Any, rng: Random) -> str:
    """A value in TOML for a setting with such a default: mostly of its type, at an edge."""
    from datagen.drawing.effects import EFFECTS

    numbers = default if isinstance(default, tuple) else (default,)
    if rng.random() < 0.1 or not all(isinstance(number, int | float) for number in numbers):
        return _toml(rng.choice(VALUES))
    edges = [effect.limits for effect in EFFECTS if effect.range == name]
    kind = type(numbers[0])  # limits are fractions, of whole numbers too
    known = [kind(number) for number in (*numbers, *(edges[0] if edges else (0, 1)))]
    if rng.random() < 0.15:
        known += [kind(rng.choice((-1, 0.5, 2)) * number) for number in known]
        known.append(rng.choice(NUMBERS))
    if isinstance(default, tuple):
        low, high = sorted(rng.choices(known, k=2))
        return _toml(rng.choice(((low, high), (low, high), (high, low), (high, high))))
    return _toml(rng.choice(known))


def _toml(value: Any) -> str:
    """A value as TOML writes it, as far as it can."""
    return json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")


class RecipeFiles(Surface):
    """What `ocrtrain fit --config` is given; there is no data, so no case trains."""

    share = 2

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        path = folder / "recipe.toml"
        path.write_bytes(damaged(RECIPE, rng))
        return ocrtrain("fit", "--config", path, "--data", "nowhere", "--gpus", 0)


class RecipeKeys(Surface):
    """Settings of `ocrtrain fit` of odd values; there is no data, so no case trains."""

    share = 2

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        from training.fitting.fit_settings import FitSettings

        rows = {}
        for field in rng.choices(dataclasses.fields(FitSettings), k=rng.choice((1, 2, 3))):
            default = field.default if field.default is not None else 1
            rows[field.name] = f"{field.name} = {_odd(field.name, default, rng)}"
        (folder / "recipe.toml").write_text("\n".join(rows.values()), encoding="utf-8")
        return ocrtrain("fit", "--config", "recipe.toml", "--data", "nowhere", "--gpus", 0)
