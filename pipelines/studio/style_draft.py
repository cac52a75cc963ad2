"""A style under construction: its values, what differs from its preset, and lines drawn in it."""

from dataclasses import dataclass, field, replace

import numpy as np

from datagen.drawing.effects import Effect, share_of, value_at
from datagen.drawing.style import DEFAULT_PRESET, Style, check, load_style, with_value
from datagen.drawing.style_keys import changes_toml
from datagen.images import UintImages, decode_each
from datagen.render.line_renderer import LineRenderer, renderer_in
from datagen.render.preview import line_notes
from datagen.text.plan_settings import PlanSettings

SHEET_LINES = 48


@dataclass(frozen=True)
class DrawnLine:
    """One line of a sheet with what a person should know of it."""

    pixels: UintImages
    text: str
    note: str


@dataclass(frozen=True)
class StyleDraft:
    """A style that a person is changing; every change gives a new draft.

    Attributes:
        preset: name of the preset or file that it started from.
        style: its present values.
        plan: what the lines say.
        faces: names of the faces that draw them; none for all.
        start: index of the first line of the sheet.
    """

    preset: str = DEFAULT_PRESET
    style: Style = field(default_factory=lambda: load_style(DEFAULT_PRESET))
    plan: PlanSettings = field(default_factory=PlanSettings)
    faces: tuple[str, ...] = ()
    start: int = 0

    def from_preset(self, name: str) -> "StyleDraft":
        """The same draft with all values of another preset."""
        return replace(self, preset=name, style=load_style(name))

    def with_range(self, effect: Effect, low: float, high: float) -> "StyleDraft":
        """The draft with another range of an effect, rounded where it is a whole number."""
        span = (round(low), round(high)) if effect.whole else (float(low), float(high))
        return self._changed(effect.range, span)

    def with_share(self, effect: Effect, share: float) -> "StyleDraft":
        """The draft with another share of lines that have an effect."""
        return self._changed(effect.share, float(share))

    def _changed(self, path: str, value: object) -> "StyleDraft":
        style = with_value(self.style, path, value)
        check(style, path)
        return replace(self, style=style)

    def span(self, effect: Effect) -> tuple[float, float]:
        """The range of an effect, in its unit."""
        low, high = value_at(self.style, effect.range)
        return float(low), float(high)

    def share(self, effect: Effect) -> float:
        """Share of lines that have an effect."""
        return share_of(self.style, effect)

    def toml(self) -> str:
        """A style file of what differs from the preset."""
        return changes_toml(self.style, self.preset, "studio")

    def command(self, file: str = "mine.toml") -> str:
        """The command that renders lines in this style, once it is saved in a file."""
        style = self.preset if self.style == load_style(self.preset) else file
        corpora = " ".join(f"--corpus {spec}" for spec in self.plan.corpora)
        faces = "".join(f" --faces {name}" for name in self.faces)
        return f"ocrgen render {corpora} --style {style}{faces} --n 100000"

    def renderer(self) -> LineRenderer:
        """What draws in this style; its glyphs are kept from one draft to the next.

        Raises:
            UserError: whatever is wrong with corpora or faces.
        """
        return renderer_in(self.style, self.plan, self.faces)

    def draw(self, lines: int = SHEET_LINES) -> list[DrawnLine]:
        """The first lines of a render in this style; those that cannot be drawn are left out."""
        renderer = self.renderer()
        indices = self.start + np.arange(lines)
        samples = renderer.engine.draw(renderer.plan.texts(indices), indices)
        drawn = samples.take([i for i, data in enumerate(samples.images) if data])
        pixels = decode_each(drawn.images)
        notes = line_notes(drawn, renderer)
        return [DrawnLine(*row) for row in zip(pixels, drawn.texts, notes, strict=True)]
