"""Settings in TOML: styles of rendering and recipes of training."""

from pathlib import Path
from random import Random

from tests.hostile.mutations import mutated, mutated_lines
from tests.hostile.surface import Attempt, Surface, call, ocrtrain

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


class RecipeFiles(Surface):
    """What `ocrtrain fit --config` is given; there is no data, so no case trains."""

    share = 2

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        path = folder / "recipe.toml"
        path.write_bytes(damaged(RECIPE, rng))
        return ocrtrain("fit", "--config", path, "--data", "nowhere", "--gpus", 0)
