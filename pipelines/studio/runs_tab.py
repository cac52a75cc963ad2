"""The tab where runs are followed, and two models compared line by line."""

import asyncio
from pathlib import Path
from typing import Any

from nicegui import ui

from datagen.formats.dataset import find_datasets
from ocrbase.errors import UserError
from pipelines.studio.charts import chart
from pipelines.studio.models import model_names
from pipelines.studio.pictures import figure
from pipelines.studio.run_curves import Curves, read_curves, run_names
from pipelines.studio.two_models import Difference, ModelComparison, compare_models
from pipelines.studio.words import Words
from training.evaluation.page import marked

FOLLOW_S = 10.0  # between looks at the metrics of a run that goes on
SPARSE = 40  # points of a curve up to which each is marked
TITLES = {"loss": "Loss per character", "cer": "Character error rate", "accuracy": "Lines right"}


class RunsTab:
    """Curves of one or two runs above, lines that two models read differently below.

    Args:
        words: the page's language.
        runs: folder of all runs.
        data: in which data sets are looked for.
    """

    def __init__(self, words: Words, runs: Path, data: Path) -> None:
        self.words, self.runs, self.data = words, runs, data
        self.shown: list[Curves] = []
        self.read = 0.0  # share of the lines of a comparison that are read

    def build(self) -> None:
        """Lay the tab out."""
        self._curves()
        self._comparison()

    def _curves(self) -> None:
        word = self.words
        names = run_names(self.runs)
        if not names:
            ui.label(word("No run here yet: run ocrtrain fit"))
            return
        with ui.row().classes("w-full"):
            self.first = ui.select(
                names, value=names[0], label=word("First run"), on_change=self._draw
            ).classes("w-72")
            self.second = ui.select(
                ["", *names], value="", label=word("Second run"), on_change=self._draw
            ).classes("w-72")
        with ui.row().classes("w-full"):
            self.plots = {column: ui.echart({}).classes("w-full sm:w-96 h-72") for column in TITLES}
        self._draw()
        ui.timer(FOLLOW_S, self._draw)

    def _draw(self) -> None:
        """The curves as they are now; nothing where nothing has been added to them."""
        chosen = dict.fromkeys(name for name in (self.first.value, self.second.value) if name)
        try:
            curves = [read_curves(self.runs / name) for name in chosen]
        except UserError as error:
            ui.notify(str(error), type="negative", multi_line=True)
            return
        if curves == self.shown:
            return
        self.shown = curves
        for column, plot in self.plots.items():
            plot.options.clear()
            plot.options.update(self._plot(column, curves))
            plot.update()

    def _plot(self, column: str, curves: list[Curves]) -> dict[str, Any]:
        percent = {} if column == "loss" else {"axisLabel": {"formatter": "{value} %"}}
        scale = "value" if column == "accuracy" else "log"
        series = []
        for one in curves:
            # A logarithmic axis has no place for zero.
            points = [point for point in one.points(column) if point[1] > 0 or scale == "value"]
            sparse = len(points) < SPARSE
            series.append({"name": one.name, "type": "line", "showSymbol": sparse, "data": points})
        return chart(
            self.words(TITLES[column]),
            {"type": "value", "name": self.words("lines seen")},
            {"type": scale, "scale": True, **percent},
            series,
        )

    def _comparison(self) -> None:
        word = self.words
        models = model_names(self.runs)
        with ui.expansion(word("Worst lines"), icon="compare").classes("w-full"):
            with ui.row().classes("w-full items-end"):
                one = ui.select(models, value=models[0], label=word("Model")).classes("w-64")
                two = ui.select(["", *models], value="", label=word("Second model")).classes("w-64")
                data = ui.input(word("Compare on"), value=self._some_data()).classes("w-64")
                button = ui.button(
                    word("Compare"),
                    on_click=lambda: self._compare(one.value, two.value, data.value),
                )
                button.bind_enabled_from(self, "read", lambda share: share in (0.0, 1.0))
            self.lines = ui.column().classes("w-full")

    def _some_data(self) -> str:
        try:
            return str(find_datasets(self.data)[0])
        except UserError:
            return ""

    async def _compare(self, one: str, two: str, data: str) -> None:
        models = list(dict.fromkeys(name for name in (one, two) if name))
        self.lines.clear()
        with self.lines:
            ui.linear_progress(show_value=False).bind_value_from(self, "read")

        def progress(share: float) -> None:
            self.read = share

        try:
            self.read = 0.01
            found = await asyncio.to_thread(compare_models, models, Path(data), progress)
        except UserError as error:
            ui.notify(str(error), type="negative", multi_line=True)
            found = None
        finally:
            self.read = 1.0
        self.lines.clear()
        if found is not None:
            with self.lines:
                self._differences(found)

    def _differences(self, found: ModelComparison) -> None:
        """CER of each model, then the lines, each reading under its model's name."""
        for model, cer in zip(found.models, found.cer, strict=True):
            ui.label(f"{model}: CER {cer:.2%}")
        if not found.lines:
            ui.label(self.words("All lines are read without error"))
        with ui.row().classes("w-full items-stretch"):
            for line in found.lines:
                _line(found.models, line)


def _line(models: tuple[str, ...], line: Difference) -> None:
    """The image, its label, and what each model reads, differences marked."""
    with ui.card().classes("w-full lg:w-[calc(50%-0.5rem)] gap-1"):
        ui.html(f'<div class="lines">{figure(line.pixels, line.target)}</div>', sanitize=False)
        ui.label(line.target).classes("text-lg")
        for model, text, right in zip(models, line.readings, line.right, strict=True):
            with ui.row().classes("items-baseline gap-2"):
                ui.icon("check" if right else "close", color="positive" if right else "negative")
                ui.html(marked(text, line.target), sanitize=False).classes("text-lg")
                ui.label(model).classes("text-xs opacity-70")
