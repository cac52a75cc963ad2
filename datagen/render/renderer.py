"""Rendering from Python in three lines.

from ocrgen import Renderer

for image, text in Renderer(corpora=["news"], n=100):
    image.save(f"{text}.png")
"""

from collections.abc import Iterator, Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datagen.drawing.engine import BATCH
from datagen.drawing.style import DEFAULT_PRESET
from datagen.render.line_renderer import samples_at
from datagen.render.render_settings import LookSettings
from datagen.sample import Samples
from datagen.text.plan_settings import PlanSettings


class Renderer:
    """An endless, or n long, sequence of (image, text); line i is what `ocrgen render` draws.

    Args:
        corpora: names or paths, each with an optional `:WEIGHT`.
        n: lines; None never ends.
        seed: of all random draws.
        style: a preset's name or the path of a TOML file, or several of them, each with an
            optional `:WEIGHT`.
        faces: names, styles or patterns (each with a `:WEIGHT` or none); empty for all faces.
        length: shortest and longest line in characters.
        plan: all settings of the text, instead of corpora, seed and length.
        look: all settings of the look, instead of style and faces.

    Raises:
        UserError: whatever is wrong with corpora, faces or style.
    """

    def __init__(
        self,
        corpora: Sequence[str] = ("news",),
        *,
        n: int | None = None,
        seed: int = 0,
        style: str | Sequence[str] = DEFAULT_PRESET,
        faces: Sequence[str] = (),
        length: tuple[int, int] = (10, 10),
        plan: PlanSettings | None = None,
        look: LookSettings | None = None,
    ) -> None:
        self.n = n
        self.plan = plan or PlanSettings(
            corpora=tuple(corpora), seed=seed, length_min=length[0], length_max=length[1]
        )
        styles = style if isinstance(style, str) else tuple(style)
        self.look = look or LookSettings(style=styles, faces=tuple(faces))

    def samples(self, indices: Sequence[int] | NDArray[np.int64]) -> Samples:
        """Encoded images, texts and all that is known of them, of any indices."""
        return samples_at(self.plan, self.look, np.asarray(indices, dtype=np.int64))

    def __getitem__(self, index: int) -> tuple[Image.Image, str]:
        if index < 0 or (self.n is not None and index >= self.n):
            raise IndexError(index)
        samples = self.samples([index])
        return Image.open(BytesIO(samples.images[0])), samples.texts[0]

    def __iter__(self) -> Iterator[tuple[Image.Image, str]]:
        start = 0
        while self.n is None or start < self.n:
            end = start + BATCH if self.n is None else min(start + BATCH, self.n)
            samples = self.samples(np.arange(start, end))
            for data, text in zip(samples.images, samples.texts, strict=True):
                yield Image.open(BytesIO(data)), text
            start = end
