"""The tab where a data set is browsed and searched."""

import asyncio
from dataclasses import replace
from pathlib import Path

from nicegui import ui

from datagen.formats.dataset import find_datasets
from datagen.images import decode_each
from datagen.sample import EFFECTS
from ocrbase.errors import UserError
from pipelines.studio.line_search import ALL, Filter, LineSearch
from pipelines.studio.pictures import figure, gallery
from pipelines.studio.words import Words

PAGE = 60  # lines shown at a time
SHORT = 40  # classes listed as short


class DataTab:
    """Filters above, lines below, the classes that are short at the end.

    Args:
        words: the page's language.
        folder: in which data sets are looked for.
    """

    def __init__(self, words: Words, folder: Path) -> None:
        self.words, self.folder = words, folder
        self.search: LineSearch | None = None
        self.wanted, self.shown = Filter(), PAGE

    def build(self) -> None:
        """Lay the tab out."""
        word = self.words
        try:
            sets = [str(path) for path in find_datasets(self.folder)]
        except UserError:
            sets = []
        if not sets:
            ui.label(word("No data set here yet: run ocrgen render"))
        with ui.row().classes("w-full items-end"):
            self.path = ui.select(
                sets, value=sets[0] if sets else None, label=word("Data set"), with_input=True,
                new_value_mode="add-unique",
            ).classes("w-80")  # fmt: skip
            ui.button(word("Open"), on_click=self._open)
        self.filters = ui.row().classes("w-full items-end")
        self.lines = ui.column().classes("w-full")
        self.short = ui.column().classes("w-full")

    async def _open(self) -> None:
        try:
            self.search = await asyncio.to_thread(LineSearch.open, Path(self.path.value or ""))
        except UserError as error:
            ui.notify(str(error), type="negative", multi_line=True)
            return
        self.wanted, self.shown = Filter(), PAGE
        self._build_filters(self.search)
        await self._find()
        self._list_short(self.search)

    def _build_filters(self, search: LineSearch) -> None:
        word = self.words
        self.filters.clear()
        with self.filters:
            ui.input(
                word("Text contains"), on_change=lambda e: self._set(text=e.value)
            ).props("debounce=300 clearable")  # fmt: skip
            ui.select(
                {ALL: word("any"), **dict(enumerate(search.faces))}, value=ALL, label=word("Face"),
                on_change=lambda e: self._set(face=e.value),
            ).classes("w-56")  # fmt: skip
            ui.select(
                {ALL: word("any"), **dict(enumerate(EFFECTS))}, value=ALL, label=word("Effect"),
                on_change=lambda e: self._set(effect=e.value),
            ).classes("w-40")  # fmt: skip
            ui.number(word("from"), on_change=lambda e: self._set(low=e.value)).classes("w-20")
            ui.number(word("to"), on_change=lambda e: self._set(high=e.value)).classes("w-20")
            ui.button(word("Find"), icon="search", on_click=self._find)

    def _set(self, **values: object) -> None:
        self.wanted = replace(self.wanted, **values)  # type: ignore[arg-type]
        self.shown = PAGE

    async def _find(self) -> None:
        if self.search is None:
            return
        search, word = self.search, self.words
        rows = await asyncio.to_thread(search.find, self.wanted)
        samples = await asyncio.to_thread(search.read, rows[: self.shown])
        images = decode_each(samples.images)
        self.lines.clear()
        with self.lines:
            ui.label(f"{len(rows):,} / {len(search):,} {word('lines found')}")
            notes = search.notes(samples)
            parts = [
                figure(image, text, note, caption=text)
                for image, text, note in zip(images, samples.texts, notes, strict=True)
            ]
            ui.html(gallery(parts), sanitize=False)
            if len(rows) > self.shown:
                ui.button(word("More"), on_click=self._more)

    async def _more(self) -> None:
        self.shown += PAGE
        await self._find()

    def _list_short(self, search: LineSearch) -> None:
        word = self.words
        rows = [{"class": symbol, "lines": count} for symbol, count in search.short_classes(SHORT)]
        self.short.clear()
        with self.short, ui.expansion(word("Classes that are short")).classes("w-full"):
            ui.table(
                rows=rows,
                columns=[
                    {"name": key, "label": word(key), "field": key, "sortable": True}
                    for key in ("class", "lines")
                ],
                pagination=20,
            ).classes("w-80")
