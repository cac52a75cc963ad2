"""The page: a heading, four tabs, language and brightness."""

from nicegui import app, ui

from pipelines.studio.corrections import Corrections
from pipelines.studio.data_tab import DataTab
from pipelines.studio.look_tab import LookTab
from pipelines.studio.pictures import STYLE
from pipelines.studio.read_tab import ReadTab
from pipelines.studio.runs_tab import RunsTab
from pipelines.studio.settings import StudioSettings
from pipelines.studio.words import Words

LANGUAGES = {"en": "English", "zh": "中文"}


def build(settings: StudioSettings) -> None:
    """Register the page; `serve` shows it."""

    @ui.page("/", title="ocrgen studio")
    def index(lang: str = settings.language) -> None:
        words = Words(lang if lang in LANGUAGES else settings.language)
        ui.add_head_html(STYLE)
        tabs = _heading(words)
        with ui.tab_panels(tabs, value="Look", keep_alive=True).classes("w-full"):
            with ui.tab_panel("Look"):
                LookTab(words).build()
            with ui.tab_panel("Data"):
                DataTab(words, settings.data).build()
            with ui.tab_panel("Read"):
                ReadTab(words, settings.runs, Corrections(settings.corrections)).build()
            with ui.tab_panel("Runs"):
                RunsTab(words, settings.runs).build()


def _heading(words: Words) -> ui.tabs:
    dark = ui.dark_mode(None)  # as the browser prefers
    with ui.header().classes("items-center justify-between py-1"):
        ui.label("ocrgen studio").classes("text-lg font-bold")
        with ui.tabs() as tabs:
            for name in ("Look", "Data", "Read", "Runs"):
                ui.tab(name, label=words(name))
        with ui.row().classes("items-center"):
            ui.select(
                LANGUAGES, value=words.language,
                on_change=lambda e: ui.navigate.to(f"/?lang={e.value}"),
            ).props(f'dense dark aria-label="{words("Language")}"')  # fmt: skip
            ui.switch(words("Dark"), on_change=lambda e: dark.set_value(e.value)).props(
                "color=grey"
            )
    return tabs


def serve(settings: StudioSettings) -> None:
    """Show the studio until Ctrl-C."""
    build(settings)
    app.on_startup(lambda: print(f"ocrgen studio at http://{settings.host}:{settings.port}"))
    ui.run(
        host=settings.host, port=settings.port, show=settings.open_browser, reload=False,
        title="ocrgen studio", show_welcome_message=False, uvicorn_logging_level="warning",
    )  # fmt: skip
