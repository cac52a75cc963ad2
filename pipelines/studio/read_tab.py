"""The tab where an image is read, seen through, and corrected."""

import asyncio
import html
import io
import tempfile
from pathlib import Path

import numpy as np
from nicegui import events, ui
from PIL import Image, ImageOps

from ocrbase.errors import UserError
from pipelines.studio.corrections import Corrections
from pipelines.studio.models import model_names, open_reader
from pipelines.studio.pictures import data_url
from pipelines.studio.words import Words
from training.inference.explain import draw, explain
from training.inference.image_decoding import read_line
from training.inference.line_reader import Reading
from training.pages.page_images import on_white

SURE = 0.95  # confidence from which a character is shown as sure


class ReadTab:
    """A place to drop images, and what was read in them.

    Args:
        words: the page's language.
        runs: folder of all runs, whose models can be chosen.
        corrections: receives corrected lines.
    """

    def __init__(self, words: Words, runs: Path, corrections: Corrections) -> None:
        self.words, self.runs, self.corrections = words, runs, corrections

    def build(self) -> None:
        """Lay the tab out."""
        word = self.words
        names = model_names(self.runs)
        with ui.row().classes("w-full items-end"):
            self.model = ui.select(names, value=names[0], label=word("Model")).classes("w-80")
            self.page = ui.switch(word("The image is a page"))
        ui.upload(
            label=word("Drop a line or a page"), multiple=True, auto_upload=True,
            on_upload=self._receive,
        ).props('accept="image/*,.pdf" flat bordered').classes("w-full")  # fmt: skip
        self.results = ui.column().classes("w-full gap-6")

    async def _receive(self, event: events.UploadEventArguments) -> None:
        data, name = await event.file.read(), event.file.name
        with self.results:
            waiting = ui.spinner(size="lg")
        try:
            if self.page.value or name.lower().endswith(".pdf"):
                await self._read_page(name, data)
            else:
                await self._read_line(name, data)
        except UserError as error:
            ui.notify(f"{name}: {error}", type="negative", multi_line=True)
        finally:
            waiting.delete()

    async def _read_line(self, name: str, data: bytes) -> None:
        reader = await asyncio.to_thread(open_reader, self.model.value)
        (reading,) = await asyncio.to_thread(lambda: list(reader.read([data])))
        if reading.error is not None:
            ui.notify(f"{name}: {reading.error}", type="negative")
            return
        line = await asyncio.to_thread(read_line, data)
        picture = await asyncio.to_thread(lambda: draw(explain(reader, line.pixels)))
        with self.results, ui.card().classes("w-full"):
            ui.html(f'<img src="{_as_url(data)}" alt="{html.escape(name)}"'
                    ' style="max-width:100%;max-height:120px">', sanitize=False)  # fmt: skip
            ui.html(_coloured(reading, self.words), sanitize=False)
            self._correct(data, reading.text)
            with (
                ui.expansion(self.words("How it was read")).classes("w-full"),
                ui.element("div").classes("wide w-full"),
            ):
                ui.image(picture).classes("w-full max-w-4xl")

    def _correct(self, data: bytes, text: str) -> None:
        with ui.row().classes("w-full items-end"):
            field = ui.input(self.words("Correct the text"), value=text).classes("grow")
            ui.button(
                self.words("Save as a training line"),
                on_click=lambda: self._keep(data, field.value),
            )

    def _keep(self, data: bytes, text: str) -> None:
        try:
            path = self.corrections.add(data, text)
        except UserError as error:
            ui.notify(str(error), type="negative", multi_line=True)
        else:
            ui.notify(f"{self.words('Saved')}: {path}")

    async def _read_page(self, name: str, data: bytes) -> None:
        from training.pages.outputs.overlay import draw_overlay
        from training.pages.page_reader import PageReader
        from training.require import require

        require("rapidocr", extra="page")
        reader = await asyncio.to_thread(open_reader, self.model.value)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            await asyncio.to_thread(path.write_bytes, data)
            pages = await asyncio.to_thread(lambda: list(PageReader(reader).read(path)))
        for page in pages:
            with self.results, ui.card().classes("w-full"):
                with ui.element("div").classes("wide w-full"):
                    ui.image(draw_overlay(page)).classes("w-full max-w-4xl")
                for line in page.lines:
                    characters = [(c.text, c.confidence) for c in line.characters]
                    ui.html(_spans(characters), sanitize=False)


def _coloured(reading: Reading, words: Words) -> str:
    spans = _spans([(c.text, c.confidence) for c in reading.characters])
    return f"{spans}<small>{words('confidence')} {reading.confidence:.2f}</small>"


def _spans(characters: list[tuple[str, float]]) -> str:
    """Each character on a ground from green, sure, to red; its probability under the pointer."""
    parts = [
        f'<span title="{confidence:.3f}" style="background:{_colour(confidence)}">'
        f"{html.escape(text)}</span>"
        for text, confidence in characters
    ]
    return f'<div class="reading">{"".join(parts)}</div>'


def _colour(confidence: float) -> str:
    hue = 120.0 * float(np.clip((confidence - 0.3) / (SURE - 0.3), 0.0, 1.0))
    return f"hsl({hue:.0f} 70% 50% / 0.25)"


def _as_url(data: bytes) -> str:
    """Any image that Pillow reads as one that a browser shows."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        on_white(ImageOps.exif_transpose(image)).save(buffer, "PNG")
    return data_url(buffer.getvalue())
