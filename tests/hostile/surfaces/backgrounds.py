"""Images that `--backgrounds` is given: of those that are taken, cuts keep within their bounds."""

from io import BytesIO
from pathlib import Path
from random import Random

from tests.hostile.mutations import mutated
from tests.hostile.surface import Attempt, Surface, call

KINDS = ("jpeg", "png", "bmp", "tiff", "webp")
SIZES = ((300, 64), (1, 400), (400, 1), (7, 5))  # width, height


class BackgroundImages(Surface):
    """A folder of a few damaged images."""

    def prepare(self, base: Path) -> None:
        from PIL import Image

        rng = Random(0)
        for width, height in SIZES:
            gray = Image.frombytes("L", (width, height), rng.randbytes(width * height))
            for kind in KINDS:
                data = BytesIO()
                gray.save(data, kind)
                (base / f"{width}x{height}.{kind}").write_bytes(data.getvalue())

    def attempt(self, rng: Random, base: Path, folder: Path) -> Attempt:
        for number, source in enumerate(rng.choices(sorted(base.iterdir()), k=rng.randint(1, 3))):
            data = source.read_bytes()
            damaged = mutated(data, rng) if rng.random() < 0.8 else data
            (folder / f"{number}{source.suffix}").write_bytes(damaged)
        return call(f"Backgrounds({folder}).cut", lambda: _cut(folder, rng))


def _cut(folder: Path, rng: Random) -> None:
    import numpy as np

    from datagen.drawing.backgrounds import Backgrounds
    from datagen.drawing.capture import native_frames
    from datagen.drawing.finishing import BACKGROUND_DEPTH
    from datagen.drawing.look_columns import Look

    looks = np.zeros((8, len(Look)))
    for look in looks:
        look[Look.WIDTH], look[Look.NATIVE] = rng.choice((32, 280, 4096)), rng.choice((8, 32, 64))
        look[Look.SIZE] = 24.0
        for column in (Look.BACKGROUND, Look.BACKGROUND_X, Look.BACKGROUND_Y):
            look[column] = rng.choice((0.0, rng.random(), 1.0 - 2.0**-53))
    cuts = Backgrounds(str(folder)).cut(looks, native_frames(looks))
    assert np.isfinite(cuts).all() and np.abs(cuts).max() <= BACKGROUND_DEPTH + 0.01
