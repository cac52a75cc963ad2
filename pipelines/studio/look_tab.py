"""The tab where a style is made: ranges to move, and lines that follow."""

import asyncio
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from nicegui import events, ui

from datagen.drawing.effects import EFFECTS, Effect
from datagen.drawing.style import Style, preset_names
from datagen.errors import ImageError
from datagen.images import UintImages
from datagen.render.preview import effect_strip
from fonts import face_names
from ocrbase.errors import UserError
from ocrbase.outputs import check_output
from ocrbase.publishing import publish_text
from pipelines.studio.effect_words import effect_words
from pipelines.studio.likeness import Likeness
from pipelines.studio.pictures import figure, gallery
from pipelines.studio.style_draft import StyleDraft
from pipelines.studio.words import Words
from training.inference.image_decoding import read_gray

FOLLOW_S = 0.15  # after the last move of a slider
MAX_REAL = 60  # crops that are shown


class LookTab:
    """Ranges at the left, lines at the right, real crops below.

    Args:
        words: the page's language.
    """

    def __init__(self, words: Words) -> None:
        self.words, self.draft = words, StyleDraft()
        self.real: list[UintImages] = []
        self._asked = 0  # number of the newest drawing; older ones are dropped

    def build(self) -> None:
        """Lay the tab out."""
        with ui.row().classes("w-full no-wrap gap-6 max-md:flex-wrap"):
            with ui.column().classes("w-96 max-md:w-full shrink-0"):
                self._choices()
                self.ranges = ui.column().classes("w-full gap-1")
            with ui.column().classes("grow min-w-0 max-md:order-first"):
                self.sheet = ui.html("", sanitize=False).classes("w-full").props("id=sheet")
                self._files()
                self._real_lines()
        self._fill_ranges()
        ui.timer(0.05, self._draw, once=True)

    def _choices(self) -> None:
        word = self.words
        ui.select(
            list(preset_names()), value=self.draft.preset, label=word("Start from"),
            on_change=lambda e: self._restart(e.value),
        ).classes("w-full")  # fmt: skip
        ui.input(
            word("Text"), value=" ".join(self.draft.plan.corpora),
            on_change=lambda e: self._with_text(e.value),
        ).classes("w-full").props("debounce=600")  # fmt: skip
        ui.select(
            list(face_names()), multiple=True, label=word("Faces"), value=[],
            on_change=lambda e: self._change(replace(self.draft, faces=tuple(e.value))),
        ).classes("w-full").props(f'use-chips hint="{word("all faces")}"')  # fmt: skip
        self._lengths()
        ui.button(word("Other lines"), icon="casino", on_click=self._other).props("outline")

    def _lengths(self) -> None:
        name, plan = self.words("Characters per line"), self.draft.plan
        with ui.row().classes("w-full items-center justify-between no-wrap pt-2"):
            ui.label(name)
            values = ui.label(f"{plan.length_min} – {plan.length_max}").classes("text-xs")

        def move(event: events.ValueChangeEventArguments[Any]) -> None:
            self._with_length(event.value)
            values.set_text(f"{event.value['min']} – {event.value['max']}")

        span: dict[str, float] = {"min": plan.length_min, "max": plan.length_max}
        slider = ui.range(min=1, max=40, value=span, on_change=move)
        slider.props(f'dense label aria-label="{name}"').classes("px-2")

    def _fill_ranges(self) -> None:
        self.ranges.clear()
        with self.ranges:
            for section in fields(Style):
                effects = [effect for effect in EFFECTS if _section(effect) == section.name]
                opened = section.name == "letters"
                with ui.expansion(self.words(section.name), value=opened).classes("w-full"):
                    for effect in effects:
                        self._effect(effect)

    def _effect(self, effect: Effect) -> None:
        name, meaning = effect_words(effect, self.words.language)
        strip = f"{name}: {self.words('show')}"
        with ui.row().classes("w-full items-center justify-between no-wrap"):
            ui.button(name, on_click=lambda: self._show_strip(effect)).props(
                f'flat dense no-caps aria-label="{strip}"'
            ).tooltip(meaning)
            values = ui.label(self._values(effect)).classes("text-xs")
        if effect.range:
            self._range(effect, values)
        if effect.share:
            self._share(effect, values)

    def _range(self, effect: Effect, values: ui.label) -> None:
        low, high = self.draft.span(effect)
        least, most = effect.limits

        def move(event: events.ValueChangeEventArguments[Any]) -> None:
            self._change(self.draft.with_range(effect, event.value["min"], event.value["max"]))
            values.set_text(self._values(effect))

        step = 1 if effect.whole else _step(least, most)
        span = {"min": low, "max": high}
        slider = ui.range(min=least, max=most, step=step, value=span, on_change=move)
        name, _ = effect_words(effect, self.words.language)
        slider.props(f'dense label aria-label="{name}"').classes("px-2")

    def _share(self, effect: Effect, values: ui.label) -> None:
        def move(event: events.ValueChangeEventArguments[Any]) -> None:
            self._change(self.draft.with_share(effect, event.value))
            values.set_text(self._values(effect))

        name, _ = effect_words(effect, self.words.language)
        label = f"{name}: {self.words('share of lines')}"
        slider = ui.slider(min=0, max=1, step=0.01, value=self.draft.share(effect), on_change=move)
        slider.props(f'dense label color=grey aria-label="{label}"').classes("px-2")

    def _values(self, effect: Effect) -> str:
        """Range, unit and share of lines, as the sliders stand."""
        shown = []
        if effect.range:
            low, high = self.draft.span(effect)
            shown.append(f"{low:g} – {high:g} {effect.unit}".rstrip())
        if effect.share:
            shown.append(f"{self.draft.share(effect):.0%} {self.words('of lines')}")
        return ", ".join(shown)

    def _files(self) -> None:
        word = self.words
        with ui.expansion(word("Style file"), icon="description").classes("w-full"):
            self.toml = ui.html("", sanitize=False)
            self.command = ui.html("", sanitize=False)
            with ui.row().classes("items-end"):
                ui.button(word("Copy the style"), on_click=lambda: self._copy(self.draft.toml()))
                ui.button(word("Copy the command"), on_click=lambda: self._copy(self._command()))
                self.name = ui.input(word("Save as"), value="mine.toml")
                ui.button(word("Save"), on_click=self._save)

    def _real_lines(self) -> None:
        word = self.words
        ui.upload(
            label=word("Drop real lines here"), multiple=True, auto_upload=True,
            on_upload=self._receive,
        ).props('accept="image/*" flat bordered').classes("w-full")  # fmt: skip
        self.crops = ui.html("", sanitize=False).classes("w-full")
        self.plots = ui.row().classes("w-full")

    def _restart(self, preset: str) -> None:
        self.draft = self.draft.from_preset(preset)
        self._fill_ranges()
        self._soon()

    def _with_text(self, specs: str) -> None:
        corpora = tuple(specs.split())
        if corpora:
            self._change(replace(self.draft, plan=replace(self.draft.plan, corpora=corpora)))

    def _with_length(self, span: dict[str, int]) -> None:
        plan = replace(self.draft.plan, length_min=span["min"], length_max=span["max"])
        self._change(replace(self.draft, plan=plan))

    def _other(self) -> None:
        self._change(replace(self.draft, start=self.draft.start + 1000))

    def _change(self, draft: StyleDraft) -> None:
        self.draft = draft
        self._soon()

    def _soon(self) -> None:
        self._asked += 1
        asked = self._asked
        ui.timer(FOLLOW_S, lambda: self._draw(asked), once=True)

    async def _draw(self, asked: int = 0) -> None:
        if asked != self._asked:
            return
        try:
            lines = await asyncio.to_thread(self.draft.draw)
        except UserError as error:
            ui.notify(str(error), type="negative", multi_line=True)
            return
        if asked != self._asked:
            return
        parts = [figure(line.pixels, line.text, line.note) for line in lines]
        empty = self.words("Nothing could be drawn: the contrast or the size is too small")
        self.sheet.set_content(gallery(parts) if parts else empty)
        self.toml.set_content(f'<pre class="code">{self.draft.toml()}</pre>')
        self.command.set_content(f'<pre class="code">{self._command()}</pre>')
        if self.real:
            self._compare([line.pixels for line in lines])

    def _command(self) -> str:
        return self.draft.command(self.name.value)

    async def _show_strip(self, effect: Effect) -> None:
        word = self.words
        strip = await asyncio.to_thread(effect_strip, self.draft.renderer(), effect)
        cells = [figure(cell.image, cell.caption, caption=cell.caption) for cell in strip.cells]
        with ui.dialog(value=True) as dialog, ui.card().style("width: 1800px; max-width: 96vw"):
            with ui.row().classes("w-full items-start justify-between no-wrap"):
                ui.label(": ".join(effect_words(effect, word.language))).classes("text-lg")
                close = ui.button(icon="close").props(f'flat dense aria-label="{word("Close")}"')
            if strip.direction:
                ui.label(word(strip.direction)).classes("text-xs")
            ui.html(f'<div class="strip">{gallery(cells)}</div>', sanitize=False).classes("w-full")
        close.on_click(dialog.close)

    def _copy(self, text: str) -> None:
        ui.clipboard.write(text)
        ui.notify(self.words("Copied"))

    def _save(self) -> None:
        path = Path(self.name.value)
        try:
            check_output(path)
            publish_text(path, self.draft.toml())
        except UserError as error:
            ui.notify(str(error), type="negative", multi_line=True)
        else:
            ui.notify(f"{self.words('Saved')}: {path}")

    async def _receive(self, event: events.UploadEventArguments) -> None:
        data = await event.file.read()
        try:
            self.real.append(read_gray(data))
        except ImageError as error:
            ui.notify(f"{event.file.name}: {error}", type="negative")
            return
        figures = [figure(pixels, self.words("Real lines")) for pixels in self.real[:MAX_REAL]]
        self.crops.set_content(gallery(figures))
        self._soon()

    def _compare(self, drawn: Iterable[UintImages]) -> None:
        """Distributions of what can be measured of both, on one axis each."""
        likeness = Likeness.of(self.real, list(drawn))
        self.plots.clear()
        with self.plots:
            for plot in likeness.plots(self.words("Real lines"), self.words("Rendered lines")):
                ui.echart(plot).classes("w-80 h-48")


def _section(effect: Effect) -> str:
    return (effect.range or effect.share).split(".")[0]


def _step(low: float, high: float) -> float:
    return float(f"{(high - low) / 200:.1g}")
