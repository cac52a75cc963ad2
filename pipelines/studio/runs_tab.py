"""The tab where runs are followed, and two models compared line by line."""

import asyncio
from pathlib import Path
from typing import Any

from nicegui import ui

from ocrbase.errors import UserError
from pipelines.studio.models import model_names
from pipelines.studio.pictures import figure
from pipelines.studio.run_curves import Curves, read_curves, run_names
from pipelines.studio.two_models import Difference, compare_models
from pipelines.studio.words import Words

FOLLOW_S = 10.0  # between looks at the metrics of a run that goes on
COLOURS = ("#2563eb", "#d97706")


class RunsTab:
    """Curves of one or two runs above, lines that two models read differently below.

    Args:
        words: the page's language.
        runs: folder of all runs.
    """

    def __init__(self, words: Words, runs: Path) -> None:
        self.words, self.runs = words, runs

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
        self.plots = ui.row().classes("w-full")
        self._draw()
        ui.timer(FOLLOW_S, self._draw)

    def _draw(self) -> None:
        chosen = [name for name in (self.first.value, self.second.value) if name]
        try:
            curves = [read_curves(self.runs / name) for name in chosen]
        except UserError as error:
            ui.notify(str(error), type="negative", multi_line=True)
            return
        self.plots.clear()
        with self.plots:
            for column, title in (
                ("loss", "Loss per character"),
                ("cer", "Character error rate"),
                ("accuracy", "Lines right"),
            ):
                ui.echart(self._plot(column, self.words(title), curves)).classes("w-96 h-72")

    def _plot(self, column: str, title: str, curves: list[Curves]) -> dict[str, Any]:
        return {
            "title": {"text": title, "textStyle": {"fontSize": 13}},
            "legend": {"bottom": 0},
            "tooltip": {"trigger": "axis"},
            "grid": {"left": 52, "right": 16, "top": 36, "bottom": 64},
            "xAxis": {"type": "value", "name": self.words("lines seen"), "nameLocation": "middle",
                      "nameGap": 24},
            "yAxis": {"type": "log" if column != "accuracy" else "value", "scale": True},
            "series": [
                {"name": one.name, "type": "line", "showSymbol": column != "loss",
                 "color": COLOURS[i], "data": one.points(column)}
                for i, one in enumerate(curves)
            ],
        }  # fmt: skip

    def _comparison(self) -> None:
        word = self.words
        models = model_names(self.runs)
        with ui.expansion(word("Worst lines"), icon="compare").classes("w-full"):
            with ui.row().classes("w-full items-end"):
                one = ui.select(models, value=models[0], label=word("Model")).classes("w-64")
                two = ui.select(["", *models], value="", label=word("Model") + " 2").classes("w-64")
                data = ui.input(word("Compare on"), value="pipelines/real_lines").classes("w-64")
                ui.button(
                    word("Compare"),
                    on_click=lambda: self._compare(one.value, two.value, data.value),
                )
            self.lines = ui.column().classes("w-full")

    async def _compare(self, one: str, two: str, data: str) -> None:
        self.lines.clear()
        with self.lines:
            ui.spinner(size="lg")
        try:
            models = [name for name in (one, two) if name]
            found = await asyncio.to_thread(compare_models, models, Path(data))
        except UserError as error:
            self.lines.clear()
            ui.notify(str(error), type="negative", multi_line=True)
            return
        self.lines.clear()
        with self.lines:
            for model, cer in zip(found.models, found.cer, strict=True):
                ui.label(f"{model}: CER {cer:.2%}")
            for line in found.lines:
                _line(line)


def _line(line: Difference) -> None:
    with ui.card().classes("w-full"):
        ui.html(f'<div class="lines">{figure(line.pixels, line.target)}</div>', sanitize=False)
        ui.label(line.target).classes("text-lg")
        for text, right in zip(line.readings, line.right, strict=True):
            ui.label(f"{'✓' if right else '✗'} {text}").classes("" if right else "text-negative")
